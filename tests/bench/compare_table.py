"""How compare shows its figures: a Markdown table of medians, ratios and goals."""

from statistics import median

FT = ("ft", "whole", "few")  # columns that are ft's own programs
MEMORY_GOAL = 150            # MiB of RssAnon


def middle(runs, what):
    return median(getattr(one, what) for one in runs)


def cell(who, runs):
    """Wall seconds (CPU seconds) +growth, peak memory."""
    if not runs:
        return ""
    text = f"{middle(runs, 'wall'):.2f} ({middle(runs, 'cpu'):.2f})"
    if middle(runs, "growth"):
        text += f" +{middle(runs, 'growth'):.1f}"
    if who in FT:
        text += f", {max(one.anon for one in runs):.0f}/{max(one.rss for one in runs):.0f} MiB"
    else:
        text += f", {max(one.rss for one in runs):.0f} MiB"
    return text + (f", sync {middle(runs, 'flush'):.2f}" if middle(runs, "flush") >= 0.005 else "")


def ratio(results, who, durable=False):
    """How many times faster ft was than the other: the median over the rounds; None if one is missing.

    durable  with the time until the data were on the disk: ftrestore waits for that, the others do not.
    """
    pairs = list(zip(results.get(who, []), results.get("ft", [])))
    return median((other.wall + durable * other.flush) / (ft.wall + durable * ft.flush) for other, ft in pairs) if pairs else None


def ratio_cell(results, who):
    value = ratio(results, who)
    if value is None:
        return ""
    flushed = any(one.flush for one in results[who])
    return f"{value:.2f}" + (f" (synced {ratio(results, who, durable=True):.2f})" if flushed else "")


def verdicts(row, results):
    """Each goal of the row with 'met' or the figure that missed it."""
    found = []
    for who, goal in row.goals.items():
        value = ratio(results, who)
        if value is not None:
            found.append(f"{who} {goal:g} " + ("met" if value >= goal else f"MISSED ({value:.2f})"))
    if row.growth and row.growth[0] in results:
        who, goal = row.growth
        part = middle(results["ft"], "growth") / max(middle(results[who], "growth"), 0.001)
        found.append(f"growth {goal:g} of {who} " + ("met" if part <= goal else f"MISSED ({part:.2f})"))
    peak = max(one.anon for one in results["ft"])
    if peak > MEMORY_GOAL:
        found.append(f"memory {MEMORY_GOAL} MiB MISSED ({peak:.0f})")
    return "; ".join(found)


def table(peers, done):
    """The rows as Markdown."""
    named = ["ft", *peers]
    heads = ["wall s (CPU s) +MiB, peak", *named, "another", *(f"{peer}/ft" for peer in peers), "another/ft", "goals"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row, results in done:
        rest = [who for who in results if who not in named]
        cells = [row.name, *(cell(who, results.get(who)) for who in named),
                 " ".join(f"{who} {cell(who, results[who])}" for who in rest)]
        cells += [ratio_cell(results, who) for who in [*peers, *rest]] + [""] * (1 - len(rest)) + [verdicts(row, results)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)

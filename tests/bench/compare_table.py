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


def ratio(results, who):
    """How many times faster ft was than the other: the median over the rounds; None if one is missing."""
    pairs = list(zip(results.get(who, []), results.get("ft", [])))
    return median(other.wall / ft.wall for other, ft in pairs) if pairs else None


def verdicts(row, results):
    """Each goal of the row with 'met' or the figure that missed it."""
    found = []
    for who, goal in row.goals.items():
        value = ratio(results, who)
        if value is not None:
            found.append(f"{who} {goal:g} " + ("met" if value >= goal else f"MISSED ({value:.2f})"))
    if row.growth and "restic" in results:
        part = middle(results["ft"], "growth") / max(middle(results["restic"], "growth"), 0.001)
        found.append(f"growth {row.growth:g} " + ("met" if part <= row.growth else f"MISSED ({part:.2f})"))
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
        ratios = [ratio(results, who) for who in [*peers, *rest]] + [None] * (1 - len(rest))
        cells += [f"{value:.2f}" if value else "" for value in ratios] + [verdicts(row, results)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)

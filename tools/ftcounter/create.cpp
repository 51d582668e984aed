#include <fmt/format.h>

#include "libcore/base/text.h"
#include "libcore/counter/creation.h"
#include "libcore/counter/locator.h"
#include "tools/common/shared_counting.h"
#include "tools/ftcounter/amount.h"
#include "tools/ftcounter/commands.h"

namespace ft::tools {

namespace {

using namespace ft::counter;

struct CreateOptions {
    std::string name;
    std::vector<std::string> replicas;
    unsigned threshold = 3, keys = 4096;
    std::optional<std::string> min, max, start, segment, flush, file;
    bool exact = false;
};

void declare(ui::Flags& flags, CreateOptions& options) {
    flags.positional("NAME", options.name, "a name below FT_COUNTERS, or a path");
    flags.positional("FILE", options.file, "with --flush: the file that is flushed to");
    flags.option("--replica", options.replicas, "WHERE", "a replica: a path, shm:/NAME or 'pipe:COMMAND'; repeat it")
        .completes("FILE");
    flags.option("--threshold", options.threshold, "N", "replicas at most (default 3)").between(1, most_members);
    flags.option("--min", options.min, "N", "the value never goes below it");
    flags.option("--max", options.max, "N", "the value never goes above it");
    flags.option("--start", options.start, "N", "the first value (default 0)");
    flags.option("--keys", options.keys, "N", "how many of the last --key are remembered (default 4096)")
        .between(1, most_keys);
    flags.option("--shm", options.segment, "/SEGMENT", "in shared memory: fast, and gone with the power");
    flags.toggle("--exact", options.exact, "with --shm: each add has its own answer, for keys, bounds and next");
    flags.option("--flush", options.flush, "TIME", "with --shm: durable in FILE after so long (100ms, 1s)");
}

/// "100ms", "2s", "1m", in milliseconds.
std::uint32_t parse_period(const std::string& text) {
    if (text.ends_with("ms"))
        if (const auto number = parse_number(text.substr(0, text.size() - 2));
            number && *number > 0 && *number < 1U << 31)
            return static_cast<std::uint32_t>(*number);
    if (const auto length = parse_duration(text); length && length->count() > 0 && length->count() < 1 << 20)
        return static_cast<std::uint32_t>(1000 * length->count());
    throw ui::usage_failure("--flush: not a time", printable(text), "", "give it as 100ms, 2s or 1m");
}

void refuse_mixture(const CreateOptions& options) {
    if (options.segment && !options.replicas.empty())
        throw ui::usage_failure("--shm and --replica exclude each other", "", "", "a replica may be shm:/NAME");
    if (options.segment && !options.segment->starts_with('/'))
        throw ui::usage_failure("--shm: not a segment's name", printable(*options.segment), "",
                                "it begins with a slash");
    if (!options.segment && (options.exact || options.flush))
        throw ui::usage_failure("--exact and --flush go with --shm", "", "", "");
    if (options.flush.has_value() != options.file.has_value())
        throw ui::usage_failure("--flush TIME and FILE go together", "", "", "");
}

/// A counter in shared memory: the segment, and the name that leads to it.
void create_shared(ui::Env& env, Disk& disk, const CreateOptions& options, Plan& plan, const Head& head) {
    SharedName name{.exact = options.exact || options.min || options.max, .segment = *options.segment};
    if (options.flush) {
        name.flush_ms = parse_period(*options.flush);
        name.file = absolute(*options.file);
    }
    const shm::Shape shape{.start = head.value, .min = head.min, .max = head.max, .keys = options.keys};
    const std::unique_ptr<shm::DiskCopy> copy = disk_copy_of(env, disk, name);
    const SharedPlace place{name, copy.get()};
    const Uuid counter = env.clock().random_uuid();
    const bool is_taken = shm::Segment::is_taken(name.segment);
    if (!is_taken) plan.write(plan_of(place, counter));
    if (is_taken || !make_shared(place, shape, counter, env.clock()))
        throw Failure({.what = "cannot create the counter",
                       .where = name.segment,
                       .why = "a segment of that name exists",
                       .todo = "choose another name"});
    plan.publish();
}

/// What a killed create of this name has left goes.
void clear(ui::Env& env, Disk& disk, Plan& plan, const io::Located& place) {
    if (!plan.left()) return;
    const Descriptor left = parse_descriptor(*plan.left(), io::join_path(place.dir->path(), place.name));
    if (left.shared) {
        remove_unfinished(env, disk, *left.shared, *plan.left());
    } else {
        Machine machine(locate_on(disk), env.clock(), env.progress(),
                        {.descriptor = left, .folder = absolute(place.dir->path())});
        remove_unfinished(machine, env.clock(), left, patience_of(env));
    }
    plan.forget();
}

Head first_head(const CreateOptions& options) {
    Head head;
    if (options.min) head.min = parse_signed(*options.min, "--min");
    if (options.max) head.max = parse_signed(*options.max, "--max");
    head.value =
        options.start ? parse_signed(*options.start, "--start") : std::clamp<std::int64_t>(0, head.min, head.max);
    if (head.min > head.max) throw ui::usage_failure("--min is above --max", "", "", "");
    if (head.value < head.min || head.value > head.max)
        throw ui::usage_failure("--start is not between --min and --max", "", "", "");
    return head;
}

Charter first_charter(ui::Env& env, const CreateOptions& options, const io::Located& place, const std::string& here) {
    Charter charter{.threshold = options.threshold};
    for (const std::string& words : options.replicas)
        charter.members.push_back({env.clock().random_uuid(), kept_locator(words, place.dir->path(), here)});
    if (charter.members.empty()) charter.members.push_back({env.clock().random_uuid(), place.name});
    if (charter.members.size() > charter.threshold)
        throw ui::usage_failure(
            fmt::format("{} replicas are more than the threshold {}", charter.members.size(), charter.threshold), "",
            "", "raise it with --threshold N");
    std::vector<std::string> places;
    for (const Member& member : charter.members) places.push_back(member.locator);
    std::sort(places.begin(), places.end());
    if (const auto same = std::adjacent_find(places.begin(), places.end()); same != places.end())
        throw ui::usage_failure("two replicas in the same place", *same, "", "");
    return charter;
}

/// A counter in replicas. returns  how many.
std::size_t create_replicas(ui::Env& env, Disk& disk, const CreateOptions& options, const io::Located& place,
                            Plan& plan) {
    const Charter charter = first_charter(env, options, place, absolute("."));
    const Descriptor descriptor{.replicas = charter.members};
    Machine machine(locate_on(disk), env.clock(), env.progress(),
                    {.descriptor = descriptor, .folder = absolute(place.dir->path())});
    Charter named = charter;
    const bool spread = std::any_of(charter.members.begin(), charter.members.end(), [](const Member& member) {
        return parse_locator(member.locator).text.starts_with('/');
    });
    if (spread)  // no folder holds all of them
        for (Member& member : named.members) member.locator = machine.place(member);
    const State first{.version = {.ballot = {.number = 1}}, .head = first_head(options), .annex = {.charter = named}};
    const Identity identity{.counter = env.clock().random_uuid(), .keys = options.keys, .created = env.clock().now()};
    if (options.replicas.empty())
        create(machine, env.clock(), identity, first, patience_of(env));
    else
        create_named(plan, machine, env.clock(), {identity, first, descriptor}, patience_of(env));
    if (charter.members.size() == 2)
        env.remark("two replicas are both needed for each change; three go on without one of them");
    return charter.members.size();
}

Exit run(ui::Env& env, const CreateOptions& options) {
    refuse_mixture(options);
    Disk disk;
    const std::string path = absolute(counter::name_path(options.name));
    const std::string folder = path.substr(0, std::max<std::size_t>(1, path.rfind('/')));
    const bool by_name = options.name.find('/') == std::string::npos;
    const io::Located place{by_name ? disk.make(folder) : disk.open(folder), path.substr(path.rfind('/') + 1)};
    if (place.dir->stat(place.name))
        throw Failure(
            {.what = "cannot create the counter", .where = path, .why = "it exists", .todo = "choose another name"});
    const Head head = first_head(options);
    Plan plan(*place.dir, place.name);
    clear(env, disk, plan, place);
    ui::Answer fields;
    fields.text("counter", options.name).integer("value", head.value);
    if (options.segment)
        create_shared(env, disk, options, plan, head);
    else
        fields.number("replicas", create_replicas(env, disk, options, place, plan));
    env.did("created " + options.name);
    env.summary("", fields.text("durable", options.segment ? "memory" : "disk"));
    return Exit::done;
}

}  // namespace

ui::Command add_create() {
    return ui::make_command<CreateOptions>(
        {.name = "create",
         .usage = {"NAME", "NAME --replica WHERE...", "NAME --shm /SEGMENT [--flush TIME FILE]"},
         .purpose = "make a counter",
         .examples = {{"ftcounter create jobs", "one replica: the file of that name"},
                      {"ftcounter create jobs --replica /d1/jobs --replica /d2/jobs --replica /d3/jobs",
                       "goes on when one disk is lost"}}},
        declare, run);
}

}  // namespace ft::tools

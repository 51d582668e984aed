#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "libcore/base/text.h"
#include "libcore/ckpt/verbs.h"
#include "tools/common/daly.h"
#include "tools/common/opened_store.h"
#include "tools/common/reports.h"
#include "tools/ftckpt/commands.h"
#include "tools/ftckpt/describe.h"

namespace ft::tools {

namespace {

struct StatusOptions {
    StoreOptions store;
    std::optional<std::string> name;
    std::optional<std::chrono::seconds> max_age, mtbf;
    std::optional<std::string> metrics;
};

void declare(ui::Flags& flags, StatusOptions& options) {
    flags.positional("NAME", options.name, "only this name");
    declare_store(flags, options.store);
    flags.option("--max-age", options.max_age, "DURATION",
                 "exit 7 if the newest checkpoint is older, or there is none");
    flags.option("--metrics", options.metrics, "FILE", "write the figures for Prometheus too, by rename");
    flags.option("--mtbf", options.mtbf, "DURATION", "mean time between failures: names the best interval (Daly)");
}

constexpr std::size_t recent_saves = 10;  // enough for a median that one slow save does not move

/// What is known of one name.
struct Status {
    store::Manifest newest;
    double age_s = 0;
    double save_s = 0;  ///< median T_save of the recent saves
    bool too_old = false;
    std::optional<double> interval_s;
};

double seconds_between(Time from, Time to) {
    return static_cast<double>(to.s - from.s) + (static_cast<double>(to.ns) - static_cast<double>(from.ns)) / 1e9;
}

/// The readable checkpoints of a name, newest first, a few of them.
std::vector<store::Manifest> recent(store::Store& store, const std::string& name) {
    std::vector<std::uint64_t> sequences = store.sequences(name);
    std::vector<store::Manifest> manifests;
    while (!sequences.empty() && manifests.size() < recent_saves) {
        Look look = look_at(store, {name, sequences.back()});
        if (auto* manifest = std::get_if<store::Manifest>(&look)) manifests.push_back(std::move(*manifest));
        sequences.pop_back();
    }
    return manifests;
}

Status status_of(const std::vector<store::Manifest>& manifests, const StatusOptions& options, Time now) {
    Status status{.newest = manifests.front()};
    status.age_s = seconds_between(status.newest.finished, now);
    std::vector<std::uint64_t> times;
    times.reserve(manifests.size());
    for (const store::Manifest& manifest : manifests) times.push_back(manifest.times.total);
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
    status.save_s = static_cast<double>(times[times.size() / 2]) / 1e6;
    status.too_old = options.max_age && status.age_s > static_cast<double>(options.max_age->count());
    if (options.mtbf && options.mtbf->count() > 0 && status.save_s > 0)
        status.interval_s = daly_interval_s(status.save_s, static_cast<double>(options.mtbf->count()));
    return status;
}

std::string text_of(const Status& status) {
    std::string text = fmt::format("{}@{}  {} old  T_save {}", status.newest.name, status.newest.sequence,
                                   human_duration(std::max(0.0, status.age_s)), human_duration(status.save_s));
    if (status.interval_s) text += fmt::format("  best interval {}", human_duration(*status.interval_s));
    if (status.newest.incomplete()) text += "  incomplete";
    if (status.too_old) text += "  too old";
    return text;
}

ui::Answer fields_of(const Status& status, bool pinned) {
    ui::Answer answer = manifest_answer(status.newest, pinned);
    answer.real("age", status.age_s).real("T_save_median", status.save_s).flag("too_old", status.too_old);
    return answer.real("interval", status.interval_s);
}

struct Metric {
    const char* name;
    const char* help;
    double (*value)(const Status&);
};

constexpr Metric metrics[] = {
    {"ft_checkpoint_time_seconds", "When the newest checkpoint was saved, since 1970.",
     [](const Status& s) { return static_cast<double>(s.newest.finished.s); }},
    {"ft_checkpoint_sequence", "Sequence number of the newest checkpoint.",
     [](const Status& s) { return static_cast<double>(s.newest.sequence); }},
    {"ft_checkpoint_save_seconds", "T_save of the newest checkpoint.",
     [](const Status& s) { return static_cast<double>(s.newest.times.total) / 1e6; }},
    {"ft_checkpoint_bytes", "Bytes of content in the newest checkpoint.",
     [](const Status& s) { return static_cast<double>(sums_of(s.newest).bytes); }},
    {"ft_checkpoint_stored_bytes", "Bytes that the store grew by with the newest checkpoint.",
     [](const Status& s) { return static_cast<double>(s.newest.bytes_stored); }},
    {"ft_checkpoint_incomplete", "1 if something was skipped or changing.",
     [](const Status& s) { return s.newest.incomplete() ? 1.0 : 0.0; }},
};

std::string metrics_text(const std::vector<Status>& all) {
    std::string text;
    for (const Metric& metric : metrics) {
        text += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", metric.name, metric.help);
        for (const Status& status : all)
            text += fmt::format("{}{{name=\"{}\"}} {}\n", metric.name, status.newest.name, metric.value(status));
    }
    return text;
}

/// A scrape never sees half of it.
void write_metrics(Disk& disk, const std::string& path, const std::vector<Status>& all) {
    const io::Located found = disk.locate(path);
    io::replace_file(*found.dir, found.name, view_of(metrics_text(all)));
}

Exit run(ui::Env& env, const StatusOptions& options) {
    Disk disk;
    OpenedStore opened(env, disk, options.store, Opening::existing);
    store::Store& store = opened.store();
    std::vector<std::string> names = store.names();
    if (options.name) names = {store.resolve(*options.name).name};
    std::vector<Status> all;
    for (const std::string& name : names)
        if (const auto manifests = recent(store, name); !manifests.empty())
            all.push_back(status_of(manifests, options, env.clock().now()));
        else
            throw damage(opened.path(), "no checkpoint of '" + name + "' can be read")
                .advised("see 'ftckpt verify --quick'");
    if (options.metrics) write_metrics(disk, *options.metrics, all);
    std::size_t too_old = 0;
    for (const Status& status : all) {
        const bool pinned = ckpt::is_pinned(store, {status.newest.name, status.newest.sequence});
        env.item(text_of(status), fields_of(status, pinned));
        too_old += status.too_old ? 1 : 0;
    }
    env.summary("", ui::Answer().number("names", all.size()).number("too_old", too_old));
    if (options.max_age && all.empty())
        throw Failure(
            {.what = "no checkpoint", .where = opened.path(), .todo = "make one by 'ftckpt save'", .exit = Exit::no});
    return too_old != 0 ? Exit::no : Exit::done;
}

}  // namespace

ui::Command add_status() {
    return ui::make_command<StatusOptions>(
        {.name = "status",
         .usage = {"[NAME] [--max-age 2h] [--metrics FILE] [--mtbf 24h]"},
         .purpose = "tell how old the newest checkpoints are, for cron and monitoring",
         .examples = {{"ftckpt status job --max-age 2h", "exit code 7 if job was not saved for two hours"},
                      {"ftckpt status --metrics /var/lib/node_exporter/ft.prom", "all names, for Prometheus"},
                      {"ftckpt status job --mtbf 24h", "how often to save where a failure comes once a day"}}},
        declare, run);
}

}  // namespace ft::tools

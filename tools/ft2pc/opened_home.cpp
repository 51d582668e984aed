#include "tools/ft2pc/opened_home.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <system_error>

#include "libcore/base/environment.h"
#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/proc/input.h"
#include "libcore/twophase/spec.h"

namespace ft::tools {

namespace {

using namespace twophase;

std::string home_path(const HomeOptions& options) {
    if (options.dir) return *options.dir;
    return path_of(StatePlace{.variable = "FT_2PC",
                              .folder = "2pc",
                              .what = "no place for transactions is named",
                              .todo = "name one with --dir or FT_2PC"});
}

Failure no_such_transaction(const std::string& name) {
    return Failure({.what = "no such transaction",
                    .where = name,
                    .why = "it has ended, or there never was one",
                    .todo = "'ft2pc list' shows those there are",
                    .exit = Exit::no});
}

Failure in_dead_ledger(const std::string& name) {
    return Failure({.what = "an 'ft2pc serve' has died with this transaction",
                    .where = name,
                    .why = "",
                    .todo = "'ft2pc recover' ends it, or hands it over",
                    .exit = Exit::in_doubt});
}

std::optional<Story> find_in_ledger(Home& home, std::uint64_t number) {
    const std::vector<std::uint64_t> ledgers = home.ledger_numbers();
    if (!std::binary_search(ledgers.begin(), ledgers.end(), ledger_of(number))) return std::nullopt;
    const auto ledger = read_ledger(home.ledgers(), home.coordinator(), ledger_of(number));
    if (!ledger) return std::nullopt;
    const auto found = ledger->open.find(number);
    return found == ledger->open.end() ? std::nullopt : std::optional(found->second);
}

ui::Answer fields_of(const PartReport& part) {
    ui::Answer fields;
    fields.text("participant", part.label).text("standing", name_of(part.standing));
    fields.real("execute_s", seconds(part.execute)).real("commit_s", seconds(part.commit));
    if (!part.why.empty()) fields.text("why", part.why);
    return fields;
}

Failure refusal(const Report& report, Decision wanted) {
    const std::string name = name_of(report.number);
    if (report.phase == Phase::in_doubt)
        return Failure({.what = fmt::format("transaction {} is in doubt", name),
                        .where = "",
                        .why = report.why,
                        .todo = "'ft2pc recover' settles it",
                        .exit = Exit::in_doubt});
    const std::string left = unsettled(report);
    const bool broken = has_broken(report);
    const std::string todo = left.empty() ? ""
                             : broken     ? fmt::format("but not {}; see 'ft2pc show', then 'ft2pc forget'", left)
                                          : fmt::format("not told yet: {}; 'ft2pc recover' tells them", left);
    const Exit exit = broken && wanted != Decision::abort ? Exit::damage : Exit::no;
    if (wanted == Decision::abort)
        return Failure({.what = fmt::format("transaction {} is committed", name),
                        .where = "",
                        .why = "that was decided before",
                        .todo = todo,
                        .exit = exit});
    return Failure({.what = fmt::format("transaction {} is aborted", name),
                    .where = "",
                    .why = report.why.empty() ? "the command that had begun to prepare it is dead" : report.why,
                    .todo = todo.empty() ? "nothing changed" : todo,
                    .exit = exit});
}

}  // namespace

bool has_broken(const Report& report) {
    for (const PartReport& part : report.parts)
        if (part.standing == Standing::broken) return true;
    return false;
}

ui::Answer fields_of(const Report& report, std::chrono::nanoseconds request) {
    std::vector<ui::Answer> parts;
    for (const PartReport& part : report.parts) parts.push_back(fields_of(part));
    const auto total = request + report.execute + report.decide + report.commit;
    ui::Answer fields;
    fields.text("transaction", name_of(report.number)).text("outcome", outcome_of(report));
    fields.flag("complete", report.complete);
    if (!report.why.empty()) fields.text("why", report.why);
    fields.real("request_s", seconds(request)).real("execute_s", seconds(report.execute));
    fields.real("decide_s", seconds(report.decide)).real("commit_s", seconds(report.commit));
    fields.real("total_s", seconds(total)).objects("participants", parts);
    return fields;
}

void declare_home(ui::Flags& flags, HomeOptions& options) {
    flags.option("--dir", options.dir, "DIR", "where transactions are kept (else FT_2PC)");
}

void declare_pace(ui::Flags& flags, PaceOptions& options) {
    flags.option("--prepare-wait", options.prepare, "TIME", "abort where not all have voted by then (default 30s)");
    declare_delivery(flags, options);
}

void declare_delivery(ui::Flags& flags, PaceOptions& options) {
    flags.option("--deliver-wait", options.deliver, "TIME", "wait so long for all to have it (default 10s)");
    flags.toggle("--timing", options.timing, "say how long each part of it took");
}

OpenedHome::OpenedHome(ui::Env& env, const HomeOptions& options, bool create)
    : env_(env), path_(absolute(home_path(options))) {
    std::unique_ptr<io::Dir> dir = disk_.find(path_);
    if (dir != nullptr && (!create || Home::is_durable(*dir))) home_ = Home::find(std::move(dir));
    if (create && !home_) home_.emplace(Home::open_or_create(disk_.make(path_), env.clock()));
}

std::unique_ptr<Journal> OpenedHome::hold(const std::string& name, std::chrono::nanoseconds patience) {
    const std::uint64_t number = number_of(name);
    if (!home_) throw no_such_transaction(name);
    const auto until = env_.clock().monotonic() + patience;
    Journal::Opened opened = Journal::open(home_->journals(), home_->coordinator(), number);
    while (opened.found == Journal::Found::busy && env_.clock().monotonic() < until) {
        env_.pause(std::chrono::milliseconds(2));
        opened = Journal::open(home_->journals(), home_->coordinator(), number);
    }
    if (opened.found == Journal::Found::missing) check_not_in_ledger(number, name);
    if (opened.found == Journal::Found::missing) throw no_such_transaction(name);
    if (home_->is_in_dead_ledger(number)) throw in_dead_ledger(name);
    if (opened.found == Journal::Found::busy)
        throw Failure({.what = "another command works on this transaction",
                       .where = name,
                       .why = opened.holder,
                       .todo = "try again, or use --lock-wait",
                       .exit = Exit::busy});
    return std::move(opened.journal);
}

void OpenedHome::check_not_in_ledger(std::uint64_t number, const std::string& name) {
    if (!find_in_ledger(*home_, number)) return;
    if (home_->is_in_dead_ledger(number)) throw in_dead_ledger(name);
    throw Failure({.what = "'ft2pc serve' works on this transaction",
                   .where = name,
                   .why = "",
                   .todo = "let it end",
                   .exit = Exit::busy});
}

Story OpenedHome::story(const std::string& name) {
    const std::uint64_t number = number_of(name);
    std::optional<Story> story;
    if (home_) story = read_story(home_->journals(), home_->coordinator(), number);
    if (home_ && !story) story = find_in_ledger(*home_, number);
    if (!story) throw no_such_transaction(name);
    return *std::move(story);
}

Surroundings OpenedHome::surroundings(const PaceOptions& pace) {
    return {.locate = [this](const std::string& path) { return disk_.locate(path); },
            .clock = env_.clock(),
            .locks = home_->locks(),
            .prepare_limit = pace.prepare,
            .settle_limit = std::max(pace.deliver, std::chrono::seconds(1)),
            .kept = kept_ ? &*kept_ : nullptr,
            .stop = env_.stop_descriptor()};
}

Makers OpenedHome::makers(const PaceOptions& pace) {
    return
        [this, pace](const Story& story) { return make_participants(story, home_->coordinator(), surroundings(pace)); };
}

Places OpenedHome::places(const PaceOptions& pace) {
    return {
        .list = [this, pace](const Spec& place,
                             const std::string& prefix) { return list_branches(place, prefix, surroundings(pace)); },
        .make = [this, pace](const Spec& place,
                             const Branch& branch) { return make_participant(place, branch, surroundings(pace)); },
        .abort_all = [this, pace](
                         const Spec& place, const std::vector<Branch>& branches,
                         unsigned at_once) { return abort_branches(place, branches, at_once, surroundings(pace)); }};
}

Coordinator OpenedHome::coordinate(Journal& journal, const PaceOptions& pace) {
    return {journal, makers(pace)(journal.story()), env_.clock(), env_.progress(), pace_of(pace)};
}

Report OpenedHome::conclude(Journal& journal, const PaceOptions& pace, Verb verb) {
    if (!journal.story().parts.empty()) return (coordinate(journal, pace).*verb)();
    if (verb == Verb(&Coordinator::prepare)) return {.number = journal.story().number, .phase = Phase::prepared};
    journal.remove(true);
    const Decision decision = verb == Verb(&Coordinator::commit) ? Decision::commit : Decision::abort;
    return {.number = journal.story().number, .phase = Phase::ended, .decision = decision, .complete = true};
}

std::string current_folder() {
    std::error_code error;
    const std::filesystem::path path = std::filesystem::current_path(error);
    if (error) throw system_failure("cannot tell the current folder", "", error.value());
    return path.string();
}

std::string read_text(ui::Env& env, const std::string& path) {
    constexpr std::size_t longest = 16U << 20;
    proc::Input input = proc::Input::open(path, env.stop_descriptor());
    std::string text(65536, ' ');
    std::size_t size = 0;
    for (;;) {
        const std::size_t got = input.fill(std::as_writable_bytes(std::span(text).subspan(size)));
        size += got;
        if (size < text.size()) break;
        if (size >= longest)
            throw Failure(
                {.what = "cannot read", .where = path, .why = "it is longer than 16 MiB", .exit = Exit::usage});
        text.resize(2 * size);
    }
    text.resize(size);
    return text;
}

std::vector<Spec> parse_participants(ui::Env& env, const std::vector<std::string>& words,
                                     const std::vector<std::string>& sql_files) {
    std::vector<Spec> specs;
    for (const std::string& word : words) specs.push_back(parse_spec(word, current_folder()));
    std::vector<std::string> texts;
    for (const std::string& file : sql_files) texts.push_back(read_text(env, file));
    give_sql(specs, texts);
    return specs;
}

void declare_sql(ui::Flags& flags, std::vector<std::string>& sql_files) {
    flags.option("--sql", sql_files, "FILE", "what a database shall do; one for each that is named, in order");
}

Pace pace_of(const PaceOptions& options) { return {.prepare = options.prepare, .deliver = options.deliver}; }

std::uint64_t number_of(const std::string& name) {
    if (const std::optional<std::uint64_t> number = number_from(name)) return *number;
    throw ui::usage_failure("not a transaction's name", printable(name), "", "give what 'ft2pc begin' has printed");
}

std::string outcome_of(const Report& report) {
    if (report.phase == Phase::prepared) return "prepared";
    if (report.decision == Decision::none) return "in doubt";
    const std::string decided = report.decision == Decision::commit ? "committed" : "aborted";
    if (report.complete) return decided;
    return decided + (has_broken(report) ? ", against a participant's will" : ", not yet everywhere");
}

std::string unsettled(const Report& report) {
    std::string text;
    for (const PartReport& part : report.parts) {
        const bool has_forgotten = part.standing == Standing::done && part.why.empty();
        if (has_forgotten || part.standing == Standing::read_only || part.standing == Standing::no) continue;
        text += fmt::format("{}{}{}{}", text.empty() ? "" : "; ", printable(part.label), part.why.empty() ? "" : ": ",
                            part.why);
    }
    return text;
}

void tell_timing(ui::Env& env, const Report& report, std::chrono::nanoseconds request) {
    const auto total = request + report.execute + report.decide + report.commit;
    env.tell(fmt::format("T_request {}, T_execute {}, T_decide {}, T_commit {}, T_2PC {}",
                         human_duration(seconds(request)), human_duration(seconds(report.execute)),
                         human_duration(seconds(report.decide)), human_duration(seconds(report.commit)),
                         human_duration(seconds(total))));
    for (const PartReport& part : report.parts)
        env.tell(fmt::format("  {}: T_execute {}, T_commit {}", printable(part.label),
                             human_duration(seconds(part.execute)), human_duration(seconds(part.commit))));
}

Exit answer(ui::Env& env, const Report& report, Decision wanted, const PaceOptions& pace,
            std::chrono::nanoseconds request) {
    const std::string name = name_of(report.number);
    const bool prepared = report.phase == Phase::prepared && wanted == Decision::none;
    const bool as_wanted = prepared || (report.decision == wanted && wanted != Decision::none);
    if (pace.timing) tell_timing(env, report, request);
    if (!as_wanted) throw refusal(report, wanted);
    env.did(fmt::format("transaction {} is {}", name, outcome_of(report)));
    env.summary("", fields_of(report, request));
    env.remark(fmt::format("{} {}", name, outcome_of(report)));
    if (report.complete || prepared) return Exit::done;
    const bool broken = has_broken(report);
    const std::string left = unsettled(report);
    env.warn(fmt::format("transaction {} is {}: {}; {}", name, outcome_of(report), left.empty() ? report.why : left,
                         broken ? "see 'ft2pc show', then 'ft2pc forget'" : "'ft2pc recover' tells them"));
    return broken ? Exit::damage : Exit::incomplete;
}

}  // namespace ft::tools

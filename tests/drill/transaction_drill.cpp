#include "tests/drill/transaction_drill.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

namespace ft::drill {

namespace fs = std::filesystem;

namespace {

constexpr int shared_files = 6, one_shots = 5, in_steps = 4, recoveries = 2, steps = 5, adds = 2;
constexpr int refused = 7, in_doubt = 6, busy = 5, incomplete = 3;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

TransactionDrill::TransactionDrill(std::uint64_t seed) : programs_(folder()), chance_(seed) {
    for (const char* name : {"new", "shared", "own", "own2", "old", "s1", "s2"}) fs::create_directory(folder() / name);
    for (int i = 0; i < shared_files; ++i) std::ofstream(folder() / "shared" / std::to_string(i)) << "start";
    (void)must_work({"ftcounter", "create", folder() / "hits"});
    for (const char* verb : {"run", "begin", "add", "prepare", "commit", "abort", "recover"})
        lasts_[verb] = std::chrono::milliseconds(20);
}

Command TransactionDrill::command(const std::string& verb, const std::vector<std::string>& more) const {
    Command command{"ft2pc", verb, "--dir", folder() / "home"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
}

TransactionDrill::Transaction TransactionDrill::draw() {
    Transaction one{.tag = "t" + std::to_string(drawn_++), .programs = chance_.one_in(3), .counts = chance_.one_in(3)};
    for (int i = 0; i < shared_files; ++i)
        if (chance_.one_in(6)) one.shared.insert(i);
    std::ofstream(folder() / "new" / one.tag) << one.tag;
    std::ofstream(folder() / "old" / one.tag) << one.tag;
    return one;
}

std::vector<std::string> TransactionDrill::participants(const Transaction& one) const {
    const std::string root = folder().string(), content = root + "/new/" + one.tag;
    std::vector<std::string> all{"file:" + root + "/own/" + one.tag + "=" + content,
                                 "file:" + root + "/old/" + one.tag + "=",
                                 "file:" + root + "/own2/" + one.tag + "=" + content};
    for (const int i : one.shared) all.push_back("file:" + root + "/shared/" + std::to_string(i) + "=" + content);
    for (const char* spool : {"/s1", "/s2"})
        if (one.programs)
            all.push_back(std::string("exec:" FT_ROOT "/scripts/examples/spool.sh '") + content + "' '" + root + spool +
                          "'");
    if (one.counts) all.push_back("counter:" + root + "/hits+1");
    return all;
}

TransactionDrill::Actor TransactionDrill::one_shot(Transaction& one) const {
    std::vector<std::string> words;
    for (const std::string& participant : participants(one)) words.insert(words.end(), {"-p", participant});
    return {"run", command("run", words), &one};
}

/// What a script would do next with it; std::nullopt where its name is not known.
std::optional<TransactionDrill::Actor> TransactionDrill::next_of(Transaction& one, int step) {
    if (step == 0) return Actor{"begin", command("begin", {"--deadline", "1d"}), &one};
    if (one.name.empty() || one.told != Fate::unknown) return std::nullopt;
    if (step < 3) {
        const std::vector<std::string> all = participants(one);
        const std::size_t half = step == 1 ? 0 : all.size() / 2, end = step == 1 ? all.size() / 2 : all.size();
        std::vector<std::string> words{one.name};
        for (std::size_t i = half; i < end; ++i) words.push_back(all[i]);
        return Actor{"add", command("add", words), &one};
    }
    // A script whose add was killed does not know what is in it.
    if (step == 3 && (one.added < adds || chance_.one_in(4))) return std::nullopt;
    const std::string verb = step == 3 ? "prepare" : one.added < adds || chance_.one_in(4) ? "abort" : "commit";
    return Actor{verb, command(verb, {one.name}), &one};
}

std::vector<std::string> TransactionDrill::round(const std::function<void(const fs::path&)>& mistake) {
    transactions_.clear();
    for (int i = 0; i < one_shots * steps + in_steps; ++i) transactions_.push_back(draw());
    for (int step = 0; step < steps; ++step) {
        std::vector<Actor> actors;
        for (int i = 0; i < one_shots; ++i)
            actors.push_back(one_shot(transactions_[static_cast<std::size_t>(in_steps + step * one_shots + i)]));
        for (int i = 0; i < in_steps; ++i)
            if (auto next = next_of(transactions_[static_cast<std::size_t>(i)], step)) actors.push_back(*next);
        for (int i = 0; i < recoveries; ++i) actors.push_back({"recover", command("recover", {}), nullptr});
        play_step(std::move(actors));
    }
    end_all();
    if (mistake) mistake(folder());
    look();
    return std::exchange(complaints_, {});
}

void TransactionDrill::play_step(std::vector<Actor> actors) {
    for (std::size_t i = actors.size(); i > 1; --i) std::swap(actors[i - 1], actors[chance_.below(i)]);
    std::vector<Part> parts;
    for (const Actor& one : actors) {
        parts.push_back({.command = one.command, .chunks = {}, .kill_after = std::nullopt});
        if (!chance_.one_in(4))
            parts.back().kill_after = lasts_.at(one.verb) * static_cast<long>(chance_.below(1100)) / 1000;
    }
    const std::vector<Played> played = play(programs_, parts);
    for (std::size_t i = 0; i < actors.size(); ++i) hear(actors[i], played[i].ran);
}

void TransactionDrill::hear(const Actor& actor, const Ran& ran) {
    std::chrono::nanoseconds& lasts = lasts_.at(actor.verb);
    kills_ += ran.killed() ? 1 : 0;
    // A kill that met its victim may come later the next time.
    lasts = ran.killed() ? lasts + lasts / 20 : std::max(lasts - lasts / 20, std::min(lasts, ran.duration * 3 / 4));
    const bool commits = actor.verb == "run" || actor.verb == "commit";
    if (actor.transaction == nullptr) {
        if (!ran.killed() && ran.ending.code != 0 && ran.ending.code != in_doubt)
            complain("recover " + ran.ending.text() + ": " + ran.answer);
        return;
    }
    Transaction& one = *actor.transaction;
    if (ran.killed()) {
        one.deciding = one.deciding || commits || actor.verb == "abort";
        return;
    }
    const int code = ran.ending.signal == 0 ? ran.ending.code : -1;
    const bool refuses = code == refused && actor.verb != "add" && !one.deciding;
    if (actor.verb == "begin" && code == 0) one.name = first_line(ran.answer);
    if (actor.verb == "add" && code == 0) ++one.added;
    if (commits && (code == 0 || code == incomplete)) one.told = Fate::committed;
    if ((actor.verb == "abort" && (code == 0 || code == incomplete)) || refuses) one.told = Fate::aborted;
    const bool may_be = code == 0 || code == refused || (code == incomplete && actor.verb != "add") || code == busy;
    if (!may_be) complain(actor.verb + " of " + one.tag + " " + ran.ending.text() + ": " + ran.answer);
}

Ran TransactionDrill::must_work(const Command& command) {
    Ran ran = programs_.run(command);
    if (!ran.ending.succeeded()) complain(command[1] + " " + ran.ending.text() + ": " + ran.answer);
    return ran;
}

/// As scripts that come back, and then cron, would.
void TransactionDrill::end_all() {
    (void)must_work(command("recover", {}));
    std::istringstream names(must_work(command("list", {"--names"})).answer);
    for (std::string name; std::getline(names, name);) {
        const auto is_whole = [&](const Transaction& one) { return one.name == name && one.added == adds; };
        const bool whole = std::any_of(transactions_.begin(), transactions_.end(), is_whole);
        const std::string verb = whole && chance_.one_in(2) ? "commit" : "abort";
        const Ran ran = programs_.run(command(verb, {name}));
        if (!ran.ending.succeeded() && ran.ending.code != refused)
            complain("the last " + verb + " " + ran.ending.text() + ": " + ran.answer);
    }
    (void)must_work(command("recover", {}));
}

std::string TransactionDrill::content(const std::string& name) const {
    std::ifstream in(folder() / name);
    return {std::istreambuf_iterator<char>(in), {}};
}

void TransactionDrill::look() {
    for (const Transaction& one : transactions_) look_at(one);
    look_at_shared();
    const std::string value = first_line(must_work({"ftcounter", "get", folder() / "hits"}).answer);
    if (value != std::to_string(counted_))
        complain("the counter is " + value + ", but " + std::to_string(counted_) + " transactions counted");
    look_for_remains();
    for (const char* name : {"new", "own", "own2", "old", "s1", "s2"})
        for (const fs::directory_entry& entry : fs::directory_iterator(folder() / name)) fs::remove(entry.path());
}

void TransactionDrill::look_at(const Transaction& one) {
    std::vector<bool> done{content("own/" + one.tag) == one.tag, content("own2/" + one.tag) == one.tag,
                           content("old/" + one.tag) != one.tag};
    for (const char* spool : {"s1", "s2"}) {
        const auto holds_it = [&](const fs::directory_entry& entry) {
            const std::string name = entry.path().filename();
            return !name.starts_with('.') && content(std::string(spool) + "/" + name) == one.tag;
        };
        const auto found = std::count_if(fs::directory_iterator(folder() / spool), {}, holds_it);
        if (one.programs) done.push_back(found == 1);
        if (found > (one.programs ? 1 : 0)) complain(one.tag + " is spooled too often");
    }
    const bool all = std::find(done.begin(), done.end(), false) == done.end();
    if (!all && std::find(done.begin(), done.end(), true) != done.end()) return complain(one.tag + " is split");
    if (one.told == Fate::committed && !all) complain(one.tag + " was acknowledged and is lost");
    if (one.told == Fate::aborted && all) complain(one.tag + " was refused and is done");
    if (all) committed_[one.tag] = one.shared;
    if (all && one.counts) ++counted_;
    aborted_ += all ? 0 : 1;
}

void TransactionDrill::look_at_shared() {
    std::vector<std::string> last;
    for (int i = 0; i < shared_files; ++i) {
        last.push_back(content("shared/" + std::to_string(i)));
        if (last.back() == "start") continue;
        const auto found = committed_.find(last.back());
        if (found == committed_.end() || !found->second.contains(i))
            complain("shared/" + std::to_string(i) + " holds '" + last.back() + "', which is not committed");
    }
    // Each was the last on its own file, so each would have to be after the other.
    for (int a = 0; a < shared_files; ++a)
        for (int b = 0; b < a; ++b) {
            const std::string &on_a = last[static_cast<std::size_t>(a)], &on_b = last[static_cast<std::size_t>(b)];
            if (on_a == on_b) continue;
            const auto replaced = [&](const std::string& tag, int file) {
                const auto found = committed_.find(tag);
                return found != committed_.end() && found->second.contains(file);
            };
            if (replaced(on_a, b) && replaced(on_b, a)) complain(on_a + " and " + on_b + " are each after the other");
            if (on_b == "start" && replaced(on_a, b)) complain(on_a + " has not replaced all of its shared files");
            if (on_a == "start" && replaced(on_b, a)) complain(on_b + " has not replaced all of its shared files");
        }
}

void TransactionDrill::look_for_remains() {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder())) {
        const std::string name = entry.path().filename(), within = entry.path().parent_path().filename();
        if (name.starts_with('.') || within == "journals" || within == "locks") complain("'" + name + "' is left");
    }
}

}  // namespace ft::drill

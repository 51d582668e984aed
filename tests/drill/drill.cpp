#include "tests/drill/drill.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "libcore/base/text.h"

namespace ft::drill {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kept = 2;                   // checkpoints of each name, by a prune
constexpr std::uint64_t most_bytes_left = 4 << 20;  // of a store after a prune: twice what four checkpoints take
constexpr int busy = 5;

std::string name_of(const std::string& id) { return id.substr(0, id.find('@')); }
std::uint64_t number_of(const std::string& id) { return parse_number(id.substr(id.find('@') + 1)).value(); }

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    if (!fs::exists(folder)) return names;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
    return names;
}

std::uint64_t bytes_below(const fs::path& folder) {
    std::uint64_t bytes = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) bytes += entry.file_size();
    return bytes;
}

}  // namespace

Drill::Drill(std::uint64_t seed) : programs_(folder() / "store"), chance_(seed) {
    for (const char* what : {"save t", "save u", "fresh", "replace", "prune", "verify"}) {
        const Actor first = actor(what);
        const Ran ran = programs_.run(first.command);
        lasts_[what] = ran.duration;
        hear(first, ran, {});
        if (first.what == "fresh") fs::rename(folder() / "place", folder() / "dest");
    }
}

Drill::Actor Drill::actor(const std::string& what) {
    const std::string here = folder();
    if (what.starts_with("save ")) {
        const std::string name = what.substr(5), tree = here + "/" + name;
        write_tree(tree, tree_of_version(++version_));
        return {what, {"ftckpt", "save", name, tree}, version_};
    }
    if (what == "prune") return {what, {"ftckpt", "prune", "--keep", std::to_string(kept), "-q"}, {}};
    if (what == "replace") return {what, {"ftrestore", "t", here + "/dest", "--replace", "-q"}, {}};
    if (what == "fresh") {
        fs::remove_all(folder() / "place");
        return {what, {"ftrestore", "u", here + "/place", "-q"}, {}};
    }
    return {what, {"ftckpt", what, "-q"}, {}};
}

Complaints Drill::round() {
    std::vector<Actor> actors;
    for (const char* what : {"save t", "save u", "prune", "verify", "replace", "fresh"}) actors.push_back(actor(what));
    const Kill kill = choose_kill(actors);
    const std::vector<Ran> ran = programs_.run_beside(
        [&] {
            std::vector<Command> commands;
            for (const Actor& one : actors) commands.push_back(one.command);
            return commands;
        }(),
        kill);
    learn(actors, kill, ran);
    for (std::size_t i = 0; i < actors.size(); ++i)
        hear(actors[i], ran[i], actors[i].what == "prune" ? std::set{busy} : std::set<int>{});
    look_at_destinations();
    static const std::vector<std::string> next{"save t",  "save u", "prune",  "verify",
                                               "replace", "fresh",  "repair", "list"};
    must_work(next[chance_.below(next.size())]);
    return look();
}

Complaints Drill::look() {
    look_at_checkpoints();
    for (const char* what : {"verify", "prune", "replace", "fresh"}) must_work(what);
    look_at_destinations();
    look_at_leftovers();
    return std::exchange(complaints_, {});
}

/// Any of the programs, or all; any moment of the time that it takes, or a little later.
Kill Drill::choose_kill(const std::vector<Actor>& actors) {
    const std::size_t victim = chance_.below(actors.size() + 1);
    std::chrono::nanoseconds longest{};
    for (std::size_t i = 0; i < actors.size(); ++i)
        if (victim == i || victim == actors.size()) longest = std::max(longest, lasts_.at(actors[i].what));
    Kill kill{.victim = {}, .after = longest * static_cast<long>(chance_.below(1100)) / 1000};
    if (victim < actors.size()) kill.victim = victim;
    return kill;
}

/// Beside others and on a busy machine it takes longer: a kill that met its victim may come later the next time.
void Drill::learn(const std::vector<Actor>& actors, const Kill& kill, const std::vector<Ran>& ran) {
    for (std::size_t i = 0; i < actors.size(); ++i) {
        std::chrono::nanoseconds& lasts = lasts_.at(actors[i].what);
        kills_ += ran[i].killed() ? 1 : 0;
        if (ran[i].killed()) lasts += lasts / 10;
        if (!ran[i].killed() && kill.victim == i) lasts = ran[i].duration;
    }
}

void Drill::hear(const Actor& actor, const Ran& ran, const std::set<int>& may_fail) {
    if (!ran.killed() && !ran.ending.succeeded() && !may_fail.contains(ran.ending.code))
        complain(actor.what + " " + ran.ending.text());
    if (!actor.version) return;
    const std::string name = actor.what.substr(5);
    if (!ran.answer.ends_with("\n")) {
        unanswered_[name].insert(*actor.version);
        if (!ran.killed()) complain(actor.what + " told nothing");
        return;
    }
    const std::string id = ran.answer.substr(0, ran.answer.size() - 1);
    if (known_.contains(id) || gone_.contains(id)) complain(id + " was given twice");
    known_[id] = *actor.version;
}

void Drill::must_work(const std::string& what) {
    const Actor next = actor(what);
    hear(next, programs_.run(next.command), {});
}

void Drill::look_at_destinations() {
    if (!version_of(read_tree(folder() / "dest"))) complain("dest is neither old nor new");
    const Tree place = read_tree(folder() / "place");
    if (!place.empty() && !version_of(place)) complain("place is there, and is not whole");
}

void Drill::look_at_checkpoints() {
    const Ran list = programs_.run({"ftckpt", "list", "--names"});
    if (!list.ending.succeeded()) complain("list " + list.ending.text());
    std::set<std::string> listed;
    for (const std::string& line : lines_of(list.answer))
        if (line.find('@') != std::string::npos) listed.insert(line);
    for (const std::string& id : listed) look_at_checkpoint(id);
    look_at_missing(listed);
}

void Drill::look_at_checkpoint(const std::string& id) {
    if (gone_.contains(id)) complain(id + " was gone and is back");
    const fs::path out = folder() / "out";
    const Ran ran = programs_.run({"ftrestore", id, out, "-q"});
    if (!ran.ending.succeeded()) complain("restore of " + id + " " + ran.ending.text());
    const std::optional<std::uint64_t> version = version_of(read_tree(out));
    fs::remove_all(out);
    if (!version) {
        complain(id + " did not come back as any version was");
    } else if (const auto at = known_.find(id); at != known_.end()) {
        if (at->second != *version) complain(id + " holds another version than was saved");
    } else if (unanswered_[name_of(id)].erase(*version) == 0) {
        complain(id + " holds a version that nobody saved there");
    } else {
        known_[id] = *version;
    }
}

/// A prune takes a checkpoint only where enough newer ones of its name are kept.
void Drill::look_at_missing(const std::set<std::string>& listed) {
    for (const auto& [id, version] : known_) {
        if (listed.contains(id) || gone_.contains(id)) continue;
        const auto newer = std::count_if(listed.begin(), listed.end(), [&](const std::string& other) {
            return name_of(other) == name_of(id) && number_of(other) > number_of(id);
        });
        if (static_cast<std::uint64_t>(newer) < kept) complain(id + " was acknowledged and is lost");
        gone_.insert(id);
    }
}

/// After a prune and a restore that nobody disturbed.
void Drill::look_at_leftovers() {
    static const std::set<std::string> ours{"store", "t", "u", "dest", "place"};
    static const std::set<std::string> of_store{"format", "packs",  "index",  "checkpoints", "removed", "pins",
                                                "marks",  "damage", "guards", "tmp",         "gate",    "maintain"};
    for (const std::string& name : names_in(folder()))
        if (!ours.contains(name)) complain("'" + name + "' is left");
    for (const std::string& name : names_in(folder() / "store"))
        if (!of_store.contains(name)) complain("'store/" + name + "' is left");
    for (const char* of_the_living : {"tmp", "guards", "marks"})
        for (const std::string& name : names_in(folder() / "store" / of_the_living))
            complain(std::string("'store/") + of_the_living + "/" + name + "' is left");
    const std::uint64_t bytes = bytes_below(folder() / "store");
    if (bytes > most_bytes_left) complain("the store still has " + std::to_string(bytes) + " bytes");
}

}  // namespace ft::drill

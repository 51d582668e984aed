#include "tests/drill/counter_drill.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <regex>
#include <sstream>
#include <utility>

#include "libcore/base/text.h"

namespace ft::drill {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t unit = 1'000'000'000;  // of adds with a key; all adds without one are less together
constexpr int refused = 7, failed = 1;
const std::vector<std::string> places{"a", "b", "c", "d", "e"};

/// Without a last line that was cut off.
std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text.substr(0, text.rfind('\n') + 1));
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

/// Of a line, {"value":5} or 5.
std::optional<std::int64_t> value_of(const std::string& line) {
    static const std::regex pattern(R"re((?:.*"value":)?(-?\d+)(?:[,}].*)?)re");
    std::smatch match;
    if (!std::regex_match(line, match, pattern)) return std::nullopt;
    return std::stoll(match[1]);
}

std::string text_of(std::int64_t number) { return std::to_string(number); }

}  // namespace

CounterDrill::CounterDrill(std::uint64_t seed, Cast cast) : programs_(folder()), chance_(seed), cast_(cast) {
    create();
    for (const char* what : {"add", "pipe", "replicate", "demote", "repair"})
        lasts_[what] = std::chrono::milliseconds(20);
}

void CounterDrill::create() {
    if (cast_ == Cast::memory) {
        segment_ = fmt::format("/ft-drill-{}-{}", ::getpid(), chance_.next());
        (void)must_work("create",
                        {"--shm", segment_, "--exact", "--keys", "65536", "--flush", "10ms", folder() / "flushed"});
        return;
    }
    members_ = cast_ == Cast::members ? std::set<std::string>{"a", "b", "c"} : std::set<std::string>{"a"};
    std::vector<std::string> more{"--threshold", "4"};
    for (const std::string& member : members_) more.insert(more.end(), {"--replica", folder() / member});
    (void)must_work("create", more);
}

/// Queues of replicas that are no more, which none but killed programs have used.
CounterDrill::~CounterDrill() {
    std::error_code ignored;
    if (!segment_.empty()) fs::remove("/dev/shm" + segment_, ignored);
    for (const fs::directory_entry& entry : fs::directory_iterator("/dev/shm"))
        for (const std::string& uuid : uuids_)
            if (entry.path().filename().string().starts_with("ftcounter." + uuid)) fs::remove(entry.path(), ignored);
}

Command CounterDrill::command(const std::string& verb, const std::vector<std::string>& more) const {
    Command command{"ftcounter", verb, folder() / "jobs", "--json"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
}

std::vector<std::string> CounterDrill::round() {
    ruin_one();
    std::vector<Actor> actors = cast();
    std::vector<Part> parts;
    for (Actor& one : actors) {
        one.part.kill_after = lasts_.at(one.what) * static_cast<long>(chance_.below(1100)) / 1000;
        parts.push_back(one.part);
    }
    const std::vector<Played> played = play(programs_, parts);
    under_way_ = 0;
    for (std::size_t i = 0; i < actors.size(); ++i) {
        learn(actors[i], played[i].ran);
        hear(actors[i], played[i]);
    }
    look();
    return std::exchange(complaints_, {});
}

std::vector<CounterDrill::Actor> CounterDrill::cast() {
    std::vector<Actor> actors;
    for (const bool keyed : {false, true, false, true, false, true, false, false}) actors.push_back(one_shot(keyed));
    for (const bool keyed : {false, true, false, true, false}) actors.push_back(pipe(keyed));
    if (cast_ != Cast::members) {
        for (const bool keyed : {false, true, false}) actors.push_back(one_shot(keyed));
    } else {
        for (int i = 0; i < 2; ++i) actors.push_back(change());
        actors.push_back({"repair", {command("repair", {}), {}, {}}, {}});
    }
    for (std::size_t i = actors.size(); i > 1; --i) std::swap(actors[i - 1], actors[chance_.below(i)]);
    return actors;
}

CounterDrill::Add CounterDrill::next_add(bool keyed) {
    const auto amount = static_cast<std::int64_t>(1 + chance_.below(3));
    if (!keyed) return {"", amount};
    if (!unanswered_.empty() && chance_.one_in(2)) {
        const std::string& key = unanswered_[chance_.below(unanswered_.size())];
        return {key, keys_.at(key).amount};
    }
    if (!keys_.empty() && chance_.one_in(8)) {
        const std::string again = "key" + std::to_string(chance_.below(keys_.size()));
        return {again, keys_.at(again).amount};
    }
    const std::string key = "key" + std::to_string(keys_.size());
    keys_[key].amount = amount * unit;
    return {key, amount * unit};
}

CounterDrill::Actor CounterDrill::one_shot(bool keyed) {
    const Add add = next_add(keyed);
    std::vector<std::string> more{text_of(add.amount)};
    if (keyed) more.insert(more.end(), {"--key", add.key});
    return {"add", {command("add", more), {}, {}}, {{add}}};
}

CounterDrill::Actor CounterDrill::pipe(bool keyed) {
    constexpr std::size_t chunks = 30, longest = 5;
    Actor actor{"pipe", {command("pipe", {}), {}, {}}, {}};
    for (std::size_t i = 0; i < chunks; ++i) {
        actor.adds.emplace_back();
        std::string chunk;
        for (std::uint64_t lines = 1 + chance_.below(longest); lines > 0; --lines) {
            const Add add = next_add(keyed);
            actor.adds.back().push_back(add);
            chunk += "add " + text_of(add.amount) + (keyed ? " " + add.key : "") + "\n";
        }
        actor.part.chunks.push_back(chunk);
    }
    return actor;
}

CounterDrill::Actor CounterDrill::change() {
    std::vector<std::string> from;
    const bool more = members_.size() <= 2 || (members_.size() == 3 && chance_.one_in(2));
    for (const std::string& place : places)
        if (members_.contains(place) != more) from.push_back(place);
    const std::string what = more ? "replicate" : "demote";
    return {what, {command(what, {folder() / from[chance_.below(from.size())]}), {}, {}}, {}};
}

/// One of three or more replicas, half of the time.
void CounterDrill::ruin_one() {
    if (members_.size() < 3 || chance_.one_in(2)) return;
    const fs::path replica = folder() / *std::next(members_.begin(), static_cast<long>(chance_.below(members_.size())));
    if (chance_.one_in(2))
        fs::remove(replica);
    else
        std::fstream(replica) << std::string(24 << 10, 'x');
}

/// A kill that met its victim may come later the next time.
void CounterDrill::learn(const Actor& actor, const Ran& ran) {
    std::chrono::nanoseconds& lasts = lasts_.at(actor.what);
    kills_ += ran.killed() ? 1 : 0;
    lasts = ran.killed() ? lasts + lasts / 20 : lasts - lasts / 10;
}

void CounterDrill::hear(const Actor& actor, const Played& played) {
    const Ran& ran = played.ran;
    const bool counts = !actor.adds.empty();
    const std::set<int> may_fail = counts || actor.what == "repair" ? std::set<int>{} : std::set{refused, failed};
    if (!ran.killed() && !ran.ending.succeeded() && !may_fail.contains(ran.ending.code))
        complain(actor.what + " " + ran.ending.text() + ": " + ran.answer);
    if (!counts) return;
    const std::vector<std::string> lines = lines_of(ran.answer);
    std::size_t line = 0;
    for (std::size_t i = 0; i < (actor.what == "add" ? 1 : played.given); ++i) {
        for (const Add& add : actor.adds[i]) {
            if (line < lines.size()) {
                if (const std::optional<std::int64_t> value = value_of(lines[line++]))
                    answered(add, *value);
                else
                    complain(actor.what + " says " + lines[line - 1]);
            } else if (!ran.killed()) {
                complain(actor.what + " told nothing");
            } else if (add.key.empty()) {
                under_way_ += add.amount;
            } else if (!keys_.at(add.key).answer) {
                unanswered_.push_back(add.key);
            }
        }
    }
}

void CounterDrill::answered(const Add& add, std::int64_t value) {
    if (add.key.empty()) {
        acknowledged_ += add.amount;
    } else {
        std::erase(unanswered_, add.key);
        std::optional<std::int64_t>& before = keys_.at(add.key).answer;
        if (before && *before != value) complain(add.key + " was answered in two ways");
        if (std::exchange(before, value)) return;
    }
    if (!values_.insert(value).second) complain(text_of(value) + " was given twice");
}

Ran CounterDrill::must_work(const std::string& verb, const std::vector<std::string>& more) {
    Ran ran = programs_.run(command(verb, more));
    if (!ran.ending.succeeded()) complain(verb + " " + ran.ending.text() + ": " + ran.answer);
    return ran;
}

void CounterDrill::look() {
    const std::optional<std::int64_t> value = value_of(lines_of(must_work("add", {"1"}).answer + "\n").front());
    if (!value) return complain("the next add told nothing");
    answered({"", 1}, *value);
    look_at_sums(*value);
    if (segment_.empty()) look_at_replicas();
}

void CounterDrill::look_at_sums(std::int64_t value) {
    const std::int64_t small = (value % unit + unit) % unit, keyed = value - small;
    if (small < acknowledged_) complain(text_of(acknowledged_ - small) + " was acknowledged and is lost");
    if (small > acknowledged_ + under_way_) complain(text_of(small - acknowledged_ - under_way_) + " is too much");
    acknowledged_ = small;
    std::int64_t least = 0, most = 0;
    for (const auto& [key, asked] : keys_) {
        least += asked.answer ? asked.amount : 0;
        const bool open = std::find(unanswered_.begin(), unanswered_.end(), key) != unanswered_.end();
        most += asked.answer || open ? asked.amount : 0;
    }
    if (keyed < least) complain(text_of((least - keyed) / unit) + " with keys was acknowledged and is lost");
    if (keyed > most) complain(text_of((keyed - most) / unit) + " with keys is too much");
}

void CounterDrill::look_at_replicas() {
    (void)must_work("repair", {});
    members_.clear();
    std::ifstream descriptor(folder() / "jobs");
    for (std::string word; descriptor >> word;)
        if (Uuid::from_hex(word)) uuids_.insert(word);
    static const std::regex sound(R"re(.*"replica":"(?:[^"]*/)?([^"/]*)".*"state":"sound".*)re");
    std::smatch match;
    for (const std::string& line : lines_of(must_work("status", {}).answer))
        if (std::regex_match(line, match, sound)) members_.insert(match[1]);
    for (const fs::directory_entry& entry : fs::directory_iterator(folder())) {
        const std::string name = entry.path().filename();
        if (name == "jobs" || members_.contains(name)) continue;
        static const std::regex half_way(R"re([a-e]|\.(?:[a-e]|jobs)\.ft-new)re");
        if (!std::regex_match(name, half_way)) complain("'" + name + "' is left");
        fs::remove(entry.path());
    }
}

std::vector<std::string> CounterDrill::settle() {
    while (!unanswered_.empty() && complaints_.empty()) {
        const std::string key = unanswered_.back();
        const std::int64_t amount = keys_.at(key).amount;
        const Ran ran = must_work("add", {text_of(amount), "--key", key});
        if (const auto value = value_of(lines_of(ran.answer + "\n").front())) answered({key, amount}, *value);
    }
    under_way_ = 0;
    look();
    return std::exchange(complaints_, {});
}

}  // namespace ft::drill

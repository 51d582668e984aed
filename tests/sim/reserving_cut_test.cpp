// Goal: a branch of a counter or of a checkpoint ends as it was decided, once, whatever the power or a kill does in any
// step of prepare, commit, abort and of what repeats them; nothing of it stays; no sync is there for nothing.
// Method: every cut, each followed by a recovery that is cut too; forget the syncs one kind after the other.
#include "libcore/counter/replica_file.h"
#include "libcore/store/pending.h"
#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/sim/file_scene.h"
#include "tests/sim/planted.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

using twophase::Ack;
using twophase::Participant;
using twophase::Vote;

const Fault no_bug = forgotten(Call::exchange, "none");

/// A kind of participant, and one branch of it.
struct Subject {
    twophase::Kind kind;
    twophase::Spec spec;
    Image start;
    /// What the branch has changed, how often.
    std::uint64_t (*changes)(SimDisk&);
    /// What is left of it.
    std::vector<std::string> (*leftovers)(SimDisk&);
};

// ---- a counter

Image counter_scene() {
    return prepared([](SimDisk& disk) {
        disk.root()->make_dir("c", 0755);
        const auto file = io::open_dir(*disk.root(), "c")->create_file("jobs", 0644);
        counter::State state{.version = {{1, 0}, 1}, .head = {.value = 100}, .annex = {}, .window = {}};
        state.annex.charter.members = {{Uuid{}, "jobs"}};
        counter::ReplicaFile::write_new(*file, {.identity = {.counter = {}, .keys = 16, .created = {}}, .replica = {}},
                                        {1, 0}, state);
    });
}

std::unique_ptr<io::File> replica_of(SimDisk& disk) {
    return io::open_file(*io::open_dir(*disk.root(), "c"), "jobs", io::Access::direct);
}

Subject counting() {
    return {.kind = twophase::counter_kind(),
            .spec = {.kind = "counter", .label = "counter", .fields = {{"path", "/c/jobs"}, {"amount", "5"}}},
            .start = counter_scene(),
            .changes =
                [](SimDisk& disk) {
                    const auto file = replica_of(disk);
                    return static_cast<std::uint64_t>(counter::ReplicaFile(*file).tail().head.value - 100) / 5;
                },
            .leftovers =
                [](SimDisk& disk) {
                    std::vector<std::string> left;
                    const auto file = replica_of(disk);
                    const counter::ReplicaFile replica(*file);
                    for (const counter::Reservation& one : replica.annex().reservations) left.push_back(one.id);
                    return left;
                }};
}

// ---- a checkpoint

/// The store, where there is one.
template <class Look>
auto in_store(SimDisk& disk, Look look) -> decltype(look(std::declval<store::Store&>())) {
    std::unique_ptr<io::Dir> dir = disk.root()->find_dir("store");
    if (!dir || !store::holds_store(*dir)) return {};
    const auto backend = store::directory_backend(std::move(dir), disk.clock());
    store::Store store = store::Store::open(*backend, disk.clock());
    return look(store);
}

Subject saving() {
    return {
        .kind = twophase::ckpt_kind(),
        .spec = {.kind = "ckpt",
                 .label = "ckpt",
                 .fields = {{"name", "app"}, {"path", "/d"}, {"store", "/store"}, {"origin", "d"}}},
        .start = file_scene(),
        .changes =
            [](SimDisk& disk) {
                return in_store(disk, [](store::Store& store) {
                    return static_cast<std::uint64_t>(store.sequences("app").size());
                });
            },
        .leftovers =
            [](SimDisk& disk) { return in_store(disk, [](store::Store& store) { return store::pending(store); }); }};
}

// ---- one branch

std::unique_ptr<Participant> participant_of(const Subject& subject, io::Dir& root, Clock& clock) {
    return subject.kind.make(
        subject.spec, branch_number(1),
        {.locate = [&root](const std::string& path) { return locate_on(root, path); }, .clock = clock, .locks = root});
}

bool was_told(const SimDisk& disk, const std::string& what) {
    const auto& told = disk.acknowledged();
    return std::find(told.begin(), told.end(), what) != told.end();
}

/// As a coordinator, or a recovery, does.
void settle(const Hands& hands, const Subject& subject) {
    const auto participant = participant_of(subject, *hands.root, hands.clock);
    if (!was_told(hands.disk, "done")) {  // else it has ended, durably, and is not asked again
        const bool commit = was_told(hands.disk, "commit");
        const twophase::Settled settled = commit ? participant->commit("") : participant->abort();
        if (settled.ack != Ack::done) throw Failure({.what = "not settled", .why = settled.why});
        hands.disk.acknowledge("done");
    }
    if (participant->keeps_witness() && participant->forget().ack != Ack::done)
        throw Failure({.what = "not forgotten"});
}

Act transacting(const Subject& subject, const std::string& decision) {
    return [=](const Hands& hands) {
        if (participant_of(subject, *hands.root, hands.clock)->prepare().vote != Vote::yes)
            throw Failure({.what = "not prepared"});
        hands.disk.acknowledge(decision);
        settle(hands, subject);
    };
}

Act settling(const Subject& subject) {
    return [=](const Hands& hands) { settle(hands, subject); };
}

/// What is wrong once the branch was settled and the power was cut again.
std::function<Complaints(SimDisk&)> complaints_of(const Subject& subject) {
    return [=](SimDisk& disk) -> Complaints {
        const std::uint64_t wanted = was_told(disk, "commit") ? 1 : 0;
        if (was_told(disk, "done") && subject.changes(disk) != wanted) return {"what was done is not there"};
        SimDisk copy(disk.image(), 1);
        try {
            settle(hands_of(copy), subject);
            copy.power_cut(0);
            if (copy.root()->find_dir("store")) verify(hands_of(copy));
        } catch (const Failure& failure) {
            return {failure.what()};
        }
        if (subject.changes(copy) != wanted) return {"changed " + std::to_string(subject.changes(copy)) + " times"};
        if (const auto left = subject.leftovers(copy); !left.empty()) return {"left: " + left.front()};
        return {};
    };
}

void check_cuts(const Subject& subject, const std::string& decision) {
    const auto complaints = complaints_of(subject);
    const Act act = transacting(subject, decision);
    const Check check = [&](Rebooted& disk) {
        CHECK(complaints(disk) == none);
        const Scenario recovery = [&](SimDisk& again) { settle(hands_of(again), subject); };
        const Check still = [&](Rebooted& again) { CHECK(complaints(again) == none); };
        (void)for_every_cut(recovery, still,
                            {.start = disk.image(), .seed = disk.seed(), .survivals = 1, .moments = 4});
    };
    const CutCount count = for_every_told_cut([&](SimDisk& disk) { act(hands_of(disk)); }, check,
                                              {.start = subject.start, .seed = 3, .survivals = 3});
    CHECK(count.steps >= 6);
}

/// Each of these, forgotten, is found.
void check_found(const Subject& subject, const std::string& decision,
                 const std::vector<std::pair<Call, std::string>>& syncs) {
    const Act act = transacting(subject, decision);
    CHECK_FALSE(found_by_cuts(subject.start, act, no_bug, complaints_of(subject)));
    for (const auto& [call, path] : syncs) {
        INFO("forgotten: " << name_of(call) << " of '" << path << "' in a " << decision);
        CHECK(found_by_cuts(subject.start, act, forgotten(call, path), complaints_of(subject)));
    }
}

void check_kills(const Subject& subject) {
    const auto complaints = complaints_of(subject);
    for (const std::string decision : {"commit", "abort"})
        CHECK(for_every_kill_and_cut(transacting(subject, decision), settling(subject),
                                     [&](SimDisk& disk) { CHECK(complaints(disk) == none); },
                                     {.start = subject.start, .seed = 9, .survivals = 1, .moments = 6}) > 50);
}

}  // namespace

TEST_CASE("a branch of a counter cut at any step, and cut again while it recovers, counts once or not at all",
          "[twophase][sim]") {
    for (const std::string decision : {"commit", "abort"}) check_cuts(counting(), decision);
}
TEST_CASE("a branch of a counter killed at any step and then cut ends as it was decided", "[twophase][sim]") {
    check_kills(counting());
}
TEST_CASE("a branch of a counter that is not synced is found", "[twophase][sim]") {
    check_found(counting(), "commit", {{Call::sync, "c/jobs"}});
}

TEST_CASE("a branch of a checkpoint cut at any step, and cut again while it recovers, is saved once or not at all",
          "[twophase][sim]") {
    for (const std::string decision : {"commit", "abort"}) check_cuts(saving(), decision);
}
TEST_CASE("a branch of a checkpoint killed at any step and then cut ends as it was decided", "[twophase][sim]") {
    check_kills(saving());
}
TEST_CASE("each sync of a branch of a checkpoint is needed", "[twophase][sim]") {
    check_found(saving(), "commit",
                {{Call::sync, "**"},
                 {Call::sync_dir, "store/pending"},
                 {Call::sync_dir, "store/checkpoints/app"},
                 {Call::sync_dir, "store/index"}});
    check_found(saving(), "abort", {{Call::sync_dir, "store/pending"}});
}

}  // namespace ft::sim

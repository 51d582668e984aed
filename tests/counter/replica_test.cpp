// Goal: a replica on this machine answers each request as its protocol says, and every failure of it is an answer.
// Method: the simulated disk; other processes are other replicas of the same name.
#include "libcore/counter/replica.h"

#include "libcore/base/failure.h"
#include "libcore/io/posix.h"
#include "libcore/sim/disk.h"
#include "tests/catch.h"
#include "tests/counter/samples.h"
#include "tests/io/scratch.h"

namespace ft::counter {

namespace {

using Kind = Reply::Kind;
using Ask = Request::Kind;

Request installing(const State& state, const Ballot& ballot = {1, 0}) {
    return {.kind = Ask::install, .ballot = ballot, .epoch = 7, .state = state, .header = header()};
}

Request accepting(const Change& change, std::uint64_t epoch = 7) {
    return {.kind = Ask::accept,
            .ballot = change.next.ballot,
            .epoch = epoch,
            .change = std::make_shared<const Change>(change)};
}

/// A disk with a locked replica "r" in its root; further ones are further processes.
struct Scene {
    explicit Scene(const State& from = zero()) : ledger(ledger_of(from)) {
        CHECK(replica.try_lock());
        CHECK(replica.handle(installing(from)).kind == Kind::sound);
        replica.unlock();  // it was locked under the name that it was made with
        CHECK(replica.try_lock());
    }
    [[nodiscard]] LocalReplica another() { return {disk.root(2), "r"}; }
    Reply ask(Ask kind) { return replica.handle({.kind = kind, .epoch = 7}); }
    Change next(const Operation& operation = add(1)) {
        (void)ledger.apply(operation);
        return next_change(ledger);
    }
    void damage() {
        for (const std::uint64_t block : {2, 3, 4, 5}) disk.flip_bit("r", block * block_size + 9, 1);
    }

    sim::SimDisk disk;
    Ledger ledger;
    LocalReplica replica{disk.root(1), "r"};
};

}  // namespace

TEST_CASE("a replica says how it stands", "[counter]") {
    Scene scene(state(300, 2));
    const Reply reply = scene.ask(Ask::look);
    CHECK(reply.kind == Kind::sound);
    REQUIRE(reply.standing);
    CHECK(reply.standing->header.replica == header().replica);
    CHECK(reply.standing->version == state().version);
    CHECK(reply.standing->head == state(300).head);
    CHECK(reply.standing->annex == annex(2));
    CHECK(reply.standing->promise == state().version.ballot);
    CHECK(reply.standing->on_disk);
    CHECK_FALSE(reply.keys);
    CHECK(scene.ask(Ask::keys).keys == window(0, 300));
    CHECK(scene.ask(Ask::inspect).kind == Kind::sound);
}

TEST_CASE("a replica takes the change that follows its state, once", "[counter]") {
    Scene scene;
    const Change first = scene.next();
    const Reply reply = scene.replica.handle(accepting(first));
    CHECK(reply.kind == Kind::sound);
    CHECK(reply.standing->version == first.next);
    CHECK(reply.standing->head.value == 1);
    CHECK(scene.replica.handle(accepting(first)).kind == Kind::behind);
    (void)scene.next();
    const Reply behind = scene.replica.handle(accepting(scene.next()));
    CHECK(behind.kind == Kind::behind);
    CHECK(behind.standing->head.value == 1);
}

TEST_CASE("a promise holds: no write and no promise under a lower ballot, also by the next process", "[counter]") {
    Scene scene;
    const auto prepare = [](LocalReplica& replica, Ballot ballot) {
        return replica.handle({.kind = Ask::prepare, .ballot = ballot, .epoch = 7}).kind;
    };
    CHECK(prepare(scene.replica, {5, 3}) == Kind::sound);
    CHECK(prepare(scene.replica, {5, 3}) == Kind::sound);
    CHECK(prepare(scene.replica, {5, 2}) == Kind::refused);
    const Reply refused = scene.replica.handle(accepting(scene.next()));
    CHECK(refused.kind == Kind::refused);
    CHECK(refused.standing->promise == Ballot{5, 3});
    scene.replica.unlock();
    LocalReplica other = scene.another();
    CHECK(other.try_lock());
    CHECK(prepare(other, {4, 9}) == Kind::refused);
    CHECK(prepare(other, {6, 0}) == Kind::sound);
}

TEST_CASE("who goes by an older charter is refused", "[counter]") {
    Scene scene;
    CHECK(scene.replica.handle(accepting(scene.next(), 6)).kind == Kind::refused);
    CHECK(scene.replica.handle({.kind = Ask::prepare, .ballot = {9, 9}, .epoch = 6}).kind == Kind::refused);
    Request old = installing(zero());
    old.epoch = 6;
    CHECK(scene.replica.handle(old).kind == Kind::refused);
}

TEST_CASE("a change that cannot be is refused, and nothing is written", "[counter]") {
    Scene scene;
    (void)scene.ask(Ask::look);
    const std::uint64_t steps = scene.disk.steps();
    Change lies = scene.next();
    lies.head.keyed = 5;
    CHECK(scene.replica.handle(accepting(lies)).kind == Kind::failed);
    Change back = lies;
    back.head.keyed = 0;
    back.next = back.base;
    CHECK(scene.replica.handle(accepting(back)).kind == Kind::failed);
    CHECK(scene.disk.steps() == steps);
    CHECK(scene.ask(Ask::look).kind == Kind::sound);
}

TEST_CASE("a replica that is not there says so, and is made by an install with a header", "[counter]") {
    sim::SimDisk disk;
    LocalReplica replica(disk.root(), "r");
    CHECK(replica.try_lock());
    CHECK(replica.handle({.kind = Ask::look}).kind == Kind::missing);
    Request without = installing(state(5));
    without.header.reset();
    CHECK(replica.handle(without).kind == Kind::missing);
    CHECK(replica.handle(installing(state(5))).kind == Kind::sound);
    CHECK(replica.handle({.kind = Ask::keys}).keys == window(0, 5));
    LocalReplica other(disk.root(), "r");
    CHECK_FALSE(other.try_lock());  // it is locked from its first moment
}

TEST_CASE("an install takes a replica forward, never back, and keeps its promise", "[counter]") {
    Scene scene;
    State ahead = state(300, 1);
    CHECK(scene.replica.handle(installing(ahead, {9, 9})).kind == Kind::sound);
    CHECK(scene.ask(Ask::keys).keys == window(0, 300));
    CHECK(scene.ask(Ask::look).standing->promise == Ballot{9, 9});
    CHECK(scene.replica.handle(installing(ahead, {9, 8})).kind == Kind::refused);
    CHECK(scene.replica.handle(installing(zero(), {10, 0})).kind == Kind::refused);
    CHECK(scene.replica.handle(installing(ahead, {10, 0})).kind == Kind::sound);  // the same state again
    Request other = installing(ahead, {11, 0});
    other.header->replica = uuid(55);
    CHECK(scene.replica.handle(other).kind == Kind::refused);
    CHECK(scene.ask(Ask::look).standing->version == ahead.version);
}

TEST_CASE("a damaged replica has no vote until a state is installed, in a new file", "[counter]") {
    Scene scene;
    scene.replica.unlock();
    scene.damage();
    CHECK(scene.replica.try_lock());
    const Reply damaged = scene.ask(Ask::look);
    CHECK(damaged.kind == Kind::damaged);
    CHECK_FALSE(damaged.is_sound());
    CHECK(damaged.why == "its newest commit is damaged");
    CHECK(scene.replica.handle(accepting(scene.next())).kind == Kind::damaged);
    CHECK(scene.replica.handle({.kind = Ask::prepare, .ballot = {9, 9}, .epoch = 7}).kind == Kind::damaged);
    Request without = installing(state(5));
    without.header.reset();
    CHECK(scene.replica.handle(without).kind == Kind::damaged);
    CHECK(scene.replica.handle(installing(state(5))).kind == Kind::sound);
    CHECK(scene.ask(Ask::inspect).kind == Kind::sound);
    CHECK(scene.disk.root()->list().size() == 1);
}

TEST_CASE("an inspection reads the disk and not memory", "[counter]") {
    Scene scene(state(300));
    CHECK(scene.ask(Ask::look).kind == Kind::sound);
    scene.damage();
    CHECK(scene.ask(Ask::look).kind == Kind::sound);
    CHECK(scene.ask(Ask::inspect).kind == Kind::damaged);
}

TEST_CASE("what a killed repair left under the hidden name is used again", "[counter]") {
    Scene scene;
    scene.disk.root()->create_file(".r.ft-new", 0600)->write_at(view_of(std::string(3'000'000, 'x')), 0);
    CHECK(scene.replica.handle(installing(state(5))).kind == Kind::sound);
    CHECK(scene.disk.root()->list().size() == 1);
    scene.replica.unlock();
    CHECK(scene.replica.try_lock());
    CHECK(scene.ask(Ask::keys).keys == window(0, 5));
    CHECK(scene.disk.root()->stat("r")->mode == 0666);  // as the replica that it replaces
}

TEST_CASE("two that make the same replica anew do not disturb each other", "[counter]") {
    Scene scene;
    const auto hidden = scene.disk.root(2)->create_file(".r.ft-new", 0600);
    CHECK(hidden->try_lock(io::Lock::exclusive));
    CHECK(scene.replica.handle(installing(state(5))).kind == Kind::busy);
    CHECK(scene.ask(Ask::look).standing->version == zero().version);

    sim::SimDisk disk;
    LocalReplica first(disk.root(1), "r"), second(disk.root(2), "r");
    CHECK((first.try_lock() && second.try_lock()));  // there is nothing yet
    CHECK(first.handle(installing(state(5))).kind == Kind::sound);
    CHECK(second.handle(installing(state(6))).kind == Kind::busy);
    CHECK(first.handle({.kind = Ask::keys}).keys == window(0, 5));
}

TEST_CASE("one process at a time holds a replica, also where it was replaced under another's hands", "[counter]") {
    Scene scene;
    LocalReplica other = scene.another();
    CHECK_FALSE(other.try_lock());
    CHECK(scene.replica.handle(installing(state(5))).kind == Kind::sound);  // another file has the name
    CHECK_FALSE(other.try_lock());
    scene.replica.unlock();
    CHECK(other.try_lock());
    CHECK(other.handle({.kind = Ask::keys}).keys == window(0, 5));
    CHECK_FALSE(scene.replica.try_lock());
    scene.disk.kill(2);
    CHECK_THROWS_AS(other.handle({.kind = Ask::inspect}).kind, sim::Killed);
    CHECK(scene.replica.try_lock());
}

TEST_CASE("what another process has committed is seen after the lock is taken again", "[counter]") {
    Scene scene;
    scene.replica.unlock();
    LocalReplica other = scene.another();
    CHECK(other.try_lock());
    CHECK(other.handle(accepting(scene.next())).kind == Kind::sound);
    other.unlock();
    CHECK(scene.replica.try_lock());
    CHECK(scene.ask(Ask::look).standing->head.value == 1);
}

TEST_CASE("a replica whose disk has failed says nothing more for the life of the process", "[counter]") {
    Scene scene;
    scene.disk.fail({.call = sim::Call::sync, .path = "r", .error = EIO});
    const Reply failed = scene.replica.handle(accepting(scene.next()));
    CHECK(failed.kind == Kind::failed);
    CHECK(failed.why == "Input/output error");
    CHECK(scene.ask(Ask::look).kind == Kind::failed);
    CHECK(scene.replica.handle(installing(state(5))).kind == Kind::failed);
    scene.replica.unlock();
    CHECK(scene.replica.try_lock());
    CHECK(scene.ask(Ask::look).kind == Kind::failed);
    LocalReplica next = scene.another();
    scene.replica.unlock();
    CHECK(next.try_lock());
    CHECK(next.handle({.kind = Ask::look}).kind == Kind::sound);  // another process reads what the disk has
}

TEST_CASE("a replica that cannot be opened answers that it failed", "[counter]") {
    sim::SimDisk disk;
    disk.root()->make_dir("r", 0755);
    LocalReplica replica(disk.root(), "r");
    CHECK(replica.try_lock());
    const Reply reply = replica.handle({.kind = Ask::look});
    CHECK(reply.kind == Kind::failed);
    CHECK(reply.why == "Is a directory");
}

TEST_CASE("a replica lives on the machine's own disk and in its memory as on the simulated one", "[counter]") {
    for (const std::filesystem::path& place : {std::filesystem::temp_directory_path(), {"/dev/shm"}}) {
        const ScratchFolder scratch(place);
        const auto local = [&] { return LocalReplica(io::open_root(scratch.path()), "r"); };
        LocalReplica replica = local();
        CHECK(replica.try_lock());
        CHECK(replica.handle(installing(state(300, 2))).kind == Kind::sound);
        CHECK_FALSE(local().try_lock());
        Ledger ledger = ledger_of(state(300, 2));
        for (std::uint64_t round = 0; round < 5; ++round) {
            for (std::uint64_t n = 0; n < 100; ++n) (void)ledger.apply(add(1, 1000 * round + n));
            (void)ledger.apply(on(Operation::Kind::reserve, std::to_string(round), 1));
            CHECK(replica.handle(accepting(next_change(ledger))).kind == Kind::sound);
        }
        replica.unlock();
        LocalReplica again = local();
        CHECK(again.try_lock());
        const Reply reply = again.handle({.kind = Ask::keys});
        CHECK(reply.standing->head == ledger.head());
        CHECK(reply.standing->annex == ledger.annex());
        CHECK(reply.standing->on_disk == io::open_root(scratch.path())->on_disk());
        CHECK(reply.keys == ledger.state().window);
        CHECK(again.handle({.kind = Ask::remove, .header = header()}).kind == Kind::missing);
    }
}

TEST_CASE("a replica that is removed is gone", "[counter]") {
    Scene scene;
    CHECK(scene.replica.handle({.kind = Ask::remove, .header = header()}).kind == Kind::missing);
    CHECK(scene.ask(Ask::look).kind == Kind::missing);
    CHECK(scene.disk.root()->list().empty());
}

TEST_CASE("another replica, or what cannot be told, is not removed", "[counter]") {
    Scene scene;
    Header other = header();
    other.replica = uuid(55);
    CHECK(scene.replica.handle({.kind = Ask::remove, .header = other}).kind == Kind::damaged);
    CHECK(scene.ask(Ask::remove).kind == Kind::damaged);
    for (const std::uint64_t block : {0, 1}) scene.disk.flip_bit("r", block * block_size + 9, 1);
    CHECK(scene.replica.handle({.kind = Ask::remove, .header = header()}).kind == Kind::damaged);
    CHECK(scene.disk.root()->list().size() == 1);
}

}  // namespace ft::counter

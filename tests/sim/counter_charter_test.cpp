// Goal: who counts is told by the newest state, whoever holds it: a replica that was demoted in it too.
// Method: three replicas as a demote leaves them that was cut off in its last commit; then the next add. A coordinator
// that lets go of the former member while it looks (as it once did) goes by one charter and writes another.
#include "tests/catch.h"
#include "tests/sim/counter_world.h"

namespace ft::sim {

namespace {

using counter::Charter;
using counter::Operation;
using counter::Request;
using counter::State;

const std::vector<std::string> three{"r1", "r2", "r3"};

/// Puts this state into a replica, as a coordinator would that leads.
void put(SimDisk& disk, const std::string& place, const State& state) {
    counter::LocalReplica replica(disk.root(), place);
    REQUIRE(replica.try_lock());
    const Request install{.kind = Request::Kind::install,
                          .ballot = state.version.ballot,
                          .epoch = state.annex.charter.epoch,
                          .state = state};
    REQUIRE(replica.handle(install).kind == counter::Reply::Kind::sound);
}

State state_of(std::uint64_t sequence, std::int64_t value, Charter charter) {
    State state{.version = {.ballot = {.number = 2}, .sequence = sequence}, .annex = {.charter = std::move(charter)}};
    state.head.value = value;
    return state;
}

}  // namespace

TEST_CASE("a former member that holds the newest state is believed", "[counter][sim]") {
    SimDisk disk(counter_image(three), 1);
    const Charter all = hint_of(three), two = hint_of({"r1", "r2"});
    const Charter under_way{.epoch = 2, .members = two.members, .former = all.members};
    const Charter last{.epoch = 3, .members = two.members, .former = {}};
    for (const char* place : {"r1", "r2"}) put(disk, place, state_of(1, 10, under_way));
    put(disk, "r3", state_of(2, 11, last));  // who was demoted has it, and no other

    SimWiring wiring({.root = [&] { return disk.root(); }, .clock = disk.clock()});
    counter::Counter counter(wiring, disk.clock(), "c", all, simulated_patience());
    const Operation add{.kind = Operation::Kind::add, .amount = 1};
    CHECK(counter.run({&add, 1}).front().value == 12);
    CHECK(counter.charter() == counter.ledger().annex().charter);
    CHECK(counter.charter() == last);
    CHECK(counter.absent().empty());
}

}  // namespace ft::sim

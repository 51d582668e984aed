#include "tests/conformance/participant_suite.h"

#include "tests/catch.h"

namespace ft::conformance {

namespace {

using twophase::Ack;
using twophase::Settled;
using twophase::Vote;
using twophase::Voted;

constexpr unsigned most_steps = 200;

Branch branch_number(std::uint32_t sequence) {
    Uuid coordinator;
    coordinator.bytes[0] = std::byte{0xc0};
    return {coordinator, 0x1234, sequence, 3};
}

struct Promise {
    std::string_view words;
    void (*check)(TestedKind& kind);
};

/// The token of its yes.
std::string prepare(TestedKind& kind, const Branch& branch, unsigned object) {
    const Voted voted = kind.make(branch, object)->prepare();
    INFO(voted.why);
    REQUIRE(voted.vote == Vote::yes);
    return voted.token;
}

void check_done(const Settled& settled) {
    INFO(settled.why);
    CHECK(settled.ack == Ack::done);
}

void commit(TestedKind& kind, const Branch& branch, unsigned object, const std::string& token) {
    check_done(kind.make(branch, object)->commit(token));
}
void abort(TestedKind& kind, const Branch& branch, unsigned object) { check_done(kind.make(branch, object)->abort()); }

/// Everything that a coordinator does once a branch has been decided and has ended.
void forget(TestedKind& kind, const Branch& branch, unsigned object) {
    const auto participant = kind.make(branch, object);
    if (participant->keeps_witness()) check_done(participant->forget());
}

void check_no_trace(TestedKind& kind) { CHECK(kind.traces() == std::vector<std::string>{}); }

void check_commit(TestedKind& kind) {
    const std::string token = prepare(kind, branch_number(1), 0);
    CHECK(token.size() <= 4096);
    CHECK(kind.changes(0) == 0);
    commit(kind, branch_number(1), 0, token);
    CHECK(kind.changes(0) == 1);
    forget(kind, branch_number(1), 0);
    check_no_trace(kind);
}

void check_same_object(TestedKind& kind) {
    const auto participant = kind.make(branch_number(1), 0);
    const Voted voted = participant->prepare();
    REQUIRE(voted.vote == Vote::yes);
    check_done(participant->commit(voted.token));
    check_done(participant->commit(voted.token));
    CHECK(kind.changes(0) == 1);
    const auto other = kind.make(branch_number(2), 1);
    REQUIRE(other->prepare().vote == Vote::yes);
    check_done(other->abort());
    check_done(other->abort());
    CHECK(kind.changes(1) == 0);
}

void check_commit_again(TestedKind& kind) {
    const std::string token = prepare(kind, branch_number(1), 0);
    for (int times = 0; times < 3; ++times) commit(kind, branch_number(1), 0, token);
    CHECK(kind.changes(0) == 1);
    forget(kind, branch_number(1), 0);
    forget(kind, branch_number(1), 0);
    check_no_trace(kind);
}

void check_abort(TestedKind& kind) {
    (void)prepare(kind, branch_number(1), 0);
    for (int times = 0; times < 3; ++times) abort(kind, branch_number(1), 0);
    CHECK(kind.changes(0) == 0);
    check_no_trace(kind);
}

void check_abort_of_unknown(TestedKind& kind) {
    abort(kind, branch_number(1), 0);
    const std::string token = prepare(kind, branch_number(2), 0);
    abort(kind, branch_number(1), 0);  // takes nothing of the other
    abort(kind, branch_number(3), 0);
    commit(kind, branch_number(2), 0, token);
    CHECK(kind.changes(0) == 1);
    abort(kind, branch_number(1), 0);
    CHECK(kind.changes(0) == 1);
}

void check_commit_of_unknown(TestedKind& kind) { CHECK(kind.make(branch_number(1), 0)->commit("").ack != Ack::done); }

void check_side_by_side(TestedKind& kind) {
    const std::string first = prepare(kind, branch_number(1), 0), second = prepare(kind, branch_number(2), 1);
    (void)prepare(kind, branch_number(3), 2);
    commit(kind, branch_number(2), 1, second);
    abort(kind, branch_number(3), 2);
    CHECK(kind.changes(0) == 0);
    CHECK(kind.changes(1) == 1);
    CHECK(kind.changes(2) == 0);
    commit(kind, branch_number(1), 0, first);
    CHECK(kind.changes(0) == 1);
    forget(kind, branch_number(1), 0);
    forget(kind, branch_number(2), 1);
    check_no_trace(kind);
}

void check_same_name(TestedKind& kind) {
    const std::string first = prepare(kind, branch_number(1), 0);
    const Voted second = kind.make(branch_number(2), 0)->prepare();
    if (kind.is_exclusive()) {
        CHECK(second.vote == Vote::no);
        CHECK(second.why.find(branch_number(1).id()) != std::string::npos);
        abort(kind, branch_number(2), 0);  // takes nothing of the first
        abort(kind, branch_number(1), 0);
        commit(kind, branch_number(3), 0, prepare(kind, branch_number(3), 0));
        CHECK(kind.changes(0) == 1);
        forget(kind, branch_number(3), 0);
    } else {
        CHECK(second.vote == Vote::yes);
        commit(kind, branch_number(2), 0, second.token);
        CHECK(kind.changes(0) == 1);
        commit(kind, branch_number(1), 0, first);
        CHECK(kind.changes(0) == 2);
    }
    forget(kind, branch_number(1), 0);
    forget(kind, branch_number(2), 0);
    check_no_trace(kind);
}

void check_fence_of_nothing(TestedKind& kind) {
    check_done(kind.make(branch_number(1), 0)->fence());
    const std::string token = prepare(kind, branch_number(1), 0);
    check_done(kind.make(branch_number(1), 0)->fence());
    commit(kind, branch_number(1), 0, token);
    CHECK(kind.changes(0) == 1);
}

void check_interrupted(TestedKind& kind) {
    const auto participant = kind.make(branch_number(1), 0);
    participant->interrupt();
    const Voted voted = participant->prepare();  // it may also have been too quick for that
    if (voted.vote != Vote::no && voted.vote != Vote::read_only) check_done(participant->abort());
    CHECK(kind.changes(0) == 0);
    check_no_trace(kind);
}

/// What a recovery does with a branch whose coordinator has died.
void recover(TestedKind& kind, const Branch& branch, const std::function<Settled(Participant&)>& settle) {
    const auto participant = kind.make(branch, 0);
    check_done(participant->fence());
    check_done(settle(*participant));
    if (participant->keeps_witness()) check_done(participant->forget());
    check_no_trace(kind);
}

void check_killed_prepare(TestedKind& kind) {
    unsigned step = 0;
    for (; step < most_steps && kind.kill_in(Stage::prepare, branch_number(step), 0, step); ++step) {
        INFO("killed in prepare at step " << step);
        recover(kind, branch_number(step), [](Participant& p) { return p.abort(); });
        CHECK(kind.changes(0) == 0);
    }
    CHECK(step > 2);
    recover(kind, branch_number(step), [](Participant& p) { return p.abort(); });
    const std::string token = prepare(kind, branch_number(step + 1), 0);
    commit(kind, branch_number(step + 1), 0, token);
    CHECK(kind.changes(0) == 1);
}

void check_killed_abort(TestedKind& kind) {
    bool killed = true;
    unsigned step = 0;
    for (; killed && step < most_steps; ++step) {
        (void)prepare(kind, branch_number(step), 0);
        killed = kind.kill_in(Stage::abort, branch_number(step), 0, step);
        INFO("killed in abort at step " << step);
        recover(kind, branch_number(step), [](Participant& p) { return p.abort(); });
        CHECK(kind.changes(0) == 0);
    }
    CHECK(step > 2);
}

/// In worlds of their own: a commit leaves its change.
void check_killed_commit(const MakeKind& make) {
    bool killed = true;
    unsigned step = 0;
    for (; killed && step < most_steps; ++step) {
        const std::unique_ptr<TestedKind> kind = make();
        const std::string token = prepare(*kind, branch_number(1), 0);
        killed = kind->kill_in(Stage::commit, branch_number(1), 0, step);
        INFO("killed in commit at step " << step);
        recover(*kind, branch_number(1), [&](Participant& p) { return p.commit(token); });
        CHECK(kind->changes(0) == 1);
    }
    CHECK(step > 2);
}

constexpr Promise promises[] = {
    {"a branch that is prepared and committed has changed its object once", check_commit},
    {"one object in memory serves a branch from its prepare to its end", check_same_object},
    {"committing again changes nothing more", check_commit_again},
    {"a branch that is prepared and aborted, once or again, has changed nothing", check_abort},
    {"aborting a branch that never was is done, and disturbs no other", check_abort_of_unknown},
    {"committing a branch that never was is never done", check_commit_of_unknown},
    {"branches on separate objects do not meet", check_side_by_side},
    {"two branches on one object both count, or the second is refused by name", check_same_name},
    {"fencing where nothing runs is done", check_fence_of_nothing},
    {"a prepare that is interrupted ends, and can be aborted by the same object", check_interrupted},
    {"a prepare whose coordinator is killed at any step can be aborted", check_killed_prepare},
    {"an abort whose coordinator is killed at any step can be repeated", check_killed_abort},
};

}  // namespace

void keep_participant_promises(const MakeKind& make) {
    for (const Promise& promise : promises) DYNAMIC_SECTION(promise.words) {
            promise.check(*make());
        }
    SECTION("a commit whose coordinator is killed at any step can be repeated") { check_killed_commit(make); }
}

}  // namespace ft::conformance

// Goal: however coordinators of one counter race, on one host and on several, with messages lost and late and processes
// killed anywhere, what their users see is one counter that does one thing after the other, and loses nothing.
// Method: simulated processes that take turns as the seed says (counter_world.h); every answer is written down and the
// whole history is checked (counter_history.h). Then mistakes are planted: each has to be found.
#include "tests/sim/counter_race.h"
#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/sim/planted.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

using counter::LocalReplica;
using counter::Reply;
using counter::Request;

const std::vector<std::string> nothing;

/// A replica that makes one mistake.
class Mistaken final : public counter::Replica {
public:
    using Answer = std::function<Reply(LocalReplica& replica, const Request& request)>;
    Mistaken(std::unique_ptr<LocalReplica> replica, Answer answer)
        : replica_(std::move(replica)), answer_(std::move(answer)) {}
    Reply handle(const Request& request) override { return answer_(*replica_, request); }

private:
    std::unique_ptr<LocalReplica> replica_;
    Answer answer_;
};

Disguise mistaken(const Mistaken::Answer& answer) {
    return
        [=](std::unique_ptr<LocalReplica> replica) { return std::make_unique<Mistaken>(std::move(replica), answer); };
}

/// Whether some race brings a complaint, or a failure at the last look.
bool is_found(const Race& race) {
    for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
        try {
            if (!complaints_about_race(race, seed).empty()) return true;
        } catch (const Failure&) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("processes of one host that use a counter of three replicas see one counter", "[counter][sim]") {
    for_every_seed(1000, [&](std::uint64_t seed) {
        CHECK(complaints_about_race({.loss_percent = 0, .several_hosts = false}, seed) == nothing);
    });
}

TEST_CASE("coordinators on several hosts, with lost and late messages, see one counter", "[counter][sim]") {
    for_every_seed(1000, [&](std::uint64_t seed) {
        CHECK(complaints_about_race({.loss_percent = static_cast<unsigned>(seed % 4) * 6}, seed) == nothing);
    });
}

TEST_CASE("members come and go while coordinators race", "[counter][sim]") {
    for_every_seed(1000, [&](std::uint64_t seed) {
        const Race race{.loss_percent = static_cast<unsigned>(seed % 3) * 6,
                        .several_hosts = seed % 2 == 0,
                        .changes_members = true};
        CHECK(complaints_about_race(race, seed) == nothing);
    });
}

TEST_CASE("a promise that a replica forgets is found", "[counter][sim]") {
    CHECK(is_found({.disguise = mistaken([](LocalReplica& replica, const Request& request) {
                        if (request.kind != Request::Kind::prepare) return replica.handle(request);
                        Reply reply = replica.handle({.kind = Request::Kind::look});
                        if (reply.standing && reply.standing->promise < request.ballot)
                            reply.standing->promise = request.ballot;
                        return reply;
                    })}));
}

TEST_CASE("a replica that takes writes below its promise is found", "[counter][sim]") {
    CHECK(is_found({.disguise = mistaken([](LocalReplica& replica, const Request& request) {
                        if (request.kind != Request::Kind::accept) return replica.handle(request);
                        const Reply now = replica.handle({.kind = Request::Kind::look});
                        counter::Change raised = *request.change;
                        if (now.standing) raised.next.ballot = std::max(raised.next.ballot, now.standing->promise);
                        Request higher = request;
                        higher.change = std::make_shared<const counter::Change>(std::move(raised));
                        Reply reply = replica.handle(higher);
                        if (reply.kind == Reply::Kind::sound) reply.standing->version = request.change->next;
                        return reply;
                    })}));
}

TEST_CASE("a replica that says it has taken a write and has not is found", "[counter][sim]") {
    CHECK(is_found({.disguise = mistaken([](LocalReplica& replica, const Request& request) {
                        const bool lies = request.kind == Request::Kind::accept && replica.path().ends_with("r2");
                        Reply reply = replica.handle(lies ? Request{.kind = Request::Kind::look} : request);
                        if (lies && reply.standing) reply.standing->version = request.change->next;
                        return reply;
                    })}));
}

TEST_CASE("locks that do not lock are found", "[counter][sim]") {
    CHECK(is_found({.loss_percent = 0, .several_hosts = false, .faults = {forgotten(Call::lock, "**")}}));
}

}  // namespace ft::sim

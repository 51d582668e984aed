#include "tests/sim/counter_world.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/sim/cuts.h"

namespace ft::sim {

using namespace std::chrono_literals;
using counter::LocalReplica;
using counter::Reply;
using counter::Request;

namespace {

class SimLink final : public counter::Link {
public:
    SimLink(Clock& clock, Network& network, std::string replica)
        : clock_(clock), network_(network), replica_(std::move(replica)), id_(network.open()) {}
    void ask(Request request) override { network_.ask(id_, replica_, encode(request), clock_.monotonic()); }
    std::optional<Reply> take() override { return network_.take(id_, clock_.monotonic()); }
    LocalReplica* local() override { return nullptr; }

private:
    Clock& clock_;
    Network& network_;
    std::string replica_;
    Network::LinkId id_;
};

/// Between looks at what has changed: each turn of the world costs time.
class Pause {
public:
    std::chrono::nanoseconds next() {
        return std::exchange(length_, std::min<std::chrono::nanoseconds>(2 * length_, 32ms));
    }

private:
    std::chrono::nanoseconds length_ = 1ms;
};

std::unique_ptr<counter::Replica> as_it_is(std::unique_ptr<LocalReplica> replica) { return replica; }

}  // namespace

std::chrono::nanoseconds Network::some_delay() {
    if (chance_.percent(loss_percent_)) return chance_.below(2000) * 1ms;  // later than anybody waits
    return chance_.below(4) * 1ms;
}

void Network::ask(LinkId link, const std::string& replica, Bytes request, std::chrono::nanoseconds now) {
    Side& side = sides_[link];
    ++side.asked;
    side.gives_up = now + (20 + chance_.below(400)) * 1ms;
    if (chance_.percent(loss_percent_)) return;
    requests_[replica].push_back({link, side.asked, std::move(request), now + some_delay()});
}

std::optional<Network::Message> Network::next_for(const std::string& replica, std::chrono::nanoseconds now,
                                                  bool drain) {
    std::vector<Message>& waiting = requests_[replica];
    std::vector<std::size_t> due;
    for (std::size_t i = 0; i < waiting.size(); ++i)
        if (drain || waiting[i].due <= now) due.push_back(i);
    if (due.empty()) return std::nullopt;
    const auto chosen = waiting.begin() + static_cast<std::ptrdiff_t>(due[chance_.below(due.size())]);
    Message message = std::move(*chosen);
    waiting.erase(chosen);
    return message;
}

void Network::answer(const Message& request, Bytes reply, std::chrono::nanoseconds now) {
    if (chance_.percent(loss_percent_)) return;
    sides_[request.link].replies.push_back({request.link, request.number, std::move(reply), now + some_delay()});
}

std::optional<Reply> Network::take(LinkId link, std::chrono::nanoseconds now) {
    Side& side = sides_[link];
    for (const Message& reply : side.replies)
        if (reply.number == side.asked && reply.due <= now) {
            const Reply taken = counter::decode_reply(reply.bytes, "a reply");
            side.replies.clear();
            return taken;
        }
    if (now >= side.gives_up) return Reply{.kind = Reply::Kind::unreachable, .why = "the line is broken"};
    return std::nullopt;
}

std::unique_ptr<counter::Link> SimWiring::link(const counter::Member& member) {
    if (parts_.local && !parts_.local(member.locator))
        return std::make_unique<SimLink>(parts_.clock, *parts_.network, member.locator);
    auto replica = std::make_unique<LocalReplica>(parts_.root(), member.locator);
    LocalReplica* local = replica.get();
    return counter::inline_link((parts_.disguise ? parts_.disguise : as_it_is)(std::move(replica)), local);
}

bool SimWiring::wait(std::chrono::nanoseconds at_most, const std::function<bool()>& done) {
    Clock& clock = parts_.clock;
    Pause pause;
    for (const auto until = clock.monotonic() + at_most; !done(); clock.sleep(pause.next()))
        if (clock.monotonic() >= until) return false;
    return true;
}

void run_agent(Process& process, Network& network, const std::string& replica, const Disguise& disguise) {
    auto file = std::make_unique<LocalReplica>(process.root(), replica);
    LocalReplica& local = *file;
    const std::unique_ptr<counter::Replica> served = (disguise ? disguise : as_it_is)(std::move(file));
    for (Pause pause;;) {
        const bool over = network.coordinators == 0;
        const std::optional<Network::Message> message = network.next_for(replica, process.clock().monotonic(), over);
        if (!message && over) return;
        if (!message) {
            process.clock().sleep(pause.next());
            continue;
        }
        pause = {};
        while (!local.try_lock()) process.clock().sleep(1ms);
        const Reply reply = served->handle(counter::decode_request(message->bytes, "a request"));
        local.unlock();
        network.answer(*message, encode(reply), process.clock().monotonic());
    }
}

counter::Patience simulated_patience() { return {.lock = 2s, .reply = 300ms, .grace = 10ms, .race = 3s}; }

counter::Member member_at(const std::string& locator) {
    const Fingerprint print = fingerprint_of(view_of(locator), 7);
    Uuid uuid;
    std::memcpy(uuid.bytes.data(), &print, uuid.bytes.size());
    return {uuid, locator};
}

counter::Charter hint_of(const std::vector<std::string>& locators) {
    counter::Charter charter{.epoch = 0};
    for (const std::string& locator : locators) charter.members.push_back(member_at(locator));
    return charter;
}

Image counter_image(const std::vector<std::string>& locators, std::uint32_t threshold) {
    return prepared([&](SimDisk& disk) {
        SimWiring wiring({.root = [&] { return disk.root(); }, .clock = disk.clock()});
        counter::Charter charter = hint_of(locators);
        charter.epoch = 1;
        charter.threshold = threshold;
        counter::create(wiring, disk.clock(), {.counter = disk.clock().random_uuid(), .keys = 64},
                        {.version = {.ballot = {.number = 1}}, .annex = {.charter = charter}}, simulated_patience());
    });
}

}  // namespace ft::sim

// Hosts of one counter: coordinators, agents, and messages between them that are lost, late or done after their sender
// has given up. All on one simulated disk, whose calls decide who goes on (sim/world.h).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libcore/counter/counter.h"
#include "libcore/sim/world.h"
#include "tests/sim/counter_history.h"

namespace ft::sim {

/// Replaces the replica that a coordinator or agent works on: to plant mistakes.
using Disguise = std::function<std::unique_ptr<counter::Replica>(std::unique_ptr<counter::LocalReplica>)>;

/// Where messages to the replicas of other hosts wait.
class Network {
public:
    Network(std::uint64_t seed, unsigned loss_percent) : chance_(seed), loss_percent_(loss_percent) {}

    using LinkId = std::uint64_t;
    [[nodiscard]] LinkId open() { return ++links_; }
    void ask(LinkId link, const std::string& replica, Bytes request, std::chrono::nanoseconds now);
    [[nodiscard]] std::optional<counter::Reply> take(LinkId link, std::chrono::nanoseconds now);

    struct Message {
        LinkId link = 0;
        std::uint64_t number = 0;  // of this link
        Bytes bytes;
        std::chrono::nanoseconds due{0};
    };
    /// The next request for a replica; all that are left where `drain`.
    [[nodiscard]] std::optional<Message> next_for(const std::string& replica, std::chrono::nanoseconds now, bool drain);
    void answer(const Message& request, Bytes reply, std::chrono::nanoseconds now);

    std::size_t coordinators = 0;  ///< that still run

private:
    struct Side {
        std::uint64_t asked = 0;
        std::chrono::nanoseconds gives_up{0};
        std::vector<Message> replies;
    };
    [[nodiscard]] std::chrono::nanoseconds some_delay();

    Chance chance_;
    unsigned loss_percent_;
    LinkId links_ = 0;
    std::map<LinkId, Side> sides_;
    std::map<std::string, std::vector<Message>> requests_;
};

/// How one process reaches the replicas: files by their locator where `local` says so, the others by the network.
class SimWiring final : public counter::Wiring {
public:
    struct Parts {
        std::function<std::unique_ptr<io::Dir>()> root;
        Clock& clock;
        Network* network = nullptr;                                  ///< to the replicas that are not local
        std::function<bool(const std::string& locator)> local = {};  ///< unset: all are
        Disguise disguise = {};
    };
    explicit SimWiring(Parts parts) : parts_(std::move(parts)) {}
    [[nodiscard]] std::unique_ptr<counter::Link> link(const counter::Member& member) override;
    [[nodiscard]] bool wait(std::chrono::nanoseconds at_most, const std::function<bool()>& done) override;
    void learn(const counter::Charter&) override {}

private:
    Parts parts_;
};

/// An agent: does what the network brings for one replica, until no coordinator is left.
void run_agent(Process& process, Network& network, const std::string& replica, const Disguise& disguise);

/// Short enough for a simulation, long enough for what is late.
[[nodiscard]] counter::Patience simulated_patience();

/// A member whose uuid follows from its place.
[[nodiscard]] counter::Member member_at(const std::string& locator);
/// A disk with a new counter whose replicas are these files.
[[nodiscard]] Image counter_image(const std::vector<std::string>& locators, std::uint32_t threshold = 3);
/// All replicas as files of this process, and nothing between.
[[nodiscard]] counter::Charter hint_of(const std::vector<std::string>& locators);

}  // namespace ft::sim

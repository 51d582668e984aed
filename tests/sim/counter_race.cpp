#include "tests/sim/counter_race.h"

#include <fmt/format.h>

#include "libcore/base/failure.h"

namespace ft::sim {

namespace {

using counter::Counter;
using counter::Operation;
using counter::Outcome;

const std::vector<std::string> three{"r1", "r2", "r3"}, all_places{"r1", "r2", "r3", "r4", "r5"};

/// Leaves the world when its process does, killed or not.
struct Presence {
    explicit Presence(Network& of) : network(of) { ++network.coordinators; }
    ~Presence() { --network.coordinators; }
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;
    Network& network;
};

/// Some change of the members, which changes no value; it may well be refused.
void change_members(Counter& counter, Chance& chance) {
    try {
        const std::vector<counter::Member> members = counter.charter().members;
        if (chance.one_in(3))
            (void)counter.repair();
        else if (chance.one_in(2))
            counter.replicate(member_at(fmt::format("r{}", 1 + chance.below(5))));
        else
            (void)counter.demote(members[chance.below(members.size())].replica, false);
    } catch (const Failure&) {
        counter.release();
    }
}

/// One deed, tried again with its key until it is known.
void do_deed(Counter& counter, History& history, Chance& chance, const std::string& key_base) {
    const bool is_add = !chance.one_in(3);
    const bool keyed = is_add && chance.one_in(2);
    const std::string key = keyed ? fmt::format("{}-{}", key_base, chance.below(1000)) : "";
    Operation operation{.kind = is_add ? Operation::Kind::add : Operation::Kind::get, .amount = is_add ? 1 : 0};
    if (keyed) operation.key = counter::key_id(key);
    for (int tries = 0; tries < 3; ++tries) {
        const std::size_t deed = history.begin(is_add, key);
        try {
            const Outcome outcome = counter.run({&operation, 1}).front();
            history.answer(deed, outcome.value);
            return;
        } catch (const Failure& failure) {
            failure.exit() == Exit::in_doubt ? history.doubt(deed, failure.what())
                                             : history.refuse(deed, failure.what());
            if (!keyed) return;
        }
    }
}

class Running {
public:
    Running(const Race& plan, std::uint64_t seed)
        : plan_(plan),
          chance_(seed),
          disk_(race_image(), seed),
          world_(disk_, seed),
          network_(seed, plan.loss_percent) {
        world_.turn_limit = 2'000'000;
        for (const Fault& fault : plan.faults) disk_.fail(fault);
    }

    /// What is wrong with the history.
    std::vector<std::string> run() {
        for (unsigned i = 0; i < plan_.coordinators; ++i) add_coordinator(i);
        for (const std::string& replica : all_places)
            world_.add("agent of " + replica,
                       [this, replica](Process& process) { run_agent(process, network_, replica, plan_.disguise); });
        if (plan_.kills && chance_.one_in(2))
            disk_.kill_at(static_cast<ProcessId>(1 + chance_.below(plan_.coordinators)), chance_.below(12),
                          static_cast<When>(chance_.below(3)));
        world_.run();
        return history_.complaints(last());
    }

    [[nodiscard]] const History& history() const { return history_; }

private:
    void add_coordinator(unsigned number) {
        const std::uint64_t seed = chance_.next();
        const std::string host = plan_.several_hosts && !chance_.one_in(4) ? three[chance_.below(three.size())] : "";
        auto presence = std::make_shared<Presence>(network_);
        world_.add(fmt::format("coordinator {}", number), [=, this](Process& process) mutable {
            const std::shared_ptr<Presence> here = std::move(presence);
            Chance chance(seed);
            SimWiring wiring({.root = [&process] { return process.root(); },
                              .clock = process.clock(),
                              .network = &network_,
                              .local = [host](const std::string& locator) { return host.empty() || locator == host; },
                              .disguise = plan_.disguise});
            Counter counter(wiring, process.clock(), "c", hint_of(three), simulated_patience());
            for (unsigned i = 0; i < plan_.deeds; ++i) {
                if (plan_.changes_members && chance.one_in(3)) change_members(counter, chance);
                do_deed(counter, history_, chance, fmt::format("k{}", number));
                if (!chance.one_in(3)) counter.release();
            }
            counter.release();
        });
    }

    /// The value once everybody is gone.
    std::int64_t last() {
        SimDisk disk(disk_.image(), 1);
        SimWiring wiring({.root = [&] { return disk.root(); }, .clock = disk.clock()});
        Counter counter(wiring, disk.clock(), "c", hint_of(all_places), simulated_patience());
        const Operation get{.kind = Operation::Kind::get};
        return counter.run({&get, 1}).front().value;
    }

    Race plan_;
    Chance chance_;
    SimDisk disk_;
    World world_;
    Network network_;
    History history_;
};

}  // namespace

const Image& race_image() {
    static const Image image = counter_image(three, 4);
    return image;
}

std::vector<std::string> complaints_about_race(const Race& race, std::uint64_t seed) {
    Running running(race, seed);
    std::vector<std::string> said = running.run();
    if (!said.empty()) said.push_back(running.history().story());
    return said;
}

}  // namespace ft::sim

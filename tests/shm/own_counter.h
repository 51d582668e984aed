// A counter on the machine's disk for one test, and processes that open it.
//
//     OwnCounter own(1);  Opened one = own.open();  one.group.run(operations);
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libcore/counter/machine.h"
#include "libcore/shm/group.h"
#include "tests/io/scratch.h"

namespace ft::shm {

class OwnCounter {
public:
    explicit OwnCounter(std::size_t replicas) {
        for (std::size_t i = 0; i < replicas; ++i)
            charter_.members.push_back({clock_.random_uuid(), "r" + std::to_string(i)});
        counter::Machine machine = this->machine();
        const counter::State first{.version = {.ballot = {.number = 1}}, .annex = {.charter = charter_}};
        counter::create(machine, clock_, {.counter = clock_.random_uuid()}, first, {});
    }

    /// As one process has it.
    struct Opened {
        explicit Opened(const OwnCounter& own) : Opened(own, own.clock_) {}
        /// clock  by which it looks for others
        Opened(const OwnCounter& own, Clock& clock)
            : machine(own.machine()),
              counter(machine, own.clock_, "jobs", own.charter_, {.lock = own.patience}),
              group(counter, clock, own.progress_, {.lock = own.patience}, "jobs") {}
        std::int64_t add(std::int64_t amount) {
            const counter::Operation operation{.kind = counter::Operation::Kind::add, .amount = amount};
            return group.run({&operation, 1}).front().value;
        }
        counter::Machine machine;
        counter::Counter counter;
        Group group;
    };
    [[nodiscard]] std::string path(std::size_t replica) const {
        return scratch_.path() + "/r" + std::to_string(replica);
    }

    std::chrono::nanoseconds patience = std::chrono::seconds(10);

private:
    [[nodiscard]] counter::Machine machine() const {
        return {[](const std::string& path) { return io::locate(path); },
                clock_,
                progress_,
                {.descriptor = {.replicas = charter_.members}, .folder = scratch_.path()}};
    }
    ScratchFolder scratch_{std::filesystem::path("/dev/shm")};
    mutable SystemClock clock_;
    Progress progress_;
    counter::Charter charter_{.epoch = 1};
};

}  // namespace ft::shm

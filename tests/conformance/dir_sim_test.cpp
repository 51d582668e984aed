// Goal: the simulated disk is a disk like any other to those who use it.
// Method: the whole suite, on a disk that can do everything and on one that can do the least.
#include "libcore/sim/disk.h"
#include "tests/catch.h"
#include "tests/conformance/dir_suite.h"

namespace ft::conformance {

namespace {

class SimulatedDisk final : public TestedDisk {
public:
    explicit SimulatedDisk(sim::Abilities abilities) { disk_.abilities = abilities; }

    std::unique_ptr<io::Dir> empty_dir() override {
        std::unique_ptr<io::Dir> root = disk_.root();
        const std::string name = std::to_string(made_++);
        root->make_dir(name, 0755);
        return io::open_dir(*root, name);
    }

    Powers powers() override {
        return {
            .unnamed = disk_.abilities.unnamed, .exchange = disk_.abilities.exchange, .holes = disk_.abilities.holes};
    }

private:
    sim::SimDisk disk_;
    int made_ = 0;
};

}  // namespace

TEST_CASE("the simulated disk keeps every promise of Dir and File") {
    SimulatedDisk disk({});
    keep_dir_promises(disk);
}

TEST_CASE("a simulated disk of few abilities keeps every promise of Dir and File") {
    SimulatedDisk disk({.unnamed = false, .exchange = false, .reflink = false, .tells_kinds = false});
    keep_dir_promises(disk);
}

}  // namespace ft::conformance

// Goal: what the user stops ends soon, wherever it is, and leaves the store sound: every checkpoint that is still
// listed comes back, and the same verb ends well when it is done again. Method: a scheduler of the simulated disk
// counts calls, asks for the stop at one of them, and counts what follows.
#include <set>

#include "libcore/base/failure.h"
#include "libcore/source/source.h"
#include "tests/catch.h"
#include "tests/ckpt/lab.h"

namespace ft::test {
namespace {

constexpr std::uint64_t checkpoints = 60;
constexpr std::uint64_t soon = 150;  // calls of the disk; a look at each checkpoint or pack alone would take more

class StopAt final : public sim::Scheduler {
public:
    StopAt(Progress& progress, std::uint64_t at) : progress_(progress), at_(at) {}
    void turn(sim::ProcessId) override {
        if (calls_++ == at_) progress_.stop = true;
    }
    [[nodiscard]] std::uint64_t calls() const { return calls_; }

private:
    Progress& progress_;
    std::uint64_t at_, calls_ = 0;
};

/// A disk with a store, opened anew.
struct Opened {
    explicit Opened(sim::SimDisk& disk)
        : backend(store::directory_backend(io::open_dir(*disk.root(), "store"), disk.clock())),
          store(store::Store::open(*backend, disk.clock())) {}
    std::unique_ptr<store::Backend> backend;
    store::Store store;
};

/// Every checkpoint in a pack of its own, which holds a file that the next one has not.
const sim::Image& many_checkpoints() {
    static const sim::Image image = [] {
        Lab lab;
        lab.write("kept", noise(1, 20'000));
        for (std::uint64_t i = 0; i < checkpoints; ++i) {
            lab.write("f", noise(i + 2, 3000));
            lab.write("more" + std::to_string(i), noise(i + 1000, 3000));
            lab.save("t");
        }
        lab.root().sync_file_system();
        return lab.disk().image();
    }();
    return image;
}

using Verb = std::function<void(store::Store&, sim::SimDisk&, Progress&)>;

void prune(store::Store& store, sim::SimDisk& disk, Progress& progress) {
    ckpt::PruneRequest request;
    request.policy.keep_last = 5;
    (void)ckpt::prune(store, request, disk.clock(), progress);
}

void repair(store::Store& store, sim::SimDisk& disk, Progress& progress) {
    (void)ckpt::repair(store, 0, disk.clock(), progress);
}

void verify(store::Store& store, sim::SimDisk& disk, Progress& progress) {
    (void)ckpt::verify(store, {}, disk.clock(), progress);
}

void check_sound(sim::SimDisk& disk, const Verb& verb) {
    Opened opened(disk);
    Progress progress;
    CHECK(ckpt::verify(opened.store, {}, disk.clock(), progress).damaged_count == 0);
    verb(opened.store, disk, progress);
    CHECK(opened.store.sequences("t").back() == checkpoints);
    CHECK(ckpt::verify(opened.store, {}, disk.clock(), progress).damaged_count == 0);
}

/// Runs the verb and asks it to stop at call `at`. returns  how many calls it made.
std::uint64_t stop_at(std::uint64_t at, const Verb& verb) {
    sim::SimDisk disk(many_checkpoints(), 1);
    Progress progress;
    StopAt stop(progress, at);
    bool stopped = false;
    {
        Opened opened(disk);
        disk.set_scheduler(&stop);
        try {
            verb(opened.store, disk, progress);
        } catch (const Failure& failure) {
            stopped = progress.stop;
            if (!stopped) throw;
        }
        disk.set_scheduler(nullptr);
    }
    INFO("stop at call " << at << " of " << stop.calls());
    CHECK((stop.calls() <= at || stop.calls() - at < soon));
    if (stopped) check_sound(disk, verb);
    return stop.calls();
}

void stop_everywhere(const Verb& verb) {
    const std::uint64_t calls = stop_at(UINT64_MAX, verb);
    CHECK(calls > 4 * soon);
    for (std::uint64_t at = 0; at < calls; at += calls / 40) (void)stop_at(at, verb);
}

}  // namespace

TEST_CASE("a prune that is asked to stop ends soon, and the next one does the rest", "[ckpt]") {
    stop_everywhere(prune);
}

TEST_CASE("a repair that is asked to stop ends soon, and the next one does the rest", "[ckpt]") {
    stop_everywhere(repair);
}

TEST_CASE("a verify that is asked to stop ends soon", "[ckpt]") { stop_everywhere(verify); }

}  // namespace ft::test

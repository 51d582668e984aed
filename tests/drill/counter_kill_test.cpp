// Goal: what ftcounter promises holds when it is really killed (counter_drill.h lists it).
// Method: eight one-shot adds, five pipes, two changes of members and a repair at once, each with SIGKILL at its own
// moment of chance, or sixteen that add to one replica or to shared memory; then commands that must work, and the
// oracle. The seed repeats the choices; the machine's own timing is another chance each time.
#include <algorithm>
#include <fstream>
#include <functional>

#include "tests/catch.h"
#include "tests/drill/counter_drill.h"
#include "tests/sim/seeds.h"

namespace ft::drill {

namespace fs = std::filesystem;

namespace {

using Complaints = std::vector<std::string>;
const Complaints none;
constexpr std::uint64_t kills = 100;  // of one drill

/// Whether the oracle complains of such a mistake, with this word, and of nothing before it.
bool complains(const std::string& word, const std::function<void(const fs::path& folder)>& mistake) {
    CounterDrill drill(1);
    if (drill.settle() != none) return false;
    mistake(drill.folder());
    const Complaints complaints = drill.settle();
    return std::any_of(complaints.begin(), complaints.end(),
                       [&](const std::string& one) { return one.find(word) != std::string::npos; });
}

void count(const fs::path& folder, const std::string& verb, const std::string& amount) {
    (void)Programs(folder).run({"ftcounter", verb, folder / "jobs", amount, "-q"});
}

}  // namespace

TEST_CASE("counting programs killed at any moment lose nothing and count nothing twice", "[drill]") {
    const auto cast = GENERATE(CounterDrill::Cast::members, CounterDrill::Cast::adders, CounterDrill::Cast::memory);
    sim::for_every_seed(5, [&](std::uint64_t seed) {
        CounterDrill drill(seed, cast);
        const std::uint64_t enough = sim::number_in_environment("FT_LONG") ? 2 * kills : kills;
        for (std::uint64_t round = 0; drill.kills() < enough; ++round) {
            INFO("round " << round << ", after " << drill.kills() << " kills");
            REQUIRE(round < enough);
            REQUIRE(drill.round() == none);
            if (round % 8 == 7) REQUIRE(drill.settle() == none);
        }
        REQUIRE(drill.settle() == none);
    });
}

TEST_CASE("the counter's drill complains of what is lost, counted twice, damaged or left", "[drill]") {
    CHECK(complains("is lost", [](const fs::path& folder) { count(folder, "remove", "1"); }));
    CHECK(complains("1 is too much", [](const fs::path& folder) { count(folder, "add", "1"); }));
    CHECK(
        complains("with keys was acknowledged", [](const fs::path& folder) { count(folder, "remove", "1000000000"); }));
    CHECK(complains("with keys is too much", [](const fs::path& folder) { count(folder, "add", "1000000000"); }));
    CHECK(complains("add exited with", [](const fs::path& folder) {
        fs::remove(folder / "a");
        fs::remove(folder / "b");
    }));
    CHECK(
        complains("'.jobs.left' is left", [](const fs::path& folder) { std::ofstream(folder / ".jobs.left") << 'x'; }));
}

}  // namespace ft::drill

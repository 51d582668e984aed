// Goal: what the programs promise holds when they are really killed (drill.h lists it).
// Method: saves of two names, a prune, a verify and two restores at once, with SIGKILL for one or all of them at a
// moment of chance; then commands that must work, and the oracle. The seed repeats the choices; the machine's own
// timing is another chance each time.
#include "tests/drill/drill.h"

#include <algorithm>
#include <fstream>
#include <functional>

#include "tests/catch.h"
#include "tests/sim/seeds.h"

namespace ft::drill {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kills = 10;  // of one drill

/// Of a store: a pack.
fs::path largest_file(const fs::path& folder) {
    fs::path largest;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file() && (largest.empty() || entry.file_size() > fs::file_size(largest)))
            largest = entry.path();
    return largest;
}

/// Whether the oracle complains of such a mistake, with this word, and of nothing before it.
bool complains(const std::string& word, const std::function<void(const fs::path& folder)>& mistake) {
    Drill drill(1);
    if (drill.look() != none) return false;
    mistake(drill.folder());
    const Complaints complaints = drill.look();
    return std::any_of(complaints.begin(), complaints.end(),
                       [&](const std::string& one) { return one.find(word) != std::string::npos; });
}

}  // namespace

TEST_CASE("programs killed at any moment lose nothing, and the next command works at once", "[drill]") {
    sim::for_every_seed(3, [](std::uint64_t seed) {
        Drill drill(seed);
        const std::uint64_t enough = sim::number_in_environment("FT_LONG") ? 7 * kills : kills;
        for (std::uint64_t round = 0; drill.kills() < enough; ++round) {
            INFO("round " << round << ", after " << drill.kills() << " kills");
            REQUIRE(round < 10 * enough);
            REQUIRE(drill.round() == none);
        }
    });
}

TEST_CASE("the drill complains of what is lost, changed, between or left", "[drill]") {
    CHECK(complains("is lost", [](const fs::path& folder) { fs::remove_all(folder / "store/checkpoints/u"); }));
    CHECK(complains("another version", [](const fs::path& folder) {
        fs::remove_all(folder / "store");
        write_tree(folder / "t", tree_of_version(9));
        (void)Programs(folder / "store").run({"ftckpt", "save", "t", folder / "t"});
    }));
    CHECK(complains("did not come back", [](const fs::path& folder) {
        const fs::path pack = largest_file(folder / "store");
        fs::permissions(pack, fs::perms::owner_write, fs::perm_options::add);
        std::fstream(pack).seekp(200) << "damaged";
    }));
    CHECK(complains("exited with", [](const fs::path& folder) { fs::remove_all(folder / "store/packs"); }));
    CHECK(
        complains("'.dest.left' is left", [](const fs::path& folder) { fs::create_directory(folder / ".dest.left"); }));
    CHECK(
        complains("'store/left' is left", [](const fs::path& folder) { fs::create_directory(folder / "store/left"); }));
    CHECK(complains("bytes", [](const fs::path& folder) {
        fs::create_directory(folder / "store/packs/zz");
        std::ofstream(folder / "store/packs/zz/left") << std::string(5 << 20, 'x');
    }));
}

}  // namespace ft::drill

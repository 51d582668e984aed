// Goal: transactions over files, programs and a counter happen or do not, whoever is killed (transaction_drill.h).
// Method: nine transactions and two recoveries at once, most of them with SIGKILL at a moment of chance; then a
// recovery and the oracle. The seed repeats the choices; the machine's own timing is another chance each time.
#include <algorithm>
#include <fstream>

#include "tests/catch.h"
#include "tests/drill/transaction_drill.h"
#include "tests/sim/seeds.h"

namespace ft::drill {

namespace fs = std::filesystem;

namespace {

const std::vector<std::string> none;
constexpr std::uint64_t kills = 150;  // of one drill

/// Whether the oracle complains of such a mistake, with this word; the first drills may have no room for it.
bool complains(const std::string& word, const std::function<void(const fs::path& folder)>& mistake) {
    constexpr std::uint64_t most_drills = 20;
    for (std::uint64_t seed = 1; seed <= most_drills; ++seed) {
        const std::vector<std::string> complaints = TransactionDrill(seed).round(mistake);
        if (std::any_of(complaints.begin(), complaints.end(),
                        [&](const std::string& one) { return one.find(word) != std::string::npos; }))
            return true;
    }
    return false;
}

std::string content_of(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Some file of a folder.
fs::path one_in(const fs::path& folder) {
    const fs::directory_iterator files(folder);
    return files == fs::directory_iterator() ? fs::path() : files->path();
}

}  // namespace

TEST_CASE("transactions whose commands are killed at any moment happen as a whole or not at all", "[drill]") {
    sim::for_every_seed(2, [](std::uint64_t seed) {
        TransactionDrill drill(seed);
        const std::uint64_t enough = sim::number_in_environment("FT_LONG") ? 500 : kills;
        for (std::uint64_t round = 0; drill.kills() < enough; ++round) {
            INFO("round " << round << ", after " << drill.kills() << " kills");
            REQUIRE(round < enough);
            REQUIRE(drill.round() == none);
        }
        CHECK(drill.committed() > 10);
        CHECK(drill.aborted() > 10);
    });
}

TEST_CASE("the drill complains of what is split, lost, undone, counted twice or left", "[drill]") {
    CHECK(complains("is split", [](const fs::path& folder) { fs::remove(one_in(folder / "own2")); }));
    CHECK(complains("is split", [](const fs::path& folder) {
        for (const fs::directory_entry& entry : fs::directory_iterator(folder / "s1")) fs::remove(entry.path());
    }));
    CHECK(complains("is lost", [](const fs::path& folder) {
        for (const fs::directory_entry& entry : fs::directory_iterator(folder / "own")) {
            const std::string tag = entry.path().filename();
            fs::copy_file(folder / "new" / tag, folder / "old" / tag, fs::copy_options::overwrite_existing);
            fs::remove(folder / "own2" / tag);
            fs::remove(entry.path());
            for (const char* spool : {"s1", "s2"})
                for (const fs::directory_entry& spooled : fs::directory_iterator(folder / spool))
                    fs::remove(spooled.path());
        }
    }));
    CHECK(complains("is done", [](const fs::path& folder) {
        for (const fs::directory_entry& entry : fs::directory_iterator(folder / "old")) {
            const std::string tag = entry.path().filename();
            for (const char* own : {"own", "own2"}) fs::copy_file(folder / "new" / tag, folder / own / tag);
            fs::remove(entry.path());
        }
    }));
    CHECK(complains("which is not committed",
                    [](const fs::path& folder) { std::ofstream(folder / "shared" / "3") << "garbage"; }));
    CHECK(complains("has not replaced all", [](const fs::path& folder) {
        for (int a = 0; a < 6; ++a)
            for (int b = 0; b < a; ++b) {
                const fs::path one = folder / "shared" / std::to_string(a),
                               other = folder / "shared" / std::to_string(b);
                const std::string content = content_of(one);
                if (content != "start" && content == content_of(other)) std::ofstream(one) << "start";
            }
    }));
    CHECK(complains("transactions counted", [](const fs::path& folder) {
        (void)Programs(folder).run({"ftcounter", "add", folder / "hits", "-q"});
    }));
    CHECK(complains("is left", [](const fs::path& folder) { std::ofstream(folder / "shared" / ".0.ft2pc") << "x"; }));
    CHECK(complains("is left", [](const fs::path& folder) {
        (void)Programs(folder).run({"ft2pc", "begin", "--dir", folder / "home"});
    }));
}

}  // namespace ft::drill

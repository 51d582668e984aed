// Goal: whatever fails and whenever, all participants of a transaction decide the same, nobody is told what is not so,
// and once all works again nothing is left in doubt.
// Method: the real protocol among models of everything else, one seed a schedule; each planted mistake has to be found.
#include <algorithm>
#include <map>

#include "tests/catch.h"
#include "tests/sim/seeds.h"
#include "tests/sim/transaction_world.h"

namespace ft::sim {

TEST_CASE("transactions among crashes, lost calls and successors are atomic and come to an end", "[twophase][sim]") {
    for_every_seed(200'000, [](std::uint64_t seed) {
        TransactionWorld world(seed, Mistake::none);
        const std::vector<std::string> wrong = world.run();
        INFO((wrong.empty() ? "" : world.story() + wrong.front()));
        REQUIRE(wrong.empty());
    });
}

TEST_CASE("each planted mistake of a transaction is found", "[twophase][sim]") {
    for (auto i = static_cast<int>(Mistake::commit_not_forced); i <= static_cast<int>(Mistake::forgets_early); ++i) {
        std::map<std::string, unsigned> found;
        for (std::uint64_t seed = 1; seed <= 4000; ++seed)
            for (const std::string& wrong : TransactionWorld(seed, static_cast<Mistake>(i)).run()) ++found[wrong];
        INFO("mistake " << i);
        CHECK(!found.empty());
    }
}

}  // namespace ft::sim

#include "tools/common/daly.h"

#include <cmath>

#include "tests/catch.h"

namespace ft::tools {

namespace {

/// Expected time of a job of 1000 MTBFs' work, with exponential failures and no restart cost, that saves every
/// `interval`. source  Daly 2006, eq. 20, with R = 0.
double wall_time(double interval, double save, double mtbf) {
    return (std::exp((interval + save) / mtbf) - 1) / interval;
}

}  // namespace

TEST_CASE("no other interval is noticeably better than Daly's", "[tools]") {
    for (const double save : {0.001, 0.01, 0.1, 0.3, 0.5}) {
        const double best = wall_time(daly_interval_s(save, 1), save, 1);
        for (double interval = 0.001; interval < 5; interval *= 1.001)
            CHECK(best <= wall_time(interval, save, 1) * 1.00002);
    }
}

TEST_CASE("where a save takes longer than two failures are apart, saving once per failure is the limit", "[tools]") {
    CHECK(daly_interval_s(10, 5) == 5);
    CHECK(daly_interval_s(100, 5) == 5);
}

}  // namespace ft::tools

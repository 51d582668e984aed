// Goal: exactly the last `keys` keyed operations are remembered, whatever more is kept.
#include "libcore/counter/ledger.h"
#include "tests/catch.h"
#include "tests/counter/samples.h"

namespace ft::counter {

TEST_CASE("a window remembers exactly so many keys, whatever it was given and however long it runs", "[counter]") {
    constexpr std::uint32_t keys = 100;
    for (const std::uint64_t first : {0ULL, 50ULL, 1000ULL}) {
        Window window(counter::window(first, first + 300), keys);
        for (std::uint64_t n = first + 300; n < 80'000; ++n) {
            if (n < first + 400 || n % 1000 < 3) {
                CHECK(window.find(key(n)) == nullptr);
                CHECK(window.find(key(n - keys - 1)) == nullptr);
                REQUIRE(window.find(key(n - keys)) != nullptr);
                CHECK(*window.find(key(n - keys)) == entry(n - keys));
                CHECK(*window.find(key(n - 1)) == entry(n - 1));
            }
            window.append(entry(n));
        }
        const KeyWindow& all = window.all();
        CHECK(all.first + all.entries.size() == 80'000);
        CHECK(all.entries.size() >= keys);
        CHECK(all.entries.size() < 40'000);  // bounded
        CHECK(all.entries.front() == entry(all.first));
    }
}

TEST_CASE("a key that is used again after it left the window is found as the later one", "[counter]") {
    constexpr std::uint32_t keys = 10;
    Window window(counter::window(0, 40'000), keys);
    const Entry again{.key = key(7), .amount = 1, .answer = 2};
    CHECK(window.find(key(7)) == nullptr);
    window.append(again);
    for (std::uint64_t n = 40'001; n < 120'000; ++n) {  // trimmed several times
        const bool remembered = n <= 40'000 + keys;
        REQUIRE((window.find(key(7)) != nullptr) == remembered);
        if (remembered) CHECK(*window.find(key(7)) == again);
        window.append(entry(n));
    }
    Window reopened({.first = 0, .entries = {again, entry(1), {.key = key(7), .amount = 3, .answer = 4}}}, keys);
    CHECK(reopened.find(key(7))->amount == 3);
}

TEST_CASE("a window of no keys remembers none", "[counter]") {
    Window window(counter::window(0, 5), 0);
    CHECK(window.find(key(4)) == nullptr);
    window.append(entry(5));
    CHECK(window.find(key(5)) == nullptr);
}

}  // namespace ft::counter

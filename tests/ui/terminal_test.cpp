#include "libcore/ui/terminal.h"

#include <cmath>

#include "libcore/ui/answer.h"
#include "tests/catch.h"

namespace ft::ui {

namespace {

Sample at(int second, std::uint64_t bytes, std::uint64_t total = 0) {
    return {.at = std::chrono::seconds(second), .items = 12345, .bytes = bytes, .total_items = 0, .total_bytes = total};
}

}  // namespace

TEST_CASE("the progress line tells rate, part and time left once they are known", "[ui]") {
    Meter meter;
    meter.take(at(10, 0));
    CHECK(meter.line("saving job", 80) == "saving job  12,345 entries  0 bytes");
    meter.take(at(11, 100'000'000, 1'000'000'000));
    CHECK(meter.line("saving job", 80) == "saving job  12,345 entries  100 MB  100 MB/s  10 %  9 s left");
    CHECK(meter.seconds_left() == 9.0);
}

TEST_CASE("a steady rate stays, a new one is taken over slowly", "[ui]") {
    Meter meter;
    for (int second = 0; second < 10; ++second) meter.take(at(second, static_cast<std::uint64_t>(second) * 1'000'000));
    CHECK(std::abs(meter.bytes_per_s() - 1e6) < 1);
    meter.take(at(10, 9'000'000));
    CHECK(meter.bytes_per_s() < 1e6);
    CHECK(meter.bytes_per_s() > 5e5);
}

TEST_CASE("more than was expected is never more than 99 %", "[ui]") {
    Meter meter;
    meter.take(at(0, 0));
    meter.take(at(1, 2000, 1000));
    CHECK(meter.part() == 1.0);
    CHECK(meter.line("x", 80).find("99 %") != std::string::npos);
}

TEST_CASE("the progress line never wraps", "[ui]") {
    Meter meter;
    meter.take(at(0, 0));
    meter.take(at(1, 100'000'000, 1'000'000'000));
    for (std::size_t width = 1; width < 70; ++width)
        CHECK(width_of(meter.line("saving \xC3\xA9t\xC3\xA9", width)) <= width);
}

TEST_CASE("progress for programs is one JSON object", "[ui]") {
    Meter meter;
    meter.take(at(0, 0));
    meter.take(at(1, 500, 1000));
    CHECK(meter.json("ftckpt") ==
          R"({"v":1,"tool":"ftckpt","type":"progress","items":12345,"bytes":500,"total_items":0,"total_bytes":1000,)"
          R"("bytes_per_s":500,"eta_s":1})");
}

}  // namespace ft::ui

// Goal: a segment is there whole or not at all, and what is not a counter's segment is refused, never trusted and never
// a crash.
#include "libcore/shm/segment.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "libcore/base/failure.h"
#include "libcore/shm/shared_counter.h"
#include "libcore/ui/signals.h"
#include "tests/catch.h"
#include "tests/io/child.h"
#include "tests/shm/own.h"

namespace ft::shm {

namespace fs = std::filesystem;

namespace {

/// To whom ten seconds are over at once.
class Late final : public Clock {
public:
    Time now() override { return clock_.now(); }
    Time file_clock() override { return clock_.file_clock(); }
    std::chrono::nanoseconds monotonic() override { return clock_.monotonic() + std::chrono::seconds(6 * looks_++); }
    void sleep(std::chrono::nanoseconds length) override { clock_.sleep(length); }
    std::uint64_t random() override { return clock_.random(); }

private:
    SystemClock clock_;
    std::atomic<int> looks_{0};
};

/// How finding it ends: done where it is found, no where there is none.
Exit find(const std::string& name) {
    SystemClock clock;
    try {
        return SharedCounter::find(name, clock) ? Exit::done : Exit::no;
    } catch (const Failure& failure) {
        return failure.exit();
    }
}

void overwrite(const std::string& file, std::streamoff at, const std::string& bytes) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(at) << bytes;
    REQUIRE(stream.flush());
}

/// Files of this process in the folder of segments: whole ones, and leftovers.
std::ptrdiff_t segments() {
    const std::string own = "ft-test-" + std::to_string(::getpid()) + "-";
    return std::count_if(fs::directory_iterator("/dev/shm"), fs::directory_iterator(), [&](const auto& entry) {
        return entry.path().filename().string().find(own) != std::string::npos;
    });
}

}  // namespace

TEST_CASE("a segment is made once, found by all, and gone when it is removed") {
    SystemClock clock;
    const OwnName name;
    CHECK(find(name) == Exit::no);
    const auto made = SharedCounter::make(name, {}, clock);
    REQUIRE(made);
    CHECK_FALSE(SharedCounter::make(name, {}, clock));
    CHECK(find(name) == Exit::done);
    CHECK(find(std::string(name).substr(1)) == Exit::done);
    made->remove();
    CHECK(find(name) == Exit::no);
    CHECK(SharedCounter::make(name, {}, clock));
}

TEST_CASE("an add to a counter that another process has removed fails, and says so") {
    SystemClock clock;
    for (const Kind kind : {Kind::plain, Kind::exact}) {
        const OwnName name;
        const auto made = SharedCounter::make(name, {.kind = kind}, clock);
        const auto other = SharedCounter::find(name, clock);
        CHECK(other->count(1) == counter::Outcome::Kind::done);
        made->remove();
        for (int i = 0; i < 3; ++i) CHECK_THROWS_WITH(other->count(1), Catch::Matchers::Contains("was removed"));
    }
}

TEST_CASE("a counter that was made under the name of a removed one is not removed with it") {
    SystemClock clock;
    const OwnName name;
    const auto former = SharedCounter::make(name, {}, clock);
    former->remove();
    const auto next = SharedCounter::make(name, {}, clock);
    REQUIRE(next);
    former->remove();
    CHECK(find(name) == Exit::done);
}

TEST_CASE("a removal that was killed half-way is finished by the next to look") {
    SystemClock clock;
    const OwnName name;
    const auto made = SharedCounter::make(name, {}, clock);
    made->segment().control().gone = 1;
    CHECK(find(name) == Exit::no);
    CHECK_FALSE(fs::exists(name.file()));
}

TEST_CASE("files that are no counter's segment are damage: empty, short, foreign, of another version or size") {
    SystemClock clock;
    const OwnName name;
    for (const std::string& bytes :
         {std::string(), std::string("x"), std::string(4096, '\0'), std::string(99999, 'x')}) {
        std::ofstream(name.file(), std::ios::trunc) << bytes;
        CHECK(find(name) == Exit::damage);
    }
    fs::remove(name.file());

    for (const Kind kind : {Kind::plain, Kind::exact}) {
        const auto made = SharedCounter::make(name, {.kind = kind}, clock);
        REQUIRE(made);
        const auto size = fs::file_size(name.file());
        for (const std::uintmax_t other : {size - 1, size + 1, std::uintmax_t{8192}, std::uintmax_t{4096}}) {
            fs::resize_file(name.file(), other);
            CHECK(find(name) == Exit::damage);
        }
        fs::resize_file(name.file(), size);
        overwrite(name.file(), 8, "\2");
        CHECK(find(name) == Exit::damage);
        overwrite(name.file(), 8, "\1");
        overwrite(name.file(), 3000, "x");
        CHECK(find(name) == Exit::damage);
        overwrite(name.file(), 3000, std::string(1, '\0'));
        CHECK(find(name) == Exit::done);
        fs::remove(name.file());
    }
}

TEST_CASE("a segment that is cut short while it is open is damage to who looks, not a crash") {
    SystemClock clock;
    const OwnName name;
    const auto made = SharedCounter::make(name, {.kind = Kind::exact}, clock);
    fs::resize_file(name.file(), 8192);
    CHECK_THROWS_WITH(made->value(), Catch::Matchers::Contains("cut short"));
    CHECK_THROWS_WITH(made->status(), Catch::Matchers::Contains("cut short"));
    CHECK_THROWS_WITH(made->snapshot(0), Catch::Matchers::Contains("cut short"));
}

TEST_CASE("a segment that is cut short under an add ends the program with exit 4, named") {
    for (const Kind kind : {Kind::plain, Kind::exact}) {
        const OwnName name;
        const Ended ended = run_in_child([&] {
            SystemClock clock;
            const auto made = SharedCounter::make(name, {.kind = kind}, clock);
            ui::report_bus_errors(ui::BusReport::text);
            fs::resize_file(name.file(), 4096);
            (void)made->count(1);
            return true;
        });
        CHECK(ended.code == static_cast<int>(Exit::damage));
        CHECK_FALSE(ended.signal);
    }
}

TEST_CASE("a holder of the lock that is stopped is waited for, and then named") {
    const OwnName name;
    Late clock;
    const auto made = SharedCounter::make(name, {.kind = Kind::exact}, clock);
    Held held = Held::take(made->segment().control().lock, clock, "test");
    std::thread([&] {
        try {
            (void)made->count(1);
            FAIL("it was counted");
        } catch (const Failure& failure) {
            CHECK(failure.exit() == Exit::busy);
            CHECK_THAT(failure.what(), Catch::Matchers::Contains("pid " + std::to_string(::getpid())));
        }
    }).join();
    CHECK(made->value() == 0);  // reading waits for nobody
}

TEST_CASE("a lock that was written over is refused, and no crash") {
    Late clock;
    for (const int byte : {0x7f, 0xff}) {
        const OwnName name;
        const auto made = SharedCounter::make(name, {.kind = Kind::exact}, clock);
        std::memset(&made->segment().control().lock, byte, sizeof(Mutex));
        CHECK_THROWS_AS(made->count(1), Failure);
    }
}

TEST_CASE("a copy of a segment is not the counter") {
    SystemClock clock;
    const OwnName name, other;
    const auto made = SharedCounter::make(name, {}, clock);
    fs::copy_file(name.file(), other.file());
    CHECK(find(other) == Exit::damage);
}

TEST_CASE("names that shm_open would not take, and what is no file, are refused") {
    for (const std::string name : {"", "/", "/a/b", "..", "/.", "a/b"}) CHECK(find(name) == Exit::usage);
    const OwnName name;
    fs::create_directory(name.file());
    CHECK(find(name) != Exit::done);
    fs::remove(name.file());
    fs::create_symlink("/etc/passwd", name.file());
    CHECK(find(name) != Exit::done);
}

TEST_CASE("a segment that cannot be reserved leaves nothing") {
    const OwnName name;
    const std::ptrdiff_t before = segments();
    const Ended ended = run_in_child([&] {
        const ::rlimit limit{.rlim_cur = 8192, .rlim_max = 8192};
        ::signal(SIGXFSZ, SIG_IGN);
        SystemClock clock;
        try {
            if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
            (void)SharedCounter::make(name, {}, clock);
        } catch (const Failure& failure) {
            return failure.exit() == Exit::failed;
        }
        return false;
    });
    CHECK(ended.code == 0);
    CHECK_FALSE(ended.signal);
    CHECK(segments() == before);
}

TEST_CASE("shapes that cannot be are refused, and leave nothing") {
    SystemClock clock;
    const OwnName name;
    const Shape wrong[] = {{.kind = Kind::plain, .max = 10},
                           {.kind = Kind::plain, .min = 0},
                           {.kind = Kind::plain, .start = std::numeric_limits<std::int64_t>::max()},
                           {.kind = Kind::plain, .start = std::numeric_limits<std::int64_t>::min()},
                           {.kind = Kind::exact, .start = 5, .max = 4},
                           {.kind = Kind::exact, .start = 5, .min = 6},
                           {.kind = Kind::exact, .keys = 0},
                           {.kind = Kind::exact, .keys = counter::most_keys + 1},
                           {.flush = Flush{.period = std::chrono::seconds(1), .path = ""}},
                           {.flush = Flush{.period = std::chrono::seconds(0), .path = "x"}},
                           {.flush = Flush{.period = std::chrono::seconds(1), .path = std::string(1025, 'x')}}};
    for (const Shape& shape : wrong) {
        try {
            (void)SharedCounter::make(name, shape, clock);
            FAIL("it was made");
        } catch (const Failure& failure) {
            CHECK(failure.exit() == Exit::usage);
        }
        CHECK_FALSE(fs::exists(name.file()));
    }
}

}  // namespace ft::shm

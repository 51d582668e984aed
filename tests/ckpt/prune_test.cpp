#include "tests/catch.h"
#include "tests/ckpt/lab.h"

#include "libcore/base/failure.h"

namespace ft::test {
namespace {

std::uint64_t store_bytes(Lab& lab) {
    std::uint64_t sum = 0;
    for (const char* prefix : {"packs", "index"})
        for (const std::string& object : lab.objects(prefix)) sum += *lab.backend().size_of(object);
    return sum;
}

std::vector<std::string> reasons(const std::vector<ckpt::Candidate>& candidates, const ckpt::PrunePolicy& policy) {
    std::vector<std::string> out;
    for (const ckpt::Kept& kept : ckpt::choose(candidates, policy)) out.push_back(kept.reason);
    return out;
}

ckpt::Candidate at(std::uint64_t sequence, std::int64_t seconds) {
    return {{"t", sequence}, {seconds, 0}, false, false};
}

}  // namespace

TEST_CASE("prune keeps the last N and gives back the space of the others", "[ckpt]") {
    Lab lab;
    for (int i = 0; i < 6; ++i) {
        lab.write("f", noise(static_cast<std::uint64_t>(i), 200'000));
        lab.save("t");
    }
    const std::uint64_t before = store_bytes(lab);
    ckpt::PruneRequest request;
    request.policy.keep_last = 2;
    const ckpt::PruneReport report = lab.prune(request);
    CHECK(report.removed == 4);
    CHECK(report.bytes_waiting == 0);
    CHECK(store_bytes(lab) < before / 2);
    CHECK(lab.store().sequences("t") == std::vector<std::uint64_t>{5, 6});
    CHECK(lab.verify().damaged_count == 0);
    lab.restore("t", "out");
    CHECK(lab.tree("out") == lab.tree("data"));
    CHECK(lab.save("t").sequence == 7);
}

TEST_CASE("a dry run changes nothing", "[ckpt]") {
    Lab lab;
    lab.write("f", "1");
    lab.save("t");
    lab.save("t");
    ckpt::PruneRequest request{.dry_run = true};
    request.policy.keep_last = 1;
    CHECK(lab.prune(request).removed == 1);
    CHECK(lab.store().sequences("t").size() == 2);
}

TEST_CASE("a pack that is half needed is written anew", "[ckpt]") {
    Lab lab;
    for (int i = 0; i < 10; ++i) lab.write("f" + std::to_string(i), noise(static_cast<std::uint64_t>(i), 100'000));
    lab.save("t");
    for (int i = 1; i < 10; ++i) lab.remove("f" + std::to_string(i));
    lab.save("t");
    ckpt::PruneRequest request;
    request.policy.keep_last = 1;
    const ckpt::PruneReport report = lab.prune(request);
    CHECK(report.packs_rewritten == 1);
    CHECK(store_bytes(lab) < 200'000);
    lab.restore("t", "out");
    CHECK(lab.tree("out") == lab.tree("data"));
}

TEST_CASE("what a running save may need waits for the next prune", "[ckpt]") {
    Lab lab;
    lab.write("f", noise(1, 200'000));
    lab.save("t");
    lab.write("f", noise(2, 200'000));
    lab.save("t");
    ckpt::PruneRequest request;
    request.policy.keep_last = 1;
    {
        const std::unique_ptr<store::Guard> somebody = lab.backend().use();
        const ckpt::PruneReport report = lab.prune(request);
        CHECK(report.bytes_waiting != 0);
        CHECK(report.bytes_freed == 0);
        CHECK(lab.store().sequences("t").size() == 1);
    }
    // A save that starts after the mark does not rely on what is marked.
    lab.write("f", noise(1, 200'000));
    CHECK(lab.save("t").bytes_new >= 200'000);
    const ckpt::PruneReport later = lab.prune(request);
    CHECK(later.bytes_freed != 0);
    CHECK(lab.objects("marks").empty());
    lab.restore("t", "out");
    CHECK(lab.tree("out") == lab.tree("data"));
}

TEST_CASE("a mark whose guards are lost or rotten waits for everybody", "[ckpt]") {
    for (const bool rotten : {false, true}) {
        Lab lab;
        for (std::uint64_t i = 0; i < 2; ++i) {
            lab.write("f", noise(i, 200'000));
            lab.save("t");
        }
        ckpt::PruneRequest request;
        request.policy.keep_last = 1;
        {
            const std::unique_ptr<store::Guard> somebody = lab.backend().use();
            CHECK(lab.prune(request).bytes_waiting != 0);
        }
        const std::vector<std::string> marks = lab.objects("marks");
        REQUIRE(marks.size() == 2);
        if (rotten)
            lab.rot(marks[1], 20);
        else
            lab.backend().remove(std::span(&marks[1], 1));
        {
            const std::unique_ptr<store::Guard> another = lab.backend().use();
            CHECK(lab.prune(request).bytes_freed == 0);
        }
        CHECK(lab.prune(request).bytes_freed != 0);
        CHECK(lab.objects("marks").empty());
        CHECK(lab.verify().damaged_count == 0);
    }
}

TEST_CASE("prune removes nothing that an index which is lost or rotten may have named", "[ckpt]") {
    Lab lab;
    lab.write("a", noise(1, 50'000));
    lab.save("t");
    const std::string index = lab.objects("index").front();  // of the content that t@2 shares, not of its entries
    lab.write("b", noise(2, 50'000));
    lab.save("t");
    ckpt::remove_checkpoint(lab.store(), {"t", 1});
    const sim::Image before = lab.disk().image();
    const std::uint64_t size = *lab.backend().size_of(index);
    for (std::uint64_t at = 0; at <= size; at += 16) {
        INFO(index << " byte " << at << " of " << size);
        Lab other(before);
        if (at + 16 > size)
            other.backend().remove(std::span(&index, 1));
        else
            other.rot(index, at);
        bool told = false;
        try {
            told = other.prune().index_incomplete;
        } catch (const Failure& failure) {
            told = failure.exit() == Exit::damage;
        }
        CHECK(told);
        Progress progress;
        CHECK(ckpt::repair(other.store(), 0, other.disk().clock(), progress).lost.empty());
        CHECK_FALSE(other.prune().index_incomplete);
        other.restore("t", "out");
        CHECK(other.tree("out") == other.tree("data"));
    }
}

TEST_CASE("pinned checkpoints stay", "[ckpt]") {
    Lab lab;
    lab.write("f", "1");
    for (int i = 0; i < 3; ++i) lab.save("t");
    CHECK(ckpt::pin(lab.store(), {"t", 1}));
    CHECK_FALSE(ckpt::pin(lab.store(), {"t", 1}));
    ckpt::PruneRequest request;
    request.policy.keep_last = 1;
    lab.prune(request);
    CHECK(lab.store().sequences("t") == std::vector<std::uint64_t>{1, 3});
    CHECK(ckpt::unpin(lab.store(), {"t", 1}));
    lab.prune(request);
    CHECK(lab.store().sequences("t") == std::vector<std::uint64_t>{3});
}

TEST_CASE("a second maintainer is told that it must wait", "[ckpt]") {
    Lab lab;
    lab.write("f", "1");
    lab.save("t");
    const std::unique_ptr<store::Guard> first = lab.backend().try_maintain();
    try {
        lab.prune();
        FAIL("prune ran beside another");
    } catch (const Failure& f) {
        CHECK(f.exit() == Exit::busy);
    }
}

TEST_CASE("a policy keeps the newest of each period", "[ckpt]") {
    constexpr std::int64_t hour = 3600, day = 24 * hour;
    const std::int64_t noon = 1'700'006'400;  // 2023-11-15 00:00 UTC
    const std::vector<ckpt::Candidate> candidates{at(1, noon - 2 * day), at(2, noon - day), at(3, noon - day + 60),
                                                  at(4, noon), at(5, noon + 60)};
    CHECK(reasons(candidates, {.keep_last = 1}) == std::vector<std::string>{"", "", "", "", "last"});
    CHECK(reasons(candidates, {.keep_daily = 2}) == std::vector<std::string>{"", "", "daily", "", "daily"});
    CHECK(reasons(candidates, {.keep_within = std::chrono::seconds(30)}) ==
          std::vector<std::string>{"", "", "", "", "within"});
    CHECK(reasons(candidates, {.keep_last = 1, .keep_hourly = 1}) ==
          std::vector<std::string>{"", "", "", "", "last, hourly"});
}

TEST_CASE("incomplete checkpoints never count towards what is kept", "[ckpt]") {
    std::vector<ckpt::Candidate> candidates{at(1, 1000), at(2, 2000), at(3, 3000)};
    candidates[2].incomplete = true;
    CHECK(reasons(candidates, {.keep_last = 1}) == std::vector<std::string>{"", "last", ""});
}

}  // namespace ft::test

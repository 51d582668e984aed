// Goal: "counter:NAME+N" means what the manual says: which counters, which amounts; bounds hold whatever becomes of
// what is prepared; what cannot be is refused with its reason, and what is not known is never called done. Method:
// counters on the machine's disk, made as ftcounter makes them; one branch after the other.
#include "libcore/twophase/kinds.h"

#include <filesystem>
#include <limits>

#include "libcore/base/failure.h"
#include "libcore/counter/named_counter.h"
#include "tests/catch.h"
#include "tests/io/scratch.h"

namespace ft::twophase {

namespace {

namespace fs = std::filesystem;
using counter::Operation;
using counter::Outcome;

constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max(),
                       lowest = std::numeric_limits<std::int64_t>::min();

class Bench {
public:
    [[nodiscard]] std::string path(const std::string& name) const { return scratch_.path() + "/" + name; }

    /// A counter whose replicas are these files; with more than one the name is a descriptor.
    void create(const std::string& name, const std::vector<std::string>& replicas, counter::Head head) {
        counter::Charter charter{.members = {}, .former = {}};
        for (const std::string& replica : replicas) charter.members.push_back({clock_.random_uuid(), replica});
        counter::Machine machine(io::locate, clock_, progress_,
                                 {.descriptor = {.replicas = charter.members}, .folder = scratch_.path()});
        counter::create(machine, clock_, {.counter = clock_.random_uuid(), .created = clock_.now()},
                        {.version = {.ballot = {.number = 1}}, .head = head, .annex = {.charter = charter}}, {});
        if (replicas != std::vector{name}) counter::put_descriptor(*dir_, name, {.replicas = charter.members});
    }
    [[nodiscard]] std::unique_ptr<Participant> make(const std::string& words, std::uint32_t sequence = 1) {
        const Kind kind = counter_kind();
        return kind.make(
            kind.parse(words, scratch_.path()), {{}, 1, sequence, 0},
            {.locate = io::locate, .clock = clock_, .locks = *dir_, .prepare_limit = limit, .settle_limit = limit});
    }
    [[nodiscard]] counter::NamedCounter open(const std::string& name) {
        return {*counter::find_place(io::locate(path(name)), scratch_.path()),
                name,
                {.locate = io::locate, .clock = clock_, .progress = progress_}};
    }
    [[nodiscard]] Outcome run(const std::string& name, const Operation& operation) {
        counter::NamedCounter named = open(name);
        return named.counter().run({&operation, 1}).back();
    }
    [[nodiscard]] std::int64_t value(const std::string& name) {
        return run(name, {.kind = Operation::Kind::get}).value;
    }
    [[nodiscard]] std::size_t reservations(const std::string& name) {
        counter::NamedCounter named = open(name);
        const Operation look{.kind = Operation::Kind::get};
        (void)named.counter().run({&look, 1});
        return named.counter().ledger().annex().reservations.size();
    }
    std::chrono::nanoseconds limit = std::chrono::seconds(30);

private:
    ScratchFolder scratch_;
    SystemClock clock_;
    Progress progress_;
    std::unique_ptr<io::Dir> dir_ = io::open_root(scratch_.path());
};

std::string refusal_of(const std::string& words) {
    try {
        (void)counter_kind().parse(words, "/somewhere");
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::usage);
        return failure.parts().why;
    }
    return "nothing";
}

std::string field(const std::string& words, const std::string& name) {
    return counter_kind().parse(words, "/srv").fields.at(name);
}

void check_yes(const Voted& voted) {
    INFO(voted.why);
    REQUIRE(voted.vote == Vote::yes);
}
void check_done(const Settled& settled) {
    INFO(settled.why);
    CHECK(settled.ack == Ack::done);
}

}  // namespace

TEST_CASE("a counter is named with its amount, from the folder where that is said") {
    CHECK(field("./jobs+5", "path") == "/srv/./jobs");
    CHECK(field("sub/my-jobs-2", "path") == "/srv/sub/my-jobs");
    CHECK(field("sub/my-jobs-2", "amount") == "-2");
    CHECK(field("/a/b+1", "path") == "/a/b");
    CHECK(field("/a/b+007", "amount") == "7");
    CHECK(field("/a/b+9223372036854775807", "amount") == std::to_string(highest));
    CHECK(field("/a/b-9223372036854775808", "amount") == std::to_string(lowest));
    CHECK(counter_kind().parse("/a/b+1", "/srv").label == "counter:/a/b+1");
}

TEST_CASE("what names no counter or no amount is refused where it is said") {
    CHECK(refusal_of("/a/jobs") == "there is no amount");
    CHECK(refusal_of("/a/jobs+") == "there is no number behind the sign");
    CHECK(refusal_of("/a/jobs+x") == "N is no number");
    CHECK(refusal_of("/a/my-jobs") == "N is no number");
    CHECK(refusal_of("/a/jobs+1.5") == "N is no number");
    CHECK(refusal_of("/a/jobs+0") == "adding nothing is no change");
    CHECK(refusal_of("/a/jobs+9223372036854775808") == "N has no 64 bits");
    CHECK(refusal_of("/a/jobs-9223372036854775809") == "N has no 64 bits");
    CHECK(refusal_of("/a/.jobs+1").empty());  // "not a counter's name"
    CHECK(refusal_of("+1").empty());
}

TEST_CASE("a counter of three replicas changes by commit, once, and not by abort") {
    Bench bench;
    fs::create_directory(bench.path("r"));
    bench.create("jobs", {"r/1", "r/2", "r/3"}, {.value = 10});
    check_yes(bench.make("./jobs+5")->prepare());
    check_yes(bench.make("./jobs-3", 2)->prepare());
    CHECK(bench.value("jobs") == 10);
    fs::remove(bench.path("r/2"));  // a minority is lost
    for (int i = 0; i < 3; ++i) check_done(bench.make("./jobs+5")->commit(""));
    for (int i = 0; i < 3; ++i) check_done(bench.make("./jobs-3", 2)->abort());
    CHECK(bench.value("jobs") == 15);
    CHECK(bench.reservations("jobs") == 1);  // so that another commit is known
    for (int i = 0; i < 2; ++i) check_done(bench.make("./jobs+5")->forget());
    CHECK(bench.reservations("jobs") == 0);
}

TEST_CASE("what is prepared counts for the bounds until it is decided") {
    Bench bench;
    bench.create("jobs", {"jobs"}, {.value = 10, .min = 0, .max = 20});
    check_yes(bench.make("./jobs+8")->prepare());
    const Voted second = bench.make("./jobs+3", 2)->prepare();
    CHECK(second.vote == Vote::no);
    CHECK(second.why.find("the value 10 would cross its maximum 20") != std::string::npos);
    CHECK(bench.make("./jobs-11", 3)->prepare().vote == Vote::no);
    CHECK(bench.run("jobs", {.kind = Operation::Kind::add, .amount = 3}).kind == Outcome::Kind::above_max);
    check_done(bench.make("./jobs+8")->abort());
    check_yes(bench.make("./jobs+3", 4)->prepare());
    check_done(bench.make("./jobs+3", 4)->commit(""));
    CHECK(bench.value("jobs") == 13);
}

TEST_CASE("a commit without a reservation is not known, one against the decision is broken") {
    Bench bench;
    bench.create("jobs", {"jobs"}, {});
    CHECK(bench.make("./jobs+1")->commit("").ack == Ack::unknown);
    check_yes(bench.make("./jobs+1", 2)->prepare());
    CHECK(bench.run("jobs", {.kind = Operation::Kind::abort, .id = Branch{{}, 1, 2, 0}.id()}).accepted());
    const Settled late = bench.make("./jobs+1", 2)->commit("");
    CHECK(late.ack == Ack::broken);
    CHECK(late.why.find("decided the other way") != std::string::npos);
    check_yes(bench.make("./jobs+1", 3)->prepare());
    check_done(bench.make("./jobs+1", 3)->commit(""));
    CHECK(bench.make("./jobs+1", 3)->abort().ack == Ack::broken);
    check_done(bench.make("./jobs+1", 3)->commit(""));  // that abort has not taken the witness
    CHECK(bench.value("jobs") == 1);
}

TEST_CASE("a counter that is not there, or cannot be used, is a no before and again after the decision") {
    Bench bench;
    bench.limit = std::chrono::milliseconds(60);
    CHECK(bench.make("./jobs+1")->prepare().why.find("no such counter") != std::string::npos);
    CHECK(bench.make("./none/jobs+1")->prepare().vote == Vote::no);
    counter::put_descriptor(*io::open_root(bench.path("")), "hits",
                            {.replicas = {}, .shared = counter::SharedName{.segment = "/hits"}});
    CHECK(bench.make("./hits+1")->prepare().why.find("it is in shared memory") != std::string::npos);

    bench.create("jobs", {"jobs"}, {});
    check_yes(bench.make("./jobs+1")->prepare());
    const auto held = io::open_file(*io::open_root(bench.path("")), "jobs", io::Access::direct);
    REQUIRE(held->try_lock(io::Lock::exclusive));
    CHECK(bench.make("./jobs+1", 2)->prepare().vote == Vote::no);
    CHECK_THROWS_AS((void)bench.make("./jobs+1")->commit(""), Failure);  // again
    CHECK_THROWS_AS((void)bench.make("./jobs+1")->abort(), Failure);
    held->try_lock(io::Lock::shared);
}

TEST_CASE("an interruption ends one call, and not the next") {
    Bench bench;
    bench.create("jobs", {"jobs"}, {});
    const auto branch = bench.make("./jobs+1");
    branch->interrupt();
    CHECK(branch->prepare().vote == Vote::silent);
    check_done(branch->abort());
    CHECK(bench.reservations("jobs") == 0);
}

}  // namespace ft::twophase

// Goal: "ckpt:NAME=PATH" means what the manual says: what is saved, where, and when it is seen; what is prepared
// survives a prune; what is incomplete is refused. Method: on the machine's disk, one branch after the other.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "libcore/base/failure.h"
#include "libcore/ckpt/verbs.h"
#include "libcore/store/pending.h"
#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/io/scratch.h"

namespace ft::twophase {

namespace {

namespace fs = std::filesystem;

class Bench {
public:
    Bench() {
        fs::create_directory(path("state"));
        put("state/a", std::string(50'000, 'a'));
    }
    [[nodiscard]] std::string path(const std::string& name) const { return scratch_.path() + "/" + name; }
    void put(const std::string& name, const std::string& content) const { std::ofstream(path(name)) << content; }
    [[nodiscard]] std::unique_ptr<Participant> make(const std::string& name, const std::string& saved,
                                                    std::uint32_t sequence = 1) {
        const Spec spec{
            .kind = "ckpt",
            .label = "ckpt:" + name,
            .fields = {{"name", name}, {"path", path(saved)}, {"store", path(store_place)}, {"origin", saved}}};
        return ckpt_kind().make(spec, {{}, 1, sequence, 0}, {.locate = io::locate, .clock = clock_, .locks = *dir_});
    }
    /// The store as it is now.
    [[nodiscard]] store::Store open() {
        backend_ = store::directory_backend(io::open_root(path(store_place)), clock_);
        return store::Store::open(*backend_, clock_);
    }
    [[nodiscard]] std::vector<std::uint64_t> sequences(const std::string& name) { return open().sequences(name); }
    [[nodiscard]] ckpt::PruneReport prune() {
        store::Store store = open();
        const ckpt::PruneReport report = ckpt::prune(store, {.policy = {}}, clock_, progress_);
        store.leave();
        return report;
    }
    [[nodiscard]] ckpt::VerifyReport verify() {
        store::Store store = open();
        const ckpt::VerifyReport report = ckpt::verify(store, {}, clock_, progress_);
        store.leave();
        return report;
    }
    [[nodiscard]] std::string content(const std::string& name, std::uint64_t sequence, const std::string& file) {
        std::string text;
        store::Store store = open();
        ckpt::cat(
            store, {name, sequence}, file, 0, [&](View bytes) { text += text_of(bytes); }, progress_);
        return text;
    }
    std::string store_place = "made/for/it/store";

private:
    ScratchFolder scratch_;
    SystemClock clock_;
    Progress progress_;
    std::unique_ptr<io::Dir> dir_ = io::open_root(scratch_.path());
    std::unique_ptr<store::Backend> backend_;
};

void check_yes(const Voted& voted) {
    INFO(voted.why);
    REQUIRE(voted.vote == Vote::yes);
}

std::string refusal_of(const std::string& words) {
    try {
        (void)ckpt_kind().parse(words, "/srv");
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::usage);
        return failure.what();
    }
    return "nothing";
}

}  // namespace

TEST_CASE("a checkpoint is named with its path, from the folder where that is said, and the store of that time") {
    ::setenv("FT_STORE", "stores/one/", 1);
    const Spec spec = ckpt_kind().parse("app=./state", "/srv");
    ::unsetenv("FT_STORE");
    CHECK(spec.label == "ckpt:app=./state");
    CHECK(spec.fields ==
          std::map<std::string, std::string>{
              {"name", "app"}, {"path", "/srv/./state"}, {"store", "/srv/stores/one"}, {"origin", "./state"}});
    CHECK(refusal_of("app=").find("there is nothing to save") != std::string::npos);
    CHECK(refusal_of("app").find("ckpt:app") != std::string::npos);
    CHECK(refusal_of("a/b=./state").find("a name holds") != std::string::npos);
    CHECK(refusal_of(".a=./state").find("a name holds") != std::string::npos);
}

TEST_CASE("a checkpoint is seen once it is committed, with the content of its prepare and the id of its branch") {
    Bench bench;
    check_yes(bench.make("app", "state")->prepare());
    bench.put("state/a", "changed since");
    CHECK(bench.sequences("app").empty());
    CHECK(store::pending(*std::make_unique<store::Store>(bench.open())).size() == 1);
    for (int i = 0; i < 3; ++i) CHECK(bench.make("app", "state")->commit("").ack == Ack::done);
    CHECK(bench.sequences("app") == std::vector<std::uint64_t>{1});
    CHECK(bench.content("app", 1, "a") == std::string(50'000, 'a'));
    store::Store store = bench.open();
    CHECK(store.manifest({"app", 1}).transaction == Branch{{}, 1, 1, 0}.id());
    CHECK(store::pending(store).empty());
}

TEST_CASE("what is prepared is kept by a prune and read by a verify, what is aborted goes with the next prune") {
    Bench bench;
    check_yes(bench.make("app", "state")->prepare());
    CHECK(bench.prune().packs_removed == 0);
    CHECK(bench.verify().checkpoints == 1);
    CHECK(bench.verify().damaged_count == 0);
    check_yes(bench.make("app", "state", 2)->prepare());
    CHECK(bench.make("app", "state", 2)->abort().ack == Ack::done);
    CHECK(bench.make("app", "state")->commit("").ack == Ack::done);
    CHECK(bench.content("app", 1, "a") == std::string(50'000, 'a'));

    bench.put("state/a", std::string(70'000, 'b'));
    check_yes(bench.make("app", "state", 3)->prepare());
    CHECK(bench.make("app", "state", 3)->abort().ack == Ack::done);
    CHECK(bench.prune().packs_removed >= 1);
    CHECK(bench.verify().damaged_count == 0);
    CHECK(bench.sequences("app") == std::vector<std::uint64_t>{1});
}

TEST_CASE("a prune that cannot tell what is prepared says so, and how it is given up") {
    Bench bench;
    check_yes(bench.make("app", "state")->prepare());
    const std::string pending = bench.path(bench.store_place + "/pending/" + Branch{{}, 1, 1, 0}.id());
    fs::permissions(pending, fs::perms::owner_all);
    std::ofstream(pending, std::ios::app) << "rot";
    CHECK(bench.verify().damaged_count == 1);
    try {
        (void)bench.prune();
        CHECK(false);
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::damage);
        CHECK(std::string(failure.what()).find("'ft2pc abort' gives it up") != std::string::npos);
    }
    CHECK(bench.make("app", "state")->abort().ack == Ack::done);
    (void)bench.prune();
}

TEST_CASE("what is missing or cannot be saved whole is a no, and leaves nothing") {
    Bench bench;
    const Voted missing = bench.make("app", "nothing")->prepare();
    CHECK(missing.vote == Vote::no);
    CHECK(missing.why.find("No such file") != std::string::npos);
    bench.store_place = "state/a/store";  // below a file
    CHECK(bench.make("app", "state")->prepare().vote == Vote::no);
    bench.store_place = "state";  // no store, and not empty
    CHECK(bench.make("app", "state")->prepare().vote == Vote::no);
    bench.store_place = "store";
    CHECK(bench.make("app", "state")->commit("").ack == Ack::unknown);
    CHECK(bench.make("app", "state")->abort().ack == Ack::done);
}

TEST_CASE("a store in the tree that is saved is left out") {
    Bench bench;
    bench.store_place = "state/store";
    for (std::uint32_t sequence = 1; sequence < 3; ++sequence) {
        check_yes(bench.make("app", "state", sequence)->prepare());
        CHECK(bench.make("app", "state", sequence)->commit("").ack == Ack::done);
    }
    store::Store store = bench.open();
    CHECK(store.manifest({"app", 2}).sources[0].file_count == 1);
}

TEST_CASE("an interruption ends a prepare, and not the abort after it") {
    Bench bench;
    const auto branch = bench.make("app", "state");
    branch->interrupt();
    CHECK(branch->prepare().vote == Vote::no);
    CHECK(branch->abort().ack == Ack::done);
    CHECK(store::pending(*std::make_unique<store::Store>(bench.open())).empty());
    check_yes(branch->prepare());
}

}  // namespace ft::twophase

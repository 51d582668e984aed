// Goal: file: and switch: mean what the manual says: which names, whose modes and owners, what is refused, and what is
// left alone because somebody else has changed it.
// Method: on the machine's disk, one branch after the other.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "libcore/base/failure.h"
#include "libcore/twophase/claim.h"
#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/source/scratch.h"

namespace ft::twophase {

namespace {

namespace fs = std::filesystem;

class Bench {
public:
    [[nodiscard]] std::string path(const std::string& name = "") const { return scratch_.path(name); }
    void put(const std::string& name, const std::string& content) const { std::ofstream(path(name)) << content; }
    [[nodiscard]] std::string get(const std::string& name) const {
        std::ifstream in(path(name));
        return {std::istreambuf_iterator<char>(in), {}};
    }
    /// All names, with a blank behind each.
    [[nodiscard]] std::string names() const {
        std::vector<std::string> all;
        for (const auto& entry : fs::directory_iterator(path())) all.push_back(entry.path().filename());
        std::sort(all.begin(), all.end());
        std::string text;
        for (const std::string& name : all) text += name + " ";
        return text;
    }
    [[nodiscard]] std::unique_ptr<Participant> make(const std::string& words, std::uint32_t sequence = 1) {
        const Kind kind = words.starts_with("file:") ? file_kind() : switch_kind();
        const Spec spec = kind.parse(words.substr(words.find(':') + 1), path());
        return kind.make(spec, {{}, 1, sequence, 0},
                         {.locate = io::locate, .clock = clock_, .locks = *locks_, .prepare_limit = limit});
    }
    /// Prepares and commits. returns  why it could not; "".
    std::string run(const std::string& words) {
        const auto branch = make(words);
        const Voted voted = branch->prepare();
        if (voted.vote != Vote::yes) return voted.why;
        return branch->commit(voted.token).why;
    }
    std::chrono::nanoseconds limit = std::chrono::seconds(30);

private:
    source::Scratch scratch_;
    SystemClock clock_;
    std::unique_ptr<io::Dir> locks_ = scratch_.dir();
};

mode_t mode_of(const std::string& path) {
    struct stat found {};
    REQUIRE(::lstat(path.c_str(), &found) == 0);
    return found.st_mode & 07777;
}

std::string why_of(const std::function<void()>& call, Exit exit) {
    try {
        call();
    } catch (const Failure& failure) {
        CHECK(failure.exit() == exit);
        return failure.what();
    }
    return "";
}

}  // namespace

TEST_CASE("a file is replaced, made and removed, and nothing else is left", "[twophase]") {
    Bench bench;
    bench.put("a", "old");
    bench.put("a.new", "new");
    CHECK(bench.run("file:a=a.new") == "");
    CHECK(bench.get("a") == "new");
    CHECK(bench.run("file:b=a.new") == "");
    CHECK(bench.get("b") == "new");
    CHECK(bench.run("file:a=") == "");
    CHECK(bench.names() == "a.new b ");
}

TEST_CASE("what is written to NEW after the vote is none of the transaction's", "[twophase]") {
    Bench bench;
    bench.put("a.new", "new");
    const auto branch = bench.make("file:a=a.new");
    const Voted voted = branch->prepare();
    bench.put("a.new", "later");
    CHECK(branch->commit(voted.token).ack == Ack::done);
    CHECK(bench.get("a") == "new");
}

TEST_CASE("a replaced file's mode and attributes are kept, a new one's mode is NEW's without set-id bits",
          "[twophase]") {
    Bench bench;
    bench.put("a", "old");
    bench.put("a.new", "new");
    ::chmod(bench.path("a").c_str(), 0604);
    ::chmod(bench.path("a.new").c_str(), 04711);
    CHECK(bench.run("file:a=a.new") == "");
    CHECK(mode_of(bench.path("a")) == 0604);
    CHECK(bench.run("file:b=a.new") == "");
    CHECK(mode_of(bench.path("b")) == 0711);
}

TEST_CASE("names of 255 bytes can be claimed", "[twophase]") {
    Bench bench;
    bench.put("new", "new");
    for (const std::size_t size : {199, 200, 201, 248, 255}) {
        const std::string name(size, 'n');
        bench.put(name, "old");
        CHECK(bench.run("file:" + name + "=new") == "");
        CHECK(bench.get(name) == "new");
    }
}

TEST_CASE("a DEST that is a link stays one, and where it leads is replaced", "[twophase]") {
    Bench bench;
    bench.put("real", "old");
    bench.put("new", "new");
    fs::create_symlink("real", bench.path("link"));
    fs::create_symlink("new", bench.path("newlink"));
    CHECK(bench.run("file:link=newlink") == "");
    CHECK(fs::is_symlink(bench.path("link")));
    CHECK(bench.get("real") == "new");
    fs::create_symlink("nowhere", bench.path("dangling"));
    CHECK(bench.run("file:dangling=new").find("leads nowhere") != std::string::npos);
    CHECK(bench.names() == "dangling link new newlink real ");
}

TEST_CASE("the first '=' splits, and one after a backslash belongs to DEST", "[twophase]") {
    Bench bench;
    bench.put("x=y", "new");
    CHECK(bench.run("file:a\\=b=x=y") == "");
    CHECK(bench.get("a=b") == "new");
    for (const char* words : {"file:", "file:a", "file:=b", "file:a\\=b", "switch:a=", "switch:=b"})
        CHECK(why_of([&] { (void)bench.make(words); }, Exit::usage) != "");
}

TEST_CASE("a participant refuses what it could not commit, says why, and leaves nothing", "[twophase]") {
    Bench bench;
    bench.put("a", "old");
    bench.put("new", "new");
    fs::create_directory(bench.path("dir"));
    ::mkfifo(bench.path("pipe").c_str(), 0600);
    fs::create_symlink("loop", bench.path("loop"));
    const std::string names = bench.names();
    const std::vector<std::pair<std::string, std::string>> refused{
        {"file:a=missing", "No such file"},      {"file:missing=", "No such file"},
        {"file:no/folder=new", "No such file"},  {"file:dir=new", "it is a directory"},
        {"file:pipe=new", "not a regular file"}, {"file:a=dir", "not a regular file"},
        {"file:a=pipe", "not a regular file"},   {"file:a=loop", "Too many levels"},
        {"switch:a=dir", "no symbolic link"},    {"switch:b=missing", "No such file"},
        {"file:/proc/version=new", "/proc"}};
    for (const auto& [words, why] : refused) {
        INFO(words);
        CHECK_THAT(bench.run(words), Catch::Matchers::Contains(why));
    }
    CHECK(bench.names() == names);
}

TEST_CASE("a second branch on one name is refused, with the first one's id, until that has ended", "[twophase]") {
    Bench bench;
    bench.put("new", "new");
    const auto first = bench.make("file:a=new", 1), second = bench.make("file:a=new", 2);
    CHECK(first->prepare().vote == Vote::yes);
    const Voted voted = second->prepare();
    CHECK(voted.vote == Vote::no);
    CHECK_THAT(voted.why, Catch::Matchers::Contains(Branch{{}, 1, 1, 0}.id()));
    CHECK(second->abort().ack == Ack::done);  // and takes nothing of the first
    CHECK(first->prepare().vote == Vote::silent);
    CHECK(first->abort().ack == Ack::done);
    CHECK(second->prepare().vote == Vote::yes);
    CHECK(second->abort().ack == Ack::done);
    CHECK(bench.names() == "new ");
}

TEST_CASE("what a stranger has changed meanwhile is left as it is, and told", "[twophase]") {
    const std::vector<std::pair<std::string, std::function<void(const Bench&)>>> changes{
        {"file:a=new", [](const Bench& b) { b.put("a", "strange"); }},
        {"file:a=new", [](const Bench& b) { fs::remove(b.path("a")); }},
        {"file:a=new",
         [](const Bench& b) {
             fs::remove(b.path(staged_name(Branch{{}, 1, 1, 0}.id())));
         }},
        {"file:a=", [](const Bench& b) { b.put("a", "strange"); }},
        {"file:b=new", [](const Bench& b) { b.put("b", "strange"); }},
        {"switch:l=d2", [](const Bench& b) { fs::remove(b.path("l")), fs::create_symlink("d3", b.path("l")); }}};
    for (const auto& [words, change] : changes) {
        Bench bench;
        bench.put("a", "old");
        bench.put("new", "new");
        fs::create_directory(bench.path("d2"));
        fs::create_symlink("d1", bench.path("l"));
        const auto branch = bench.make(words);
        const Voted voted = branch->prepare();
        REQUIRE(voted.vote == Vote::yes);
        change(bench);
        INFO(words);
        for (int times = 0; times < 2; ++times) {
            const Settled settled = branch->commit(voted.token);
            CHECK(settled.ack == Ack::broken);
            CHECK(settled.why != "");
        }
        if (fs::exists(bench.path("a"))) CHECK(bench.get("a") != "new");
        if (fs::exists(bench.path("b"))) CHECK(bench.get("b") == "strange");
        CHECK(branch->forget().ack == Ack::done);
        CHECK(bench.names().find("ft2pc") == std::string::npos);
    }
}

TEST_CASE("a claim that cannot be read is nobody's: it is told and stays", "[twophase]") {
    Bench bench;
    bench.put("a", "old");
    bench.put("new", "new");
    const auto branch = bench.make("file:a=new");
    const Voted voted = branch->prepare();
    bench.put(".a.ft2pc", "rotten");
    CHECK(branch->commit(voted.token).ack == Ack::broken);
    CHECK(branch->abort().ack == Ack::broken);
    const Voted other = bench.make("file:a=new", 2)->prepare();
    CHECK(other.vote == Vote::no);
    CHECK_THAT(other.why, Catch::Matchers::Contains(".a.ft2pc"));
    CHECK(bench.get("a") == "old");
    CHECK(bench.get(".a.ft2pc") == "rotten");
}

TEST_CASE("in another directory than it was prepared in nothing is called done", "[twophase]") {
    Bench bench;
    bench.put("new", "new");
    fs::create_directory(bench.path("d"));
    const auto branch = bench.make("file:d/a=new");
    const Voted voted = branch->prepare();
    fs::rename(bench.path("d"), bench.path("elsewhere"));
    CHECK_THROWS_AS((void)branch->commit(voted.token), Failure);
    fs::create_directory(bench.path("d"));
    CHECK(branch->commit(voted.token).ack == Ack::again);
    fs::remove(bench.path("d"));
    fs::rename(bench.path("elsewhere"), bench.path("d"));
    CHECK(branch->commit(voted.token).ack == Ack::done);
    CHECK(bench.get("d/a") == "new");
    // A copy of it, as from a backup: what was to be is so.
    fs::rename(bench.path("d"), bench.path("elsewhere"));
    fs::create_directory(bench.path("d"));
    CHECK(branch->commit(voted.token).ack == Ack::again);
    bench.put("d/a", "new");
    CHECK(branch->commit(voted.token).ack == Ack::done);
    CHECK(branch->commit("").ack == Ack::again);
}

TEST_CASE("a link is switched to a generation, whatever it led to before", "[twophase]") {
    Bench bench;
    fs::create_directory(bench.path("gen2"));
    fs::create_symlink("gen1", bench.path("current"));
    CHECK(bench.run("switch:current=gen2") == "");
    CHECK(fs::read_symlink(bench.path("current")) == "gen2");
    CHECK(bench.run("switch:first=" + bench.path("gen2")) == "");
    CHECK(fs::read_symlink(bench.path("first")) == bench.path("gen2"));
    CHECK(bench.names() == "current first gen2 ");
}

TEST_CASE("a prepare that is interrupted or takes too long is a no", "[twophase]") {
    Bench bench;
    bench.put("new", "new");
    const auto interrupted = bench.make("file:a=new");
    interrupted->interrupt();
    CHECK(interrupted->prepare().vote == Vote::no);
    bench.limit = std::chrono::nanoseconds(0);
    CHECK_THAT(bench.make("file:a=new")->prepare().why, Catch::Matchers::Contains("longer than"));
    CHECK(bench.names() == "new ");
}

TEST_CASE("an owner that cannot be kept is a no", "[twophase]") {
    Bench bench;
    bench.put("a", "old");
    bench.put("new", "new");
    if (source::is_root()) {
        REQUIRE(::chown(bench.path("a").c_str(), 1, 1) == 0);
        ::chmod(bench.path("a").c_str(), 0644);
        ::chmod(bench.path().c_str(), 0777);
        CHECK(bench.run("file:a=new") == "");
        struct stat found {};
        REQUIRE(::stat(bench.path("a").c_str(), &found) == 0);
        CHECK(found.st_uid == 1);
        const source::AsNobody nobody;
        CHECK_THAT(bench.run("file:a=new"), Catch::Matchers::Contains("cannot set the owner"));
        CHECK(bench.names() == "a new ");
    } else {
        const std::string own = "file:a=new";
        CHECK(bench.run(own) == "");
    }
}

TEST_CASE("a claim is read back as it was written, and any change of it is noticed", "[twophase]") {
    const Claim claim{.branch = Branch{{}, 1, 1, 0}.id(),
                      .name = "app.conf",
                      .old = {Content::Kind::file, digest_of(view_of("old"))},
                      .next = {}};
    const Bytes bytes = encode(claim);
    CHECK(decode_claim(bytes, "claim") == claim);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        Bytes turned = bytes;
        turned[bit / 8] ^= std::byte{1} << (bit % 8);
        CHECK_THROWS_AS((void)decode_claim(turned, "claim"), Failure);
    }
    for (std::size_t size = 0; size < bytes.size(); ++size)
        CHECK_THROWS_AS((void)decode_claim(View(bytes).first(size), "claim"), Failure);
}

TEST_CASE("a spec that a journal lost a part of is damage", "[twophase]") {
    Bench bench;
    SystemClock clock;
    const source::Scratch scratch;
    const auto locks = scratch.dir();
    const Surroundings surroundings{.locate = io::locate, .clock = clock, .locks = *locks};
    for (const Kind& kind : {file_kind(), switch_kind()})
        CHECK(why_of(
                  [&] {
                      (void)kind.make({std::string(kind.name), "x", {}}, {}, surroundings);
                  },
                  Exit::damage) != "");
    CHECK(why_of(
              [&] {
                  (void)file_kind().make({"file", "x", {{"dest", "a"}}}, {}, surroundings);
              },
              Exit::damage) != "");
}

}  // namespace ft::twophase

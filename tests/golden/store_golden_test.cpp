// Goal: every later version reads a store of version 1 exactly, and says what is wrong with a broken one.
// Method: the committed store of tests/golden/store-v1 (make.sh beside it made it, and the listing from the tree),
// copied and broken in one place each.
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "libcore/base/failure.h"
#include "libcore/ckpt/restore.h"
#include "libcore/ckpt/verbs.h"
#include "libcore/io/posix.h"
#include "tests/catch.h"
#include "tests/io/scratch.h"

namespace ft::ckpt {
namespace {

namespace fs = std::filesystem;

const fs::path golden = fs::path(FT_ROOT) / "tests/golden/store-v1";

/// A copy of the golden store, opened anew for each question as each program does.
class Golden {
public:
    Golden() {
        fs::copy(golden / "store", root(), fs::copy_options::recursive);
        for (const auto& object : fs::recursive_directory_iterator(root()))
            fs::permissions(object, fs::perms::owner_write, fs::perm_options::add);
    }
    [[nodiscard]] fs::path root() const { return fs::path(scratch_.path()) / "store"; }
    [[nodiscard]] store::Store& open() {
        backend_ = store::directory_backend(io::open_root(root().string()), clock_);
        return store_.emplace(store::Store::open(*backend_, clock_));
    }
    [[nodiscard]] std::vector<source::Entry> entries(const std::string& selector) {
        store::Store& store = open();
        std::vector<source::Entry> all;
        list_entries(store, store.resolve(selector), "", [&](const source::Entry& entry) {
            all.push_back(entry);
            return true;
        });
        return all;
    }
    [[nodiscard]] std::string content(const std::string& selector, const std::string& path) {
        store::Store& store = open();
        std::string all;
        cat(
            store, store.resolve(selector), path, 1, [&](View piece) { all += text_of(piece); }, progress_);
        return all;
    }
    [[nodiscard]] fs::path restore(const std::string& selector) {
        store::Store& store = open();
        const auto parent = io::open_root(scratch_.path());
        const RestoreRequest request{
            .checkpoint = store.resolve(selector), .jobs = 1, .powers = source::TreeBuilder::of_this_process()};
        static_cast<void>(restore_tree(store, request, {.parent = *parent, .name = "out"}, clock_, progress_));
        return fs::path(scratch_.path()) / "out";
    }
    [[nodiscard]] std::string stream() {
        store::Store& store = open();
        std::string all;
        static_cast<void>(restore_stream(
            store, {.checkpoint = store.resolve("stream"), .jobs = 1}, "", [&](View piece) { all += text_of(piece); },
            clock_, progress_));
        return all;
    }
    [[nodiscard]] VerifyReport check_all() { return verify(open(), {.jobs = 1}, clock_, progress_); }
    [[nodiscard]] RepairReport repair_all() { return repair(open(), 1, clock_, progress_); }

private:
    ScratchFolder scratch_;
    SystemClock clock_;
    Progress progress_;
    std::unique_ptr<store::Backend> backend_;
    std::optional<store::Store> store_;
};

std::string hex_of(const std::string& text) {
    std::string hex;
    for (const unsigned char c : text) hex += {"0123456789abcdef"[c >> 4U], "0123456789abcdef"[c & 15U]};
    return hex;
}

std::string kind_of(const source::Entry& entry) {
    static const std::map<io::Kind, std::string> names{{io::Kind::file, "regular-file"},
                                                       {io::Kind::dir, "directory"},
                                                       {io::Kind::symlink, "symbolic-link"},
                                                       {io::Kind::fifo, "fifo"},
                                                       {io::Kind::char_device, "character-special-file"}};
    return names.at(entry.kind);
}

/// An entry as make.sh lists an object of the tree.
std::string listed(Golden& store, const source::Entry& entry) {
    const bool is_file = entry.kind == io::Kind::file;
    const std::string sum = is_file ? digest_of(view_of(store.content("state@1", entry.path))).hex() : "-";
    std::ostringstream line;
    line << kind_of(entry) << ' ' << std::oct << entry.mode << std::dec << ' ' << entry.uid << ' ' << entry.gid << ' ';
    line << (is_file ? entry.size : 0) << ' ' << entry.mtime.s << '.';
    line << std::string(9 - std::to_string(entry.mtime.ns).size(), '0') << entry.mtime.ns;
    line << ' ' << sum << ' ' << hex_of(entry.path);
    return line.str();
}

std::vector<std::string> listing() {
    std::ifstream file(golden / "listing.txt");
    REQUIRE(file.good());
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

std::string text_of_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>(file), {}};
}

const source::Entry& find(const std::vector<source::Entry>& all, const std::string& path) {
    for (const source::Entry& entry : all)
        if (entry.path == path) return entry;
    FAIL("there is no " << path);
    return all.front();
}

}  // namespace

TEST_CASE("a store of version 1 holds what was saved in it") {
    Golden store;
    std::vector<std::string> found;
    for (const source::Entry& entry : store.entries("state@1")) found.push_back(listed(store, entry));
    CHECK(found == listing());
    CHECK(store.open().names() == std::vector<std::string>{"state", "stream"});
    CHECK(store.content("state@2", "dir/text") == store.content("state@1", "dir/text") + "another line\n");
    CHECK(store.stream() == "the stream\n");
}

TEST_CASE("links, holes, devices and attributes of a store of version 1 are all there") {
    Golden store;
    const std::vector<source::Entry> all = store.entries("state@1");
    CHECK(find(all, "dir/link").symlink == "../plain");
    CHECK(find(all, "dangling").symlink == "/no/such/place");
    CHECK(find(all, "dir/second-name").linked);
    CHECK(find(all, "plain").hard_link == "dir/second-name");
    CHECK(find(all, "null").rdev == 0x103);
    const std::vector<source::Run>& runs = find(all, "holes").runs;
    REQUIRE(runs.size() == 3);
    CHECK(runs[1].hole + runs[0].length + runs[2].length == 1048581);
    CHECK(runs[1].hole > 1000000);
    const std::vector<io::Xattr>& xattrs = find(all, "attributes").xattrs;
    REQUIRE(xattrs.size() == 2);
    CHECK(xattrs[0].name == "user.bytes");
    CHECK(xattrs[0].value == std::string("\0\xff\n", 3));
    CHECK(xattrs[1].name == "user.note");
    CHECK(xattrs[1].value == "text");
}

TEST_CASE("a store of version 1 is undamaged and is restored as a tree") {
    Golden store;
    CHECK(store.check_all().damaged_count == 0);
    const fs::path out = store.restore("state@1");
    CHECK(text_of_file(out / "plain") == "a line that is stored\n");
    CHECK(fs::equivalent(out / "plain", out / "dir/second-name"));
    CHECK(fs::read_symlink(out / "dir/link") == "../plain");
    CHECK(fs::is_empty(out / "dir/empty"));
    CHECK(fs::is_fifo(out / "pipe"));
    CHECK(fs::file_size(out / "odd\nname \xff") == 1);
    CHECK(text_of_file(out / "holes").substr(1 << 20) == "after");
}

namespace {

/// One way to break a store, and how the first command that meets it must fail.
struct Broken {
    std::string what;
    std::string below;  ///< all objects below it are broken alike
    std::function<void(std::string&)> change;
    std::function<void(Golden&)> meet;
    Exit exit = Exit::damage;
    std::string message;
};

auto flip(std::ptrdiff_t at) {
    return [at](std::string& bytes) { *(at < 0 ? bytes.end() + at : bytes.begin() + at) ^= 0x10; };
}
auto cut(std::size_t count) {
    return [count](std::string& bytes) { bytes.resize(bytes.size() - count); };
}
/// The format object of a version that does not exist yet, whole.
void newer_version(std::string& bytes) {
    bytes[8] = 2;
    const std::uint64_t sum = checksum_of(view_of(bytes).first(48));
    for (unsigned i = 0; i < 8; ++i) bytes[48 + i] = static_cast<char>(sum >> (8 * i));
}

void break_objects(const Golden& store, const Broken& broken) {
    std::size_t count = 0;
    const auto change = [&](const fs::path& path) {
        std::string bytes = text_of_file(path);
        broken.change(bytes);
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
        ++count;
    };
    const fs::path target = store.root() / broken.below;
    if (fs::is_regular_file(target)) change(target);
    if (fs::is_directory(target))
        for (const auto& object : fs::recursive_directory_iterator(target))
            if (object.is_regular_file()) change(object.path());
    REQUIRE(count > 0);
}

void meet_open(Golden& store) { static_cast<void>(store.open()); }
void meet_restore(Golden& store) { static_cast<void>(store.restore("state@1")); }
/// verify answers with what it found; here it is made a failure like the others.
void meet_verify(Golden& store) {
    const VerifyReport report = store.check_all();
    if (report.damaged_count != 0) throw damage(report.damaged.front().path, report.damaged.front().why);
}

const std::vector<Broken> all_broken{
    {"a newer version", "format", newer_version, meet_open, Exit::failed, "newer version of ft"},
    {"a bit of the format", "format", flip(40), meet_open, Exit::damage, "checksum differs"},
    {"no format at all", "format", flip(0), meet_open, Exit::damage, "not the format object of a store"},
    {"half a format", "format", cut(20), meet_open, Exit::damage, "format"},
    {"a bit of a manifest", "checkpoints/state/1", flip(60), meet_restore, Exit::damage, "checksum differs"},
    {"a manifest of a newer version", "checkpoints/state/1", flip(7), meet_restore, Exit::damage, "newer version"},
    {"half a manifest", "checkpoints/state/1", cut(100), meet_restore, Exit::damage, "checkpoints/state/1"},
    {"a manifest with too much", "checkpoints/state/1", [](std::string& b) { b += '\0'; }, meet_restore, Exit::damage,
     "checksum differs"},
    {"a bit of a pack's head", "packs", flip(3), meet_verify, Exit::damage, "not a pack or a newer version"},
    {"a bit of a pack's block", "packs", flip(60), meet_restore, Exit::damage, "checksum differs"},
    {"a bit of a pack's table", "packs", flip(-60), meet_verify, Exit::damage, "does not hash to its name"},
    {"a bit of a pack's tail", "packs", flip(-30), meet_verify, Exit::damage, "tail's checksum differs"},
    {"a pack that ends early", "packs", cut(1), meet_verify, Exit::damage, "packs/"},
    {"a pack of another size", "packs", cut(1), meet_restore, Exit::damage, "another length than the index"},
    {"a bit of an index page", "index", flip(100), meet_verify, Exit::damage, "page's checksum differs"},
    {"a bit of an index's tail", "index", flip(-30), meet_verify, Exit::damage, "index/"},
    {"an index that ends early", "index", cut(8), meet_verify, Exit::damage, "index/"},
};

}  // namespace

TEST_CASE("a broken store of version 1 fails for the right reason, and nothing is restored from it") {
    for (const Broken& broken : all_broken) {
        INFO(broken.what);
        Golden store;
        break_objects(store, broken);
        std::string message = "nothing failed";
        Exit exit = Exit::done;
        try {
            broken.meet(store);
        } catch (const Failure& failure) {
            message = failure.what();
            exit = failure.exit();
        }
        INFO(message);
        CHECK(exit == broken.exit);
        CHECK(message.find(broken.message) != std::string::npos);
        CHECK_FALSE(fs::exists(store.root().parent_path() / "out"));
    }
}

TEST_CASE("a store of version 1 with a broken index is whole again after a repair") {
    for (const auto& change : std::vector<std::function<void(std::string&)>>{flip(100), flip(-30), cut(8)}) {
        Golden store;
        break_objects(store, {.below = "index", .change = change});
        const RepairReport report = store.repair_all();
        CHECK(report.lost.empty());
        CHECK(report.checkpoints_whole == 3);
        CHECK(text_of_file(store.restore("state@1") / "plain") == "a line that is stored\n");
        CHECK(store.check_all().damaged_count == 0);
    }
}

}  // namespace ft::ckpt

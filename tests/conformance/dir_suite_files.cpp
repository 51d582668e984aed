// Promises on files: their bytes, holes, sizes, locks, mappings, and the poison of a failed sync.
#include <algorithm>
#include <array>
#include <cerrno>

#include "libcore/base/failure.h"
#include "libcore/io/faulty.h"
#include "tests/catch.h"
#include "tests/conformance/dir_suite.h"

namespace ft::conformance {

namespace {

using io::Access;
using io::Extent;
using io::Lock;

constexpr std::uint64_t block = 65536;  // no file system we know keeps holes in larger pieces

/// Bytes that differ from place to place.
Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(1 + i % 251);
    return bytes;
}

Bytes read(io::File& file, std::uint64_t at, std::size_t size) {
    Bytes bytes(size);
    bytes.resize(file.read_at(bytes, at));
    return bytes;
}

std::vector<Extent> extents(io::File& file) {
    std::vector<Extent> found;
    std::uint64_t at = 0;
    while (auto extent = file.next_data(at)) {
        REQUIRE(extent->start >= at);
        REQUIRE(extent->end > extent->start);
        found.push_back(*extent);
        at = extent->end;
    }
    return found;
}

void bytes_are_kept(io::Dir& dir, const Powers&) {
    auto file = dir.create_file("file", 0600);
    const Bytes bytes = pattern(200000);
    file->write_at(bytes, 0);
    CHECK(read(*file, 0, bytes.size()) == bytes);
    CHECK(read(*file, 1, 100) == Bytes(bytes.begin() + 1, bytes.begin() + 101));
    CHECK(read(*file, bytes.size() - 3, 100).size() == 3);
    CHECK(read(*file, bytes.size(), 1).empty());
    CHECK(read(*file, bytes.size() + 1000, 1).empty());
    CHECK(file->read_at({}, 0) == 0);
    file->write_at({}, 12345678);
    CHECK(file->stat().size == bytes.size());
    file->write_at(view_of("over"), 50);
    CHECK(text_of(read(*file, 50, 4)) == "over");
    CHECK(read(*file, 54, 10) == Bytes(bytes.begin() + 54, bytes.begin() + 64));
    CHECK(read(*io::open_file(dir, "file"), 50, 4) == read(*file, 50, 4));
}

void gaps_read_as_zeros(io::Dir& dir, const Powers&) {
    auto file = dir.create_file("file", 0600);
    file->write_at(view_of("end"), 10000);
    CHECK(read(*file, 0, 10000) == Bytes(10000));
    CHECK(file->stat().size == 10003);
    constexpr std::uint64_t far = 5ULL << 30;
    file->write_at(view_of("far"), far);
    CHECK(file->stat().size == far + 3);
    CHECK(text_of(read(*file, far, 10)) == "far");
    CHECK(file->stat().allocated < far);
}

void cut_bytes_do_not_come_back(io::Dir& dir, const Powers&) {
    auto file = dir.create_file("file", 0600);
    file->write_at(pattern(10000), 0);
    file->set_size(100);
    file->set_size(10000);
    CHECK(read(*file, 0, 100) == pattern(100));
    CHECK(read(*file, 100, 9900) == Bytes(9900));
}

void reading_handles_do_not_write(io::Dir& dir, const Powers&) {
    put(dir, "file", "content");
    auto file = io::open_file(dir, "file");
    CHECK(error_of([&] { file->write_at(view_of("X"), 0); }) != 0);
    CHECK(error_of([&] { file->set_size(1); }) != 0);
    CHECK(get(dir, "file") == "content");
}

void cached_bytes_are_the_bytes(io::Dir& dir, const Powers&) {
    auto file = dir.create_file("file", 0600);
    const Bytes bytes = pattern(100000);
    file->write_at(bytes, 0);
    for (const std::uint64_t at : {0, 1, 99990, 100000, 200000}) {
        Bytes cached(5000);
        const auto count = file->read_cached(cached, at);
        if (!count) continue;  // always allowed: another program may have filled the memory meanwhile
        cached.resize(*count);
        CHECK(cached == read(*file, at, 5000));
    }
}

void reading_ahead_changes_and_refuses_nothing(io::Dir& dir, const Powers&) {
    put(dir, "file", "content");
    CHECK(dir.make_dir("dir", 0700));
    CHECK(dir.make_symlink("link", "file"));
    for (const char* name : {"file", "missing", "dir", "link"}) dir.start_reading(name);
    CHECK(get(dir, "file") == "content");
}

void holes_are_told(io::Dir& dir, const Powers& powers) {
    auto file = dir.create_file("file", 0600);
    CHECK(extents(*file).empty());
    file->set_size(16 * block);
    if (powers.holes) CHECK(extents(*file).empty());
    file->write_at(pattern(block), 4 * block);
    file->write_at(pattern(2 * block), 9 * block);
    file->sync();
    if (!powers.holes) {
        CHECK(extents(*file) == std::vector<Extent>{{0, 16 * block}});
        return;
    }
    CHECK(extents(*file) == std::vector<Extent>{{4 * block, 5 * block}, {9 * block, 11 * block}});
    CHECK(file->next_data(4 * block + 7) == Extent{4 * block + 7, 5 * block});
    CHECK(file->next_data(5 * block) == Extent{9 * block, 11 * block});
    CHECK_FALSE(file->next_data(11 * block));
    CHECK_FALSE(file->next_data(16 * block));
    CHECK_FALSE(file->next_data(100 * block));
}

void holes_are_punched(io::Dir& dir, const Powers& powers) {
    auto file = dir.create_file("file", 0600);
    const Bytes bytes = pattern(8 * block);
    file->write_at(bytes, 0);
    file->sync();
    CHECK(file->punch_hole(2 * block, 0) == true);
    CHECK(read(*file, 0, bytes.size()) == bytes);
    const bool punched = file->punch_hole(2 * block, 3 * block);
    CHECK(punched == powers.holes);
    if (!punched) return;
    CHECK(file->stat().size == bytes.size());
    CHECK(read(*file, 2 * block, 3 * block) == Bytes(3 * block));
    CHECK(extents(*file) == std::vector<Extent>{{0, 2 * block}, {5 * block, 8 * block}});
    CHECK(file->punch_hole(7 * block, 5 * block));  // beyond the end: the size stays
    CHECK(file->stat().size == bytes.size());
    CHECK(extents(*file) == std::vector<Extent>{{0, 2 * block}, {5 * block, 7 * block}});
}

void clones_are_equal(io::Dir& dir, const Powers&) {
    auto from = dir.create_file("from", 0600);
    auto to = dir.create_file("to", 0600);
    from->write_at(pattern(3 * block), 0);
    if (!to->clone_from(*from)) {
        CHECK(to->stat().size == 0);
        return;
    }
    CHECK(read(*to, 0, 4 * block) == pattern(3 * block));
    to->write_at(view_of("X"), 0);
    CHECK(read(*from, 0, 4 * block) == pattern(3 * block));
}

void mappings_show_the_bytes(io::Dir& dir, const Powers&) {
    put(dir, "empty", "");
    put(dir, "file", "content");
    CHECK(io::open_file(dir, "empty")->map()->bytes().empty());
    auto file = io::open_file(dir, "file");
    auto mapping = file->map();
    file.reset();
    REQUIRE(dir.remove_file("file"));
    CHECK(text_of(mapping->bytes()) == "content");
}

void locks_exclude(io::Dir& dir, const Powers&) {
    put(dir, "file", "");
    auto open = [&] { return io::open_file(dir, "file", Access::read_write); };
    auto first = open(), second = open(), third = open();
    CHECK(first->try_lock(Lock::shared));
    CHECK(second->try_lock(Lock::shared));
    CHECK_FALSE(third->try_lock(Lock::exclusive));
    first.reset();
    CHECK_FALSE(third->try_lock(Lock::exclusive));
    second.reset();
    CHECK(third->try_lock(Lock::exclusive));
    CHECK(third->try_lock(Lock::exclusive));  // its own lock is not in its way
    first = open();
    CHECK_FALSE(first->try_lock(Lock::shared));
    CHECK_FALSE(first->try_lock(Lock::exclusive));
    CHECK(third->try_lock(Lock::shared));  // steps down
    CHECK(first->try_lock(Lock::shared));
}

void whole_is_bounded(io::Dir& dir, const Powers&) {
    put(dir, "empty", "");
    put(dir, "file", "content");
    auto empty = io::open_file(dir, "empty");
    auto file = io::open_file(dir, "file");
    CHECK(io::read_whole(*empty, 0).empty());
    CHECK(text_of(io::read_whole(*file, 7)) == "content");
    CHECK(text_of(io::read_whole(*file, 1U << 30)) == "content");
    CHECK_THROWS_AS(io::read_whole(*file, 6), Failure);
    CHECK_THROWS_AS(io::read_whole(*file, 0), Failure);
}

/// Memory as direct reads and writes want it.
struct alignas(io::direct_unit) Units {
    std::array<std::byte, 2 * io::direct_unit> bytes;
};

void direct_handles_share_the_file(io::Dir& dir, const Powers&) {
    const std::uint64_t unit = io::direct_unit;
    const Bytes before = pattern(4 * unit);
    dir.create_file("file", 0600)->write_at(before, 0);
    auto direct = io::open_file(dir, "file", Access::direct);
    auto other = io::open_file(dir, "file", Access::read_write);
    Units units{};
    CHECK(direct->read_at(units.bytes, 0) == 2 * unit);
    CHECK(std::ranges::equal(units.bytes, View(before).first(2 * unit)));
    CHECK(direct->read_at(units.bytes, 3 * unit) == unit);  // and there the file ends
    CHECK(direct->read_at(units.bytes, 4 * unit) == 0);
    other->write_at(view_of("over"), unit + 7);
    CHECK(direct->read_at(units.bytes, unit) == 2 * unit);
    CHECK(text_of(View(units.bytes).subspan(7, 4)) == "over");
    std::fill(units.bytes.begin(), units.bytes.end(), std::byte{9});
    direct->write_at(units.bytes, unit);
    CHECK(read(*other, unit, 2 * unit) == Bytes(2 * unit, std::byte{9}));
    CHECK(read(*other, 0, unit) == Bytes(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(unit)));
    direct->write_durably(View(units.bytes).first(unit), 3 * unit);
    CHECK(read(*other, 3 * unit, 2 * unit) == Bytes(unit, std::byte{9}));
    std::fill(units.bytes.begin(), units.bytes.end(), std::byte{8});
    const View eights = View(units.bytes).first(unit);
    const io::Piece pieces[] = {{eights, 2 * unit}, {eights, 0}};
    direct->write_durably(pieces);
    for (const std::uint64_t at : {0, 2}) {
        CHECK(direct->read_at(std::span(units.bytes).first(unit), at * unit) == unit);
        CHECK(View(units.bytes)[unit - 1] == std::byte{8});
        CHECK(read(*other, at * unit, unit) == Bytes(unit, std::byte{8}));
    }
    CHECK(read(*other, unit, unit) == Bytes(unit, std::byte{9}));
    direct->sync();
    CHECK(io::open_file(dir, "file", Access::direct)->stat().size == 4 * unit);
    CHECK(dir.find_file("missing", Access::direct) == nullptr);
}

void durable_writes_change_their_bytes_only(io::Dir& dir, const Powers&) {
    Bytes expected = pattern(10000);
    auto file = dir.create_file("file", 0600);
    file->write_at(expected, 0);
    file->write_durably(view_of("durable"), 4090);
    file->write_durably({}, 5000);
    const View word = view_of("durable");
    std::copy(word.begin(), word.end(), expected.begin() + 4090);
    CHECK(read(*file, 0, 20000) == expected);
    CHECK(read(*io::open_file(dir, "file"), 0, 20000) == expected);
    const io::Piece pieces[] = {{word, 9000}, {word, 10}, {{}, 20}};
    file->write_durably(pieces);
    for (const std::ptrdiff_t at : {9000, 10}) std::copy(word.begin(), word.end(), expected.begin() + at);
    CHECK(read(*file, 0, 20000) == expected);
    file->sync();
    CHECK(error_of([&] { io::open_file(dir, "file")->write_durably(word, 0); }) != 0);
    CHECK(get(dir, "file") == text_of(expected));
}

void failed_durable_write_is_never_healed(io::Dir& dir, const Powers&) {
    put(dir, "file", "content");
    for (const char* rules : {"sync@1=EIO", "write@1=EIO", "write@1=short"}) {
        io::FaultScript script(rules);
        auto faulty = io::with_faults(dir.find_dir("."), script);
        auto file = io::open_file(*faulty, "file", Access::read_write);
        CHECK(error_of([&] { file->write_durably(view_of("CON"), 0); }) != 0);
        CHECK(error_of([&] { file->write_durably(view_of("CON"), 0); }) == EIO);  // the script lets it pass
        CHECK(error_of([&] { file->sync(); }) == EIO);
        io::open_file(*faulty, "file", Access::read_write)->write_durably(view_of("CON"), 0);
    }
    io::FaultScript script("write@2=EIO");
    auto faulty = io::with_faults(dir.find_dir("."), script);
    auto file = io::open_file(*faulty, "file", Access::read_write);
    const io::Piece pieces[] = {{view_of("C"), 0}, {view_of("ON"), 1}};
    CHECK(error_of([&] { file->write_durably(pieces); }) == EIO);
    CHECK(error_of([&] { file->write_durably(pieces); }) == EIO);
    CHECK(get(dir, "file") == "CONtent");
}

void failed_sync_is_never_healed(io::Dir& dir, const Powers&) {
    put(dir, "file", "content");
    io::FaultScript script("sync@1=EIO; sync@4=ENOSPC; sync_file_system=EIO");
    auto faulty = io::with_faults(dir.find_dir("."), script);
    auto file = io::open_file(*faulty, "file", Access::read_write);
    CHECK(error_of([&] { file->sync(); }) == EIO);
    CHECK(error_of([&] { file->sync(); }) == EIO);  // the script lets it pass, the poison does not
    io::open_file(*faulty, "file", Access::read_write)->sync();
    CHECK(error_of([&] { faulty->sync(); }) == ENOSPC);
    CHECK(error_of([&] { faulty->sync(); }) == ENOSPC);
    auto further = dir.find_dir(".");
    auto faulty_too = io::with_faults(std::move(further), script);
    CHECK(error_of([&] { faulty_too->sync_file_system(); }) == EIO);
    CHECK(error_of([&] { faulty_too->sync_file_system(); }) == EIO);
}

void decorated_and_plain_go_together(io::Dir& dir, const Powers&) {
    io::FaultScript script("");
    auto faulty = io::with_faults(dir.find_dir("."), script);
    auto sub = io::ensure_dir(dir, "sub");
    put(*faulty, "file", "content");
    faulty->rename("file", *sub, "moved");
    sub->rename("moved", *faulty, "back");
    CHECK(get(dir, "back") == "content");
    auto unnamed = faulty->create_unnamed(0600);
    if (unnamed) CHECK(sub->publish(*unnamed, "published"));
    auto clone = sub->create_file("clone", 0600);
    if (clone->clone_from(*io::open_file(*faulty, "back"))) CHECK(content_of(*clone) == "content");
}

}  // namespace

std::vector<Promise> promises_on_files() {
    return {{"what was written is read, and no more than there is", bytes_are_kept},
            {"gaps read as zeros, also far out", gaps_read_as_zeros},
            {"bytes that were cut off do not come back", cut_bytes_do_not_come_back},
            {"a handle for reading does not write", reading_handles_do_not_write},
            {"cached bytes are the file's bytes", cached_bytes_are_the_bytes},
            {"reading ahead changes and refuses nothing", reading_ahead_changes_and_refuses_nothing},
            {"holes are told where they are", holes_are_told},
            {"punched holes read as zeros and keep the size", holes_are_punched},
            {"a clone is equal and separate", clones_are_equal},
            {"a mapping shows the bytes and outlives handle and name", mappings_show_the_bytes},
            {"locks exclude, and go with their handle", locks_exclude},
            {"read_whole takes a whole file within its limit", whole_is_bounded},
            {"a direct handle reads and writes whole units of the one file", direct_handles_share_the_file},
            {"a durable write changes its bytes and nothing else", durable_writes_change_their_bytes_only},
            {"a failed durable write is never healed by a later one", failed_durable_write_is_never_healed},
            {"a failed sync is never healed by a later one", failed_sync_is_never_healed},
            {"decorated and plain directories work together", decorated_and_plain_go_together}};
}

}  // namespace ft::conformance

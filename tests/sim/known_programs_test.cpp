// Goal: the simulated disk finds what is wrong with programs known to be wrong, and nothing with those known to be
// right. Method: a program replaces a file's content in one of many ways; the power is cut at every step; a disk is bad
// if the file is neither old nor new, or not new although the program had said so.
#include <optional>
#include <string>

#include "libcore/base/failure.h"
#include "libcore/sim/cuts.h"
#include "tests/catch.h"
#include "tests/sim/planted.h"
#include "tests/sim/seeds.h"

namespace ft::sim {

namespace {

const std::string old_content(9000, 'o'), new_content(10000, 'n');

void put(io::Dir& dir, const std::string& name, const std::string& content) {
    std::unique_ptr<io::File> file = dir.create_file(name, 0644);
    file->write_at(view_of(content), 0);
    file->sync();
}

std::optional<std::string> content_of(io::Dir& dir, const std::string& name) {
    std::unique_ptr<io::File> file = dir.find_file(name, io::Access::read);
    if (!file) return std::nullopt;
    return std::string(text_of(io::read_whole(*file, 1U << 20)));
}

Image with_old_file() {
    return prepared([](SimDisk& disk) { put(*disk.root(), "file", old_content); });
}

/// Disks after a power cut on which the file is lost, mixed, or older than acknowledged.
std::uint64_t bad_disks(const Scenario& program) {
    std::uint64_t bad = 0;
    const auto look = [&](Rebooted& disk) {
        const std::optional<std::string> content = content_of(*disk.root(), "file");
        const bool is_new = content == new_content;
        if (!is_new && (content != old_content || !disk.acknowledged().empty())) ++bad;
    };
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        for_every_cut(program, look, {.start = with_old_file(), .seed = seed});
    return bad;
}

struct Steps {
    bool sync_file = true, sync_dir = true, rename_early = false;
};

void replace_file(SimDisk& disk, Steps steps) {
    std::unique_ptr<io::Dir> dir = disk.root();
    std::unique_ptr<io::File> file = dir->create_file("new", 0644);
    file->write_at(view_of(new_content).first(5000), 0);
    file->write_at(view_of(new_content).subspan(5000), 5000);
    if (steps.rename_early) dir->rename("new", *dir, "file");
    if (steps.sync_file) file->sync();
    if (!steps.rename_early) dir->rename("new", *dir, "file");
    if (steps.sync_dir) dir->sync();
    disk.acknowledge("new");
}

void overwrite_file(SimDisk& disk) {
    std::unique_ptr<io::File> file = io::open_file(*disk.root(), "file", io::Access::read_write);
    file->write_at(view_of(new_content), 0);
    file->sync();
    disk.acknowledge("new");
}

void publish_file(SimDisk& disk, bool sync_dir) {
    std::unique_ptr<io::Dir> dir = disk.root();
    std::unique_ptr<io::File> file = dir->create_unnamed(0644);
    file->write_at(view_of(new_content), 0);
    file->sync();
    dir->publish(*file, "next");
    if (sync_dir) dir->sync();
    dir->rename("next", *dir, "file");
    dir->sync();
    disk.acknowledge("new");
}

/// Syncs again, through a new handle as a restarted program would, when the first sync fails.
void retry_sync(SimDisk& disk, bool retry) {
    disk.fail({.call = Call::sync, .path = "new"});
    std::unique_ptr<io::Dir> dir = disk.root();
    std::unique_ptr<io::File> file = dir->create_file("new", 0644);
    file->write_at(view_of(new_content), 0);
    int error = 0;
    try {
        file->sync();
    } catch (const Failure& failure) {
        error = failure.error();
    }
    if (error != 0 && !retry) return;
    io::open_file(*dir, "new", io::Access::read_write)->sync();
    dir->rename("new", *dir, "file");
    dir->sync();
    disk.acknowledge("new");
}

}  // namespace

TEST_CASE("replacing a file by write, sync, rename and sync of the directory survives every power cut", "[sim]") {
    CHECK(bad_disks([](SimDisk& disk) { replace_file(disk, {}); }) == 0);
    CHECK(bad_disks([](SimDisk& disk) { publish_file(disk, true); }) == 0);
}

TEST_CASE("replace_file leaves the old file or the new one, and each sync of it is needed", "[io][sim]") {
    const auto replace = [](SimDisk& disk) {
        io::replace_file(*disk.root(), "file", view_of(new_content));
        disk.acknowledge("new");
    };
    CHECK(bad_disks(replace) == 0);
    for (const Fault& bug : {forgotten(Call::sync, ".file.ft-new"), forgotten(Call::sync_dir, "")})
        CHECK(bad_disks([&](SimDisk& disk) {
                  disk.fail(bug);
                  replace(disk);
              }) > 0);
}

TEST_CASE("a missing sync of the file is found", "[sim]") {
    CHECK(bad_disks([](SimDisk& disk) { replace_file(disk, {.sync_file = false}); }) > 0);
}

TEST_CASE("a missing sync of the directory is found", "[sim]") {
    CHECK(bad_disks([](SimDisk& disk) { replace_file(disk, {.sync_dir = false}); }) > 0);
}

TEST_CASE("a rename before the sync of the file is found", "[sim]") {
    CHECK(bad_disks([](SimDisk& disk) { replace_file(disk, {.rename_early = true}); }) > 0);
}

TEST_CASE("overwriting in place is found", "[sim]") { CHECK(bad_disks(overwrite_file) > 0); }

TEST_CASE("a sync that is tried again after it failed is found, giving up is not", "[sim]") {
    CHECK(bad_disks([](SimDisk& disk) { retry_sync(disk, true); }) > 0);
    CHECK(bad_disks([](SimDisk& disk) { retry_sync(disk, false); }) == 0);
}

TEST_CASE("relying on a directory whose own name was never synced is found", "[sim]") {
    std::uint64_t lost = 0;
    const auto save = [](SimDisk& disk) {
        std::unique_ptr<io::Dir> root = disk.root();
        root->make_dir("packs", 0755);
        std::unique_ptr<io::Dir> packs = io::open_dir(*root, "packs");
        put(*packs, "a", new_content);
        packs->sync();
        disk.acknowledge("a");
    };
    for_every_told_cut(save, [&](Rebooted& disk) {
        std::unique_ptr<io::Dir> packs = disk.root()->find_dir("packs");
        if (!disk.acknowledged().empty() && (!packs || content_of(*packs, "a") != new_content)) ++lost;
    });
    CHECK(lost > 0);
}

}  // namespace ft::sim

// Goal: on the simulated disk a durable write is durable, nothing beside it is, and a direct read tells the truth.
// Method: small scenes, many survivals each; a disk that forgets must be noticed.
#include <array>
#include <map>
#include <set>
#include <string>

#include "libcore/base/failure.h"
#include "libcore/sim/cuts.h"
#include "tests/catch.h"
#include "tests/sim/planted.h"

namespace ft::sim {

namespace {

struct alignas(io::direct_unit) Unit {
    std::array<std::byte, io::direct_unit> bytes;
};

Unit unit_of(char letter) {
    Unit unit{};
    unit.bytes.fill(static_cast<std::byte>(letter));
    return unit;
}

void write(io::File& file, char letter, std::uint64_t unit) {
    file.write_at(unit_of(letter).bytes, unit * io::direct_unit);
}

void write_durably(io::File& file, char letter, std::uint64_t unit) {
    file.write_durably(unit_of(letter).bytes, unit * io::direct_unit);
}

/// One letter for each unit; '?' where its sectors differ.
std::string letters(io::Dir& root, io::Access access = io::Access::direct) {
    const std::unique_ptr<io::File> file = io::open_file(root, "f", access);
    std::string all;
    Unit unit{};
    for (std::uint64_t i = 0; file->read_at(unit.bytes, i * io::direct_unit) == io::direct_unit; ++i) {
        const std::set<std::byte> bytes(unit.bytes.begin(), unit.bytes.end());
        all += bytes.size() == 1 ? static_cast<char>(*bytes.begin()) : '?';
    }
    return all;
}

/// Three units of 'o', durable.
const Image& three_units() {
    static const Image image = prepared([](SimDisk& disk) {
        const std::unique_ptr<io::File> file = disk.root()->create_file("f", 0644);
        for (const std::uint64_t i : {0, 1, 2}) write(*file, 'o', i);
    });
    return image;
}

/// What the file holds after each of many power cuts that follow the scene.
std::map<std::string, int> outcomes(const Scenario& scene) {
    SimDisk disk(three_units(), 1);
    scene(disk);
    std::map<std::string, int> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SimDisk after({disk.state().after_power_cut(seed)}, seed);
        ++seen[letters(*after.root())];
    }
    return seen;
}

std::unique_ptr<io::File> open_direct(SimDisk& disk) { return io::open_file(*disk.root(), "f", io::Access::direct); }

void write_two_and_one_durably(SimDisk& disk) {
    const std::unique_ptr<io::File> file = open_direct(disk);
    write(*file, 'n', 0);
    write_durably(*file, 'n', 1);
    write(*file, 'n', 2);
}

}  // namespace

TEST_CASE("a durable write survives every power cut and takes nothing beside it along", "[sim]") {
    const auto seen = outcomes(write_two_and_one_durably);
    for (const auto& [units, times] : seen) CHECK(units[1] == 'n');
    for (const char* units : {"ono", "nno", "onn", "nnn", "?no", "on?"}) CHECK(seen.contains(units));
}

TEST_CASE("a disk that forgets to make a durable write durable is noticed", "[sim]") {
    const auto seen = outcomes([](SimDisk& disk) {
        disk.fail(forgotten(Call::sync, "f"));
        write_two_and_one_durably(disk);
    });
    CHECK(seen.contains("ooo"));
}

TEST_CASE("a durable write that the power cuts off is lost, kept or torn", "[sim]") {
    std::set<std::string> seen;
    const Scenario scene = [](SimDisk& disk) { write_durably(*open_direct(disk), 'n', 1); };
    const Check check = [&](Rebooted& disk) { seen.insert(letters(*disk.root())); };
    (void)for_every_cut(scene, check, {.start = three_units(), .survivals = 60});
    CHECK(seen == std::set<std::string>{"ooo", "o?o", "ono"});
}

TEST_CASE("pieces of one durable write are durable together, and each alone lost, kept or torn before", "[sim]") {
    const Scenario scene = [](SimDisk& disk) {
        const Unit unit = unit_of('n');
        const io::Piece pieces[] = {{unit.bytes, 2 * io::direct_unit}, {unit.bytes, 0}};
        open_direct(disk)->write_durably(pieces);
    };
    CHECK(outcomes(scene) == std::map<std::string, int>{{"non", 200}});
    std::set<std::string> seen;
    const Check check = [&](Rebooted& disk) { seen.insert(letters(*disk.root())); };
    (void)for_every_cut(scene, check, {.start = three_units(), .survivals = 100});
    for (const char* units : {"ooo", "oon", "noo", "non", "oo?", "?oo", "?o?", "no?", "?on"})
        CHECK(seen.erase(units) == 1);
    CHECK(seen.empty());
}

TEST_CASE("a durable write makes durable what was written to its bytes before", "[sim]") {
    const auto seen = outcomes([](SimDisk& disk) {
        const std::unique_ptr<io::File> file = open_direct(disk);
        write(*file, 'm', 1);
        write_durably(*file, 'n', 1);
    });
    CHECK(seen == std::map<std::string, int>{{"ono", 200}});
}

TEST_CASE("after a failed durable write a direct read sees the disk, and another one memory", "[sim]") {
    std::set<std::string> seen;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SimDisk disk(three_units(), seed);
        disk.fail({.call = Call::sync});
        const std::unique_ptr<io::File> file = open_direct(disk);
        CHECK_THROWS_AS(write_durably(*file, 'n', 1), Failure);
        CHECK_THROWS_AS(write_durably(*file, 'n', 1), Failure);  // poisoned
        CHECK_THROWS_AS(file->sync(), Failure);
        CHECK(letters(*disk.root(), io::Access::read) == "ono");
        const std::string before = letters(*disk.root());
        disk.power_cut(1);
        CHECK(letters(*disk.root()) == before);
        seen.insert(before);
    }
    CHECK(seen == std::set<std::string>{"ooo", "o?o", "ono"});
}

TEST_CASE("direct reads and writes are of whole units, as a real disk wants them", "[sim]") {
    SimDisk disk(three_units(), 1);
    const std::unique_ptr<io::File> file = open_direct(disk);
    Unit unit = unit_of('n');
    CHECK_THROWS_AS(file->read_at(unit.bytes, 512), Failure);
    CHECK_THROWS_AS(file->write_at(View(unit.bytes).first(512), 0), Failure);
    CHECK_THROWS_AS(file->write_at(View(unit.bytes).subspan(512), 0), Failure);
    CHECK(letters(*disk.root()) == "ooo");
}

}  // namespace ft::sim

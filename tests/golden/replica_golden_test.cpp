// Goal: every later version reads a replica of version 1 as what it is and writes new ones alike, and refuses a broken
// one for the right reason. Method: the committed sectors of replica-v1, written from FORMAT.md by make.py beside them.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/counter/replica_file.h"
#include "libcore/sim/disk.h"
#include "tests/catch.h"

namespace ft::counter {

namespace {

std::ifstream opened(const std::string& name) {
    std::ifstream file(std::string(FT_ROOT) + "/tests/golden/replica-v1/" + name);
    REQUIRE(file.good());
    return file;
}

std::vector<std::string> fields_of(const std::string& line) {
    std::vector<std::string> fields;
    for (std::size_t at = 0; at <= line.size();) {
        const std::size_t end = std::min(line.find(" | ", at), line.size());
        fields.push_back(line.substr(at, end - at));
        at = end + 3;
    }
    return fields;
}

void put_number(Bytes& file, std::size_t at, const std::string& hex) {
    const std::uint64_t number = std::stoull(hex, nullptr, 16);
    for (std::size_t i = 0; i < 8; ++i) file[at + i] = static_cast<std::byte>(number >> (8 * i));
}

/// Puts the sector that a line tells of where it belongs.
void put_sector(Bytes& file, const std::string& line) {
    const std::vector<std::string> fields = fields_of(line);
    REQUIRE(fields.size() == 4);
    const std::size_t at = std::stoul(fields[0], nullptr, 16) * sector_size;
    file.resize(std::max(file.size(), at + sector_size));
    std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(at), sector_size, std::byte{0});
    for (std::size_t i = 0; i < fields[1].size(); i += 2)
        file[at + i / 2] = static_cast<std::byte>(std::stoi(fields[1].substr(i, 2), nullptr, 16));
    put_number(file, at + sector_payload, fields[2]);
    put_number(file, at + sector_payload + 8, fields[0]);
    put_number(file, at + sector_payload + 16, fields[3]);
}

Bytes sample() {
    Bytes file;
    std::ifstream lines = opened("sample.txt");
    for (std::string line; std::getline(lines, line);) put_sector(file, line);
    return file;
}

std::unique_ptr<io::File> file_of(sim::SimDisk& disk, const Bytes& content) {
    disk.root()->create_file("r", 0644)->write_at(content, 0);
    return io::open_file(*disk.root(), "r", io::Access::direct);
}

Uuid uuid(unsigned first) {
    Uuid uuid;
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) uuid.bytes[i] = static_cast<std::byte>(first + i);
    return uuid;
}

Header header() {
    return {.identity = {.counter = uuid(1), .keys = 100, .created = {1'800'000'000, 5}}, .replica = uuid(100)};
}

/// What make.py wrote.
State state() {
    State state{.version = {{3, 4}, 5}, .head = {.value = 17, .min = -1000, .max = 2000, .keyed = 230}};
    for (std::uint64_t mark = 900; mark < 916; ++mark) state.head.remember(mark);
    const Member remote{Uuid{}, "pipe:ssh host ftcounter agent /data/jobs"};
    state.annex.charter = {.epoch = 7, .threshold = 5, .members = {{uuid(100), "jobs"}, remote}, .former = {remote}};
    for (std::int64_t i = 0; i < 3; ++i)
        state.annex.reservations.push_back({.id = std::string(static_cast<std::size_t>(i) + 1, 't'),
                                            .amount = i - 1,
                                            .phase = static_cast<Reservation::Phase>(i + 1),
                                            .answer = 50 + i});
    for (std::uint64_t n = 0; n < 230; ++n) {
        const auto amount = static_cast<std::int64_t>(n) - 5;
        state.window.entries.push_back({.key = {n, n * n}, .amount = amount, .answer = amount + 1005});
    }
    return state;
}

std::string refusal_of(const Bytes& content) {
    sim::SimDisk disk;
    const auto file = file_of(disk, content);
    try {
        (void)ReplicaFile(*file).window();
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::damage);
        return failure.parts().why;
    }
    return "nothing";
}

}  // namespace

TEST_CASE("the committed replica of version 1 is read as what it is") {
    sim::SimDisk disk;
    const auto file = file_of(disk, sample());
    ReplicaFile replica(*file);
    CHECK(replica.header().replica == header().replica);
    CHECK(replica.header().identity.counter == header().identity.counter);
    CHECK(replica.header().identity.keys == 100);
    CHECK(replica.header().identity.created == header().identity.created);
    CHECK(replica.tail().promise == Ballot{8, 9});
    CHECK(replica.tail().version == state().version);
    CHECK(replica.tail().head == state().head);
    CHECK(replica.annex() == state().annex);
    CHECK(replica.window() == state().window);
}

TEST_CASE("a new replica is written as the committed one of version 1, byte for byte") {
    sim::SimDisk disk;
    const auto file = disk.root()->create_file("r", 0644);
    ReplicaFile::write_new(*file, header(), {8, 9}, state());
    const Bytes written = io::read_whole(*file, 1U << 24), committed = sample();
    REQUIRE(written.size() == committed.size());
    const auto differs = std::mismatch(written.begin(), written.end(), committed.begin());
    CHECK(differs.first - written.begin() == static_cast<std::ptrdiff_t>(written.size()));
    CHECK(written.size() == Layout(100).blocks() * block_size);
}

TEST_CASE("each broken replica of version 1 is refused for its own reason") {
    const Bytes sound = sample();
    std::ifstream lines = opened("broken.txt");
    std::vector<std::string> cases;
    Bytes broken;
    const auto check_last = [&] {
        if (cases.empty()) return;
        const std::vector<std::string> told = fields_of(cases.back().substr(2));
        REQUIRE(told.size() == 2);
        INFO(told[0]);
        const std::string refusal = refusal_of(broken);
        CHECK(refusal.find(told[1]) == 0);
        CHECK(refusal != "nothing");
    };
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("= ")) {
            put_sector(broken, line);
            continue;
        }
        check_last();
        cases.push_back(line);
        broken = sound;
    }
    check_last();
    CHECK(cases.size() == 24);
}

}  // namespace ft::counter

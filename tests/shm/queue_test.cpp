// Goal: what is left in the queue is done once, by whoever has the lock, however many of those before were killed; and
// its poster is told the outcome that counts, or that it cannot be known.
// Method: posters and leaders are queues of their own on one file; a killed leader is one that does no more.
#include "libcore/shm/queue.h"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/catch.h"
#include "tests/io/child.h"
#include "tests/io/scratch.h"

namespace ft::shm {

namespace {

using counter::Head;
using counter::Operation;
using counter::Outcome;
using Told = Queue::Told;
namespace fs = std::filesystem;

Operation add(std::int64_t amount) { return {.kind = Operation::Kind::add, .amount = amount}; }
Operation keyed(std::int64_t amount) {
    return {.kind = Operation::Kind::add, .amount = amount, .key = counter::key_id("k")};
}

/// The file that a queue belongs to, and whoever uses that.
struct Scene {
    Scene() { std::ofstream(scratch.path() + "/r") << 'x'; }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    ~Scene() {
        if (const fs::path left = file(); !left.empty()) fs::remove(left);
    }
    [[nodiscard]] counter::Counter::Gate gate() const {
        struct ::stat found {};
        REQUIRE(::stat((scratch.path() + "/r").c_str(), &found) == 0);
        return {.replica = replica,
                .file = {.mode = found.st_mode & 07777U,
                         .uid = found.st_uid,
                         .gid = found.st_gid,
                         .ino = found.st_ino,
                         .dev = found.st_dev}};
    }
    [[nodiscard]] std::unique_ptr<Queue> poster(const Operation& operation) const {
        std::unique_ptr<Queue> queue = Queue::make(gate());
        REQUIRE(queue);
        REQUIRE(queue->post(operation));
        return queue;
    }
    [[nodiscard]] std::unique_ptr<Queue> leader() const {
        std::unique_ptr<Queue> queue = Queue::find(gate());
        REQUIRE(queue);
        return queue;
    }
    /// Its name in /dev/shm.
    [[nodiscard]] fs::path file() const {
        for (const fs::directory_entry& entry : fs::directory_iterator("/dev/shm"))
            if (entry.path().filename().string().find(replica.hex()) != std::string::npos) return entry.path();
        return {};
    }
    /// As a state whose last commit has this mark.
    [[nodiscard]] std::vector<Operation> take(Queue& queue, std::uint64_t mark, std::uint64_t sequence, bool final) {
        head.remember(mark);
        return queue.take({.head = head, .sequence = sequence, .final = final}, 100);
    }
    void answer(Queue& queue, const std::vector<Outcome>& outcomes) const {
        queue.answer({.head = head, .on_disk = false, .absent = 1}, outcomes);
    }

    ScratchFolder scratch;
    Uuid replica = SystemClock().random_uuid();
    Head head;
};

const std::vector<Outcome> seven{{.value = 7}}, nine{{.value = 9}};

}  // namespace

TEST_CASE("what is posted is taken as it was meant, and its poster told", "[shm]") {
    Scene scene;
    scene.head.max = 100;
    const auto first = scene.poster(add(-5)), second = scene.poster(keyed(6));
    const auto leader = scene.leader();
    CHECK(leader->are_waiting());
    const std::vector<Operation> taken = scene.take(*leader, 1, 1, true);
    REQUIRE(taken.size() == 2);
    CHECK(taken[0].amount == -5);
    CHECK_FALSE(taken[0].key);
    CHECK(taken[1].key == counter::key_id("k"));
    CHECK(first->told() == Told::nothing);
    leader->about_to_commit(2, 2,
                            std::vector<Outcome>{{.value = 7}, {.kind = Outcome::Kind::other_amount, .amount = 3}});
    CHECK(first->told() == Told::nothing);
    scene.answer(*leader, std::vector<Outcome>{{.value = 7}, {.kind = Outcome::Kind::other_amount, .amount = 3}});
    REQUIRE(first->told() == Told::outcome);
    const Queue::Answer answer = first->take_answer();
    CHECK(answer.outcome.value == 7);
    CHECK(answer.head.max == 100);
    CHECK(answer.absent == 1);
    CHECK_FALSE(answer.on_disk);
    const Outcome other = second->take_answer().outcome;
    CHECK(other.kind == Outcome::Kind::other_amount);
    CHECK(other.amount == 3);
    CHECK_FALSE(leader->are_waiting());
    REQUIRE(first->post(add(1)));
    CHECK(scene.take(*leader, 3, 3, true).size() == 1);
}

TEST_CASE("what a killed leader has committed is told by the next, and not done again", "[shm]") {
    Scene scene;
    const auto poster = scene.poster(add(1));
    const auto killed = scene.leader(), next = scene.leader();
    CHECK(scene.take(*killed, 1, 1, true).size() == 1);
    killed->about_to_commit(42, 2, seven);
    CHECK(scene.take(*next, 42, 2, true).empty());
    REQUIRE(poster->told() == Told::outcome);
    CHECK(poster->take_answer().outcome.value == 7);
}

TEST_CASE("what a killed leader has not committed is done by the next", "[shm]") {
    Scene scene;
    const auto poster = scene.poster(add(1));
    const auto killed = scene.leader(), next = scene.leader();
    CHECK(scene.take(*killed, 1, 1, true).size() == 1);
    killed->about_to_commit(42, 2, seven);
    CHECK(scene.take(*next, 1, 1, true).size() == 1);
    next->about_to_commit(43, 2, nine);
    scene.answer(*next, nine);
    CHECK(poster->take_answer().outcome.value == 9);
}

TEST_CASE("a commit that may still come to light is looked for by all that follow", "[shm]") {
    Scene scene;
    const auto poster = scene.poster(add(1));
    const auto first = scene.leader(), second = scene.leader(), third = scene.leader();
    CHECK(scene.take(*first, 1, 1, false).size() == 1);
    first->about_to_commit(42, 2, seven);
    CHECK(scene.take(*second, 1, 1, false).size() == 1);
    second->about_to_commit(43, 2, nine);
    CHECK(scene.take(*third, 42, 2, false).empty());
    CHECK(poster->take_answer().outcome.value == 7);
}

TEST_CASE("a commit of which nothing can be known any more is in doubt, unless it can be repeated", "[shm]") {
    Scene scene;
    const auto plain = scene.poster(add(1)), with_key = scene.poster(keyed(1));
    const auto killed = scene.leader(), next = scene.leader();
    CHECK(scene.take(*killed, 1, 1, true).size() == 2);
    killed->about_to_commit(42, 2, std::vector<Outcome>(2));
    const std::vector<Operation> taken = scene.take(*next, 1, 2 + counter::remembered_commits, true);
    REQUIRE(taken.size() == 1);
    CHECK(taken[0].key);
    CHECK(plain->told() == Told::in_doubt);
    CHECK(with_key->told() == Told::nothing);
}

TEST_CASE("more commits of unknown end than are remembered are in doubt", "[shm]") {
    Scene scene;
    const auto poster = scene.poster(add(1));
    const auto leader = scene.leader();
    for (std::uint64_t i = 0; i < most_attempts; ++i) {
        CHECK(scene.take(*leader, 1, 1, false).size() == 1);
        leader->about_to_commit(42 + i, 2, seven);
    }
    CHECK(scene.take(*leader, 1, 1, false).empty());
    CHECK(poster->told() == Told::in_doubt);
}

TEST_CASE("an operation is taken back as long as nobody works on it", "[shm]") {
    Scene scene;
    const auto poster = scene.poster(add(1));
    const auto leader = scene.leader();
    CHECK(poster->withdraw(false));
    CHECK(scene.take(*leader, 1, 1, true).empty());
    REQUIRE(poster->post(add(1)));
    CHECK(scene.take(*leader, 1, 1, true).size() == 1);
    CHECK_FALSE(poster->withdraw(false));
    CHECK(poster->withdraw(true));  // nobody can be at work on it
    REQUIRE(poster->post(add(1)));
    CHECK(scene.take(*leader, 1, 1, true).size() == 1);
    leader->about_to_commit(42, 2, seven);
    CHECK_FALSE(poster->withdraw(true));
    CHECK(leader->withdraw(false));  // it has none
}

TEST_CASE("what the dead wanted is not done any more, and their places are used again", "[shm]") {
    Scene scene;
    const auto stays = scene.poster(add(1));
    const auto leader = scene.leader();
    for (int i = 0; i < 300; ++i) {
        const Ended ended = run_in_child([&] {
            const auto dies = scene.poster(add(1));
            return std::raise(SIGKILL) == 0;
        });
        REQUIRE(ended.signal == SIGKILL);
        CHECK(scene.take(*leader, 1, 1, true).size() == 1);
        CHECK(stays->told() == Told::nothing);
    }
}

TEST_CASE("who finds no room in the queue is told so", "[shm]") {
    Scene scene;
    std::vector<std::unique_ptr<Queue>> all;
    for (int i = 0; i < 128; ++i) all.push_back(scene.poster(add(1)));
    const auto late = scene.leader();
    CHECK_FALSE(late->post(add(1)));
    all.pop_back();
    CHECK(late->post(add(1)));
    CHECK_FALSE(late->post({.kind = Operation::Kind::reserve, .amount = 1, .id = "t"}));
}

TEST_CASE("a queue that is closed opens again, whatever its memory says", "[shm]") {
    using namespace std::chrono_literals;
    Scene scene;
    const auto one = scene.poster(add(1)), two = scene.leader();
    CHECK_FALSE(two->is_closed(100s));
    one->close_for(1ms, 100s);
    CHECK(two->is_closed(100s));
    CHECK_FALSE(two->is_closed(100s + 1ms));
    one->close_for(1h, 100s);
    CHECK_FALSE(two->is_closed(100s));
}

TEST_CASE("the last who leaves a queue removes it", "[shm]") {
    Scene scene;
    auto one = scene.poster(add(1)), two = scene.poster(add(1));
    one.reset();
    CHECK(fs::exists(scene.file()));
    two.reset();
    CHECK(scene.file().empty());
    CHECK_FALSE(Queue::find(scene.gate()));
}

TEST_CASE("who has a place is found by others, whoever leaves meanwhile", "[shm]") {
    const Scene scene;
    const counter::Counter::Gate gate = scene.gate();
    std::atomic<int> posted = 0, lost = 0;
    const auto come_and_go = [&] {
        for (int i = 0; i < 5000; ++i) {
            const std::unique_ptr<Queue> queue = Queue::make(gate);
            if (!queue || !queue->post(add(1))) continue;
            ++posted;
            std::this_thread::yield();
            if (!queue->is_named()) ++lost;
        }
    };
    std::vector<std::thread> crowd;
    for (int i = 0; i < 4; ++i) crowd.emplace_back(come_and_go);
    for (std::thread& one : crowd) one.join();
    CHECK(posted > 0);
    CHECK(lost == 0);
}

TEST_CASE("a queue that is not the replica's own is not used", "[shm]") {
    Scene scene;
    const auto sound = scene.poster(add(1));
    const fs::path file = scene.file();
    SECTION("open to others") { fs::permissions(file, fs::perms::all); }
    SECTION("of another size") { fs::resize_file(file, 8192); }
    SECTION("of another user") {
        // Who is not root cannot give a file away: then it is the replica that is another's.
        if (::chown(file.c_str(), 65534, 65534) != 0) fs::permissions(scene.scratch.path() + "/r", fs::perms::none);
    }
    SECTION("of another version") { std::fstream(file).seekp(8) << '\2'; }
    SECTION("a link") {
        fs::rename(file, file.string() + ".moved");
        fs::create_symlink(file.string() + ".moved", file);
    }
    CHECK_FALSE(Queue::find(scene.gate()));
    CHECK_FALSE(Queue::make(scene.gate()));
    if (fs::is_symlink(file)) fs::rename(file.string() + ".moved", file);
    fs::resize_file(file, 45056);  // who has it mapped still has all of it
}

TEST_CASE("bytes that cannot be lead nobody astray", "[shm]") {
    Scene scene;
    const auto poster = scene.poster(add(1));
    const auto leader = scene.leader();
    std::fstream file(scene.file(), std::ios::in | std::ios::out | std::ios::binary);
    const auto spoil = [&](std::streamoff at) {
        file.seekp(at) << '\xff';
        file.flush();
        const std::vector<Operation> taken = scene.take(*leader, 1, 1, at % 2 == 0);
        CHECK(taken.size() <= 128);
        leader->about_to_commit(42, 2, std::vector<Outcome>(taken.size()));
        if (poster->told() == Told::outcome) CHECK(poster->take_answer().outcome.kind <= Outcome::Kind::too_many);
        scene.answer(*leader, std::vector<Outcome>(taken.size()));
        (void)poster->withdraw(false);
        leader->call_next();
        (void)poster->post(add(1));
    };
    for (std::streamoff at = 64; at < 64 + 128 * 4; ++at) spoil(at);
    for (std::streamoff at = 4096; at < 4096 + 2 * 320; ++at) spoil(at);
}

}  // namespace ft::shm

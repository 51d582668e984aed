// Goal: what a backend says of its objects (backend.h) holds whenever the power fails, and no sync of it is there for
// nothing: what is put is durable with its whole way, what is posted is whole or missing, what is removed stays away.
// Method: one call alone, in a store that is still empty; forget its syncs one by one: each has to be found.
#include "libcore/store/backend.h"
#include "tests/catch.h"
#include "tests/sim/planted.h"

namespace ft::sim {

namespace {

const Bytes content(2000, std::byte{7});

std::unique_ptr<store::Backend> backend_of(Hands& hands) {
    return store::directory_backend(io::open_dir(*hands.root, "store"), hands.clock);
}

const Image& empty_store() {
    static const Image image = prepared([](SimDisk& disk) { disk.root()->make_dir("store", 0777); });
    return image;
}

Act putting(const std::string& name) {
    return [=](Hands hands) {
        (void)backend_of(hands)->put_if_absent(name, content);
        hands.disk.acknowledge("there");
    };
}

/// What the object of that name should not be.
std::function<Complaints(SimDisk&)> complaints_about_object(const std::string& name) {
    return [=](SimDisk& disk) -> Complaints {
        Hands hands = hands_of(disk);
        const std::optional<Bytes> found = backend_of(hands)->get(name, content.size() + 1);
        if (found && *found != content) return {name + " is not whole"};
        const std::vector<std::string>& told = disk.acknowledged();
        if (!told.empty() && told.back() == "there" && !found) return {name + " is lost"};
        if (!told.empty() && told.back() == "gone" && found) return {name + " is back"};
        return {};
    };
}

/// Each sync of the act is needed, and with all of them nothing is wrong. returns  how many there are.
std::uint64_t needed_syncs(const Image& start, const Act& act, const std::string& name) {
    const auto complaints = complaints_about_object(name);
    CHECK_FALSE(found_by_cuts(start, act, forgotten(Call::exchange, "none"), complaints));
    std::uint64_t all = 0;
    for (const auto& [call, path] : {std::pair<Call, std::string>{Call::sync, "store/**"},
                                     {Call::sync_dir, "store/**"},
                                     {Call::sync_dir, "store"}}) {
        SimDisk disk(start, 1);
        disk.fail(forgotten(call, path));
        act(hands_of(disk));
        const std::uint64_t count = disk.faults_met();
        for (std::uint64_t n = 0; n < count; ++n) {
            INFO("forgotten: " << name_of(call) << " of '" << path << "', number " << n);
            CHECK(found_by_cuts(start, act, forgotten_once(call, path, n), complaints));
        }
        all += count;
    }
    return all;
}

}  // namespace

TEST_CASE("each sync of a put is needed: the object and its whole way are durable when it returns", "[store][sim]") {
    CHECK(needed_syncs(empty_store(), putting("packs/ab/x"), "packs/ab/x") == 4);
    CHECK(needed_syncs(empty_store(), putting("index/x"), "index/x") == 3);
}

TEST_CASE("each sync of a post is needed: the object is whole or missing", "[store][sim]") {
    const Act post = [](Hands hands) { (void)backend_of(hands)->post_if_absent("marks/x", content); };
    CHECK(needed_syncs(empty_store(), post, "marks/x") == 1);
}

TEST_CASE("each sync of a remove is needed: the object stays away", "[store][sim]") {
    Image start = prepared([](SimDisk& disk) {
        disk.root()->make_dir("store", 0777);
        putting("index/x")(hands_of(disk));
    });
    start.acknowledged.clear();
    const Act remove = [](Hands hands) {
        const std::string names[] = {"index/x"};
        backend_of(hands)->remove(names);
        hands.disk.acknowledge("gone");
    };
    CHECK(needed_syncs(start, remove, "index/x") == 1);
}

TEST_CASE("what a killed process has put is durable once it is settled", "[store][sim]") {
    const Act settle = [](Hands hands) {
        const std::unique_ptr<store::Backend> backend = backend_of(hands);
        backend->settle("index");
        if (backend->find("index/x")) hands.disk.acknowledge("there");
    };
    const auto found = [&](const Fault& bug) {
        return found_after_kill(empty_store(), putting("index/x"), settle, bug, complaints_about_object("index/x"));
    };
    CHECK(found(forgotten(Call::sync_dir, "store/index")));
    CHECK_FALSE(found(forgotten(Call::exchange, "none")));
}

}  // namespace ft::sim

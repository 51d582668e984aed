// Goal: whatever the power or a kill does to `ft2pc serve` and to the recovery that follows, each of its transactions
// changes all or nothing; what was told is so; nothing is left behind. Method: transactions over counters, which can
// list their branches, a file, which cannot, and a database (a folder that stands for one), which may commit alone;
// some are refused or cannot be ended at once; every cut, each followed by a recovery that is cut too; forget syncs one
// by one.
#include <fmt/format.h>

#include <algorithm>

#include "libcore/counter/replica_file.h"
#include "libcore/twophase/server.h"
#include "libcore/twophase/spec.h"
#include "tests/catch.h"
#include "tests/sim/file_scene.h"
#include "tests/sim/planted.h"
#include "tests/sim/seeds.h"
#include "tests/sim/store_scene.h"

namespace ft::sim {

using namespace twophase;

namespace {

constexpr Pace pace{.deliver = std::chrono::nanoseconds(0), .threads = 0};

std::unique_ptr<io::File> replica_of(SimDisk& disk, const std::string& name) {
    return io::open_file(*io::open_dir(*disk.root(), "site"), name, io::Access::direct);
}

const Image& server_scene() {
    static const Image image = prepared([](SimDisk& disk) {
        disk.root()->make_dir("site", 0755);
        disk.root()->make_dir("db", 0755);
        const auto site = io::open_dir(*disk.root(), "site");
        site->create_file("a", 0644)->write_at(view_of("old"), 0);
        site->create_file("a.new", 0644)->write_at(view_of("new"), 0);
        for (const std::string name : {"x", "y"}) {
            counter::State state{.version = {{1, 0}, 1}, .head = {.value = 0}, .annex = {}, .window = {}};
            state.annex.charter.members = {{Uuid{}, name}};
            const auto file = site->create_file(name, 0644);
            counter::ReplicaFile::write_new(
                *file, {.identity = {.counter = {}, .keys = 16, .created = {}}, .replica = {}}, {1, 0}, state);
        }
    });
    return image;
}

/// Stands for a database: a file for each branch, "prepared-ID", then "committed-ID".
class Database final : public Participant {
public:
    Database(io::Dir& disk, std::string branch) : folder_(io::open_dir(disk, "db")), branch_(std::move(branch)) {}
    Voted prepare() override {
        folder_->create_file("prepared-" + branch_, 0644);
        folder_->sync();
        return {Vote::yes, "token", ""};
    }
    Settled commit(const std::string&) override {
        if (folder_->stat("committed-" + branch_)) return {Ack::done, ""};
        if (!folder_->stat("prepared-" + branch_)) return {Ack::broken, "somebody has aborted it"};
        folder_->rename("prepared-" + branch_, *folder_, "committed-" + branch_);
        folder_->sync();
        return {Ack::done, ""};
    }
    Settled abort() override {
        folder_->remove_file("prepared-" + branch_);
        folder_->sync();
        return {Ack::done, ""};
    }
    [[nodiscard]] static Listed list(io::Dir& disk, const std::string& prefix) {
        Listed listed;
        for (const io::Listed& one : io::open_dir(disk, "db")->list())
            if (one.name.starts_with("prepared-")) listed.add(one.name.substr(one.name.find('-') + 1), prefix);
        return listed;
    }

private:
    std::unique_ptr<io::Dir> folder_;
    std::string branch_;
};

bool is_database(const Spec& spec) { return spec.kind == "pg"; }

Spec part_of(const std::string& word) {
    if (word == "db") return {.kind = "pg", .label = "pg:db", .fields = {{"conninfo", "db"}}};
    return parse_spec(word, "/");
}

/// A participant that cannot be told anything just now.
class Deaf final : public Participant {
public:
    explicit Deaf(std::unique_ptr<Participant> inner) : inner_(std::move(inner)) {}
    Voted prepare() override { return inner_->prepare(); }
    Settled commit(const std::string&) override { return {Ack::again, "deaf"}; }
    Settled abort() override { return {Ack::again, "deaf"}; }
    [[nodiscard]] bool keeps_witness() const override { return true; }

private:
    std::unique_ptr<Participant> inner_;
};

/// One process's hold on the coordinator.
struct Coordination {
    explicit Coordination(Hands& its)
        : hands(its), home(Home::open_or_create(io::ensure_dir(*its.root, "home"), its.clock)) {}

    [[nodiscard]] Surroundings surroundings() {
        return {.locate = [this](const std::string& path) { return locate_on(*hands.root, path); },
                .clock = hands.clock,
                .locks = home.locks()};
    }
    [[nodiscard]] Makers makers() {
        return [this](const Story& story) {
            Desk::Participants all;
            for (std::uint32_t i = 0; i < story.parts.size(); ++i)
                all.push_back(make(story.parts[i], {home.coordinator(), story.number, 0, i}));
            return all;
        };
    }
    [[nodiscard]] std::unique_ptr<Participant> make(const Spec& spec, const Branch& branch) {
        if (is_database(spec)) return std::make_unique<Database>(*hands.root, branch.id());
        return make_participant(spec, branch, surroundings());
    }
    /// As long as the last of them is y, or the database, to which nobody gets through.
    [[nodiscard]] Makers deaf_makers() {
        return [this](const Story& story) {
            Desk::Participants all = makers()(story);
            if (story.parts.back().label.starts_with("counter:/site/y") || is_database(story.parts.back()))
                all.back() = std::make_unique<Deaf>(std::move(all.back()));
            return all;
        };
    }
    [[nodiscard]] Places places() {
        return {.list =
                    [this](const Spec& place, const std::string& prefix) {
                        return is_database(place) ? Database::list(*hands.root, prefix)
                                                  : list_branches(place, prefix, surroundings());
                    },
                .make = [this](const Spec& place, const Branch& branch) { return make(place, branch); },
                .abort_all = [this](const Spec& place, const std::vector<Branch>& branches,
                                    unsigned at_once) -> std::optional<std::vector<Settled>> {
                    if (!is_database(place)) return abort_branches(place, branches, at_once, surroundings());
                    std::vector<Settled> settled;
                    for (const Branch& branch : branches) settled.push_back(make(place, branch)->abort());
                    return settled;
                }};
    }
    void serve(const Makers& who, const std::vector<std::vector<std::string>>& plans) {
        Server server(home, who, hands.clock, progress, pace);
        for (const std::vector<std::string>& words : plans) {
            std::vector<Spec> parts;
            for (const std::string& word : words) parts.push_back(part_of(word));
            if (server.run(parts).decision == Decision::commit) hands.disk.acknowledge("committed");
            server.tidy();
        }
        server.close();
    }

    Hands& hands;
    Home home;
    Progress progress;
};

const std::vector<std::vector<std::string>> plans{
    {"counter:/site/x+1", "counter:/site/y+1"},
    {"counter:/site/x+1", "file:/site/a=/site/a.new"},
    {"counter:/site/x+1", "file:/site/a=/site/missing"},
    {"counter:/site/x+1", "counter:/site/y+1"},
    {"db"},
    {"counter:/site/x+1", "db"},
};

void serve(Hands hands) {
    Coordination coordination(hands);
    coordination.serve(coordination.makers(), plans);
}

void serve_the_deaf(Hands hands) {
    Coordination coordination(hands);
    coordination.serve(coordination.deaf_makers(), plans);
}

void recover_served(Hands hands) {
    Coordination coordination(hands);
    (void)recover_all(coordination.home, coordination.makers(), coordination.places(), hands.clock,
                      coordination.progress, pace, 0);
}

std::int64_t value_of(SimDisk& disk, const std::string& name, Complaints& complaints) {
    const auto file = replica_of(disk, name);
    const counter::ReplicaFile replica(*file);
    for (const counter::Reservation& one : replica.annex().reservations)
        complaints.push_back("left in " + name + ": " + one.id);
    return replica.tail().head.value;
}

/// Once all was recovered: the committed transactions are the first ones, in order.
Complaints complaints_about_service(SimDisk& disk) {
    recover_served(hands_of(disk));
    recover_served(hands_of(disk));
    Complaints complaints;
    const auto site = io::open_dir(*disk.root(), "site");
    const auto a = io::open_file(*site, "a", io::Access::read);
    std::size_t rows = 0;
    for (const io::Listed& one : io::open_dir(*disk.root(), "db")->list()) {
        if (one.name.starts_with("prepared-")) complaints.push_back("in doubt: " + one.name);
        ++rows;
    }
    const std::string state = fmt::format("{} {} {} {}", value_of(disk, "x", complaints),
                                          value_of(disk, "y", complaints), text_of(io::read_whole(*a, 100)), rows);
    const std::vector<std::string> good{"0 0 old 0", "1 1 old 0", "2 1 new 0", "3 2 new 0", "3 2 new 1", "4 2 new 2"};
    const auto found = std::find(good.begin(), good.end(), state);
    if (found == good.end()) complaints.push_back("not atomic: " + state);
    const auto& told = disk.acknowledged();
    if (found - good.begin() < std::count(told.begin(), told.end(), "committed"))
        complaints.push_back("told committed, and it is not: " + state);
    for (const io::Listed& one : site->list())
        if (one.name.starts_with(".")) complaints.push_back("left behind: " + one.name);
    for (const std::string name : {"journals", "ledgers"})
        if (const auto home = disk.root()->find_dir("home"))
            if (const auto dir = home->find_dir(name))
                for (const io::Listed& one : dir->list())
                    if (!one.name.starts_with(".")) complaints.push_back("no end: " + name + "/" + one.name);
    return complaints;
}

void check_cuts(const Act& act) {
    const Scenario scenario = [&](SimDisk& disk) { act(hands_of(disk)); };
    const Check check = [&](Rebooted& disk) {
        const Image image = disk.image();
        CHECK(complaints_about_service(disk) == none);
        const Scenario recovery = [&](SimDisk& again) { recover_served(hands_of(again)); };
        const Check still = [&](Rebooted& again) { CHECK(complaints_about_service(again) == none); };
        (void)for_every_cut(recovery, still, {.start = image, .seed = disk.seed(), .survivals = 1, .moments = 4});
    };
    CHECK(for_every_told_cut(scenario, check, {.start = server_scene(), .seed = 5}).steps >= 30);
}

}  // namespace

TEST_CASE("what a service was doing when the power went is all or nothing", "[twophase][sim]") { check_cuts(serve); }

TEST_CASE("what a service could not end gets a journal of its own, at whatever step the power goes",
          "[twophase][sim]") {
    SimDisk disk(server_scene(), 1);
    serve_the_deaf(hands_of(disk));
    CHECK(Home::open_or_create(io::ensure_dir(*disk.root(), "home"), disk.clock()).numbers().size() == 4);
    CHECK(complaints_about_service(disk) == none);
    check_cuts(serve_the_deaf);
}

TEST_CASE("a killed service is settled by a recovery that is cut", "[twophase][sim]") {
    const auto check = [](SimDisk& disk) { CHECK(complaints_about_service(disk) == none); };
    for (const Act& act : {Act(serve), Act(serve_the_deaf)})
        CHECK(for_every_kill_and_cut(act, recover_served, check, {.start = server_scene(), .seed = 9, .moments = 6}) >
              50);
}

TEST_CASE("a forgotten sync of a ledger, or of its name, is found", "[twophase][sim]") {
    const auto complaints = [](SimDisk& disk) {
        try {
            return complaints_about_service(disk);
        } catch (const Failure& failure) {
            return Complaints{failure.what()};
        }
    };
    const auto is_found = [&](const Act& act, const Fault& bug) {
        return found_by_cuts(server_scene(), act, bug, complaints);
    };
    CHECK(is_found(serve, forgotten(Call::sync, "home/ledgers/*")));
    CHECK(is_found(serve, forgotten(Call::sync_dir, "home/ledgers")));
    CHECK(is_found(serve_the_deaf, forgotten(Call::sync_dir, "home/journals")));
    CHECK(!is_found(serve, forgotten(Call::exchange, "none")));
}

}  // namespace ft::sim

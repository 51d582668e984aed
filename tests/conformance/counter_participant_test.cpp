// Goal: a counter as a participant keeps every promise of participant.h, and names are understood as ftcounter(1) does.
// Method: counters of one replica on a simulated disk, which kills their coordinator at each of its steps.
#include <fmt/format.h>

#include "libcore/counter/replica_file.h"
#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/conformance/simulated_kind.h"

namespace ft::conformance {

namespace {

constexpr std::int64_t step_of_branch = 5;

/// Counters "a", "b" and "c" in "/d"; each branch adds five, or takes five.
class Counters final : public SimulatedKind {
public:
    explicit Counters(bool up) : up_(up) {
        for (const std::string name : {"a", "b", "c"}) {
            counter::Header header{.identity = {.counter = {}, .keys = 16, .created = {}}, .replica = {}};
            header.replica.bytes[0] = static_cast<std::byte>(name[0]);
            counter::State state{.version = {{1, 0}, 1}, .head = {.value = 100}};
            state.annex.charter.members = {{header.replica, name}};
            const auto file = below(0)->create_file(name, 0644);
            counter::ReplicaFile::write_new(*file, header, {1, 0}, state);
            file->sync();
        }
    }

    unsigned changes(unsigned object) override {
        const std::int64_t change = state_of(object).first - 100;
        CHECK(change % step_of_branch == 0);
        return static_cast<unsigned>((up_ ? change : -change) / step_of_branch);
    }
    std::vector<std::string> traces() override {
        std::vector<std::string> found;
        for (const unsigned object : {0, 1, 2})
            for (const counter::Reservation& left : state_of(object).second) found.push_back(left.id);
        return found;
    }
    [[nodiscard]] bool is_exclusive() const override { return false; }

private:
    std::pair<std::int64_t, std::vector<counter::Reservation>> state_of(unsigned object) {
        const auto file = io::open_file(*below(0), name_of(object), io::Access::direct);
        const counter::ReplicaFile replica(*file);
        return {replica.tail().head.value, replica.annex().reservations};
    }
    std::unique_ptr<Participant> make_in(sim::ProcessId process, const Branch& branch, unsigned object) override {
        const auto locate = [this, process](const std::string& path) {
            return io::Located{below(process), path.substr(path.rfind('/') + 1)};
        };
        const twophase::Kind kind = twophase::counter_kind();
        const std::string words = fmt::format("./{}{}{}", name_of(object), up_ ? '+' : '-', step_of_branch);
        return kind.make(kind.parse(words, "/d"), branch,
                         {.locate = locate, .clock = disk().clock(), .locks = locks()});
    }

    bool up_;
};

}  // namespace

TEST_CASE("a counter that is added to keeps the promises of a participant", "[twophase][conformance]") {
    keep_participant_promises([] { return std::make_unique<Counters>(true); });
}
TEST_CASE("a counter that is taken from keeps the promises of a participant", "[twophase][conformance]") {
    keep_participant_promises([] { return std::make_unique<Counters>(false); });
}

}  // namespace ft::conformance

// A drill of one counter: sixteen programs at once count on it, move its replicas and repair them, each is killed at a
// moment of chance, and an oracle compares the counter with what they had told.
//
// Adds without a key are of small amounts, those with a key of units of a billion: one value tells both sums. It
// demands that after each round
//  * the next add works at once, and after a repair all replicas are well;
//  * the small sum is what was acknowledged, and at most what was under way besides;
//  * the keyed sum is that of the answered keys, and of those unanswered at most; each key that had no answer is asked
//    for again, among others, until it has one, and then the sum is exact;
//  * no two adds were given the same value, and a key that is asked for again the value that it was given before;
//  * nothing is left beside the replicas, but where a killed program was about to make or remove one.
//
//     CounterDrill drill(seed);
//     while (drill.kills() < 100) CHECK(drill.round().empty());
//     CHECK(drill.settle().empty());
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "libcore/sim/chance.h"
#include "tests/drill/crowd.h"
#include "tests/io/scratch.h"

namespace ft::drill {

class CounterDrill {
public:
    /// members  three replicas, of which members change.
    /// adders   one replica, and sixteen programs that add: they do each other's operations.
    /// memory   as adders, in shared memory that is flushed to a file.
    enum class Cast : std::uint8_t { members, adders, memory };
    explicit CounterDrill(std::uint64_t seed, Cast cast = Cast::members);
    ~CounterDrill();
    CounterDrill(const CounterDrill&) = delete;
    CounterDrill& operator=(const CounterDrill&) = delete;

    /// Sixteen programs, their ends, and what is wrong after that.
    [[nodiscard]] std::vector<std::string> round();
    /// Asks for each key that has no answer, and says what is wrong then.
    [[nodiscard]] std::vector<std::string> settle();
    /// Programs that were killed at work.
    [[nodiscard]] std::uint64_t kills() const { return kills_; }
    /// The folder of the counter ("jobs") and its replicas ("a" and so on).
    [[nodiscard]] std::filesystem::path folder() const { return scratch_.path(); }

private:
    struct Add {
        std::string key;  // empty: none
        std::int64_t amount = 0;
    };
    struct Actor {
        std::string what;  ///< "add", "pipe", "replicate", "demote", "repair"
        Part part;
        std::vector<std::vector<Add>> adds;  ///< of each chunk of a pipe; else of one
    };
    struct Asked {
        std::int64_t amount = 0;
        std::optional<std::int64_t> answer;
    };

    void create();
    [[nodiscard]] Command command(const std::string& verb, const std::vector<std::string>& more) const;
    [[nodiscard]] std::vector<Actor> cast();
    [[nodiscard]] Actor one_shot(bool keyed);
    [[nodiscard]] Actor pipe(bool keyed);
    [[nodiscard]] Actor change();
    [[nodiscard]] Add next_add(bool keyed);
    void ruin_one();
    void learn(const Actor& actor, const Ran& ran);
    /// Believes what it told; complains where it failed.
    void hear(const Actor& actor, const Played& played);
    void answered(const Add& add, std::int64_t value);
    [[nodiscard]] Ran must_work(const std::string& verb, const std::vector<std::string>& more);
    void look();
    void look_at_sums(std::int64_t value);
    void look_at_replicas();
    void complain(const std::string& what) { complaints_.push_back(what); }

    ScratchFolder scratch_;
    Programs programs_;
    sim::Chance chance_;
    Cast cast_;
    std::uint64_t kills_ = 0;
    std::map<std::string, std::chrono::nanoseconds> lasts_;  ///< how long each kind of program takes, about
    std::string segment_;                                    ///< in shared memory; empty: none
    std::set<std::string> members_, uuids_;                  ///< by names of places; of all replicas that there were
    std::map<std::string, Asked> keys_;
    std::vector<std::string> unanswered_;  ///< keys
    std::set<std::int64_t> values_;        ///< that adds were given
    std::int64_t acknowledged_ = 0;        ///< sum of the adds without a key, corrected by what is seen
    std::int64_t under_way_ = 0;           ///< that was asked for in this round, and not answered
    std::vector<std::string> complaints_;
};

}  // namespace ft::drill

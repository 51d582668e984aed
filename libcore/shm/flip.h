// A few words in shared memory that change all at once: two slots, of which a counter of commits names the newest.
//
// Whoever holds the lock writes the slot that is not the newest, then raises the counter: one store, so that a writer
// killed at any instruction leaves the state before or the state after, and whoever comes next decides nothing. Readers
// need no lock. A check word over the slot and its commit finds stores of strangers; the counter is kept times three,
// so that no turned bit makes another counter of it (Brown, "Error detecting and correcting binary codes for arithmetic
// operations", 1960).
//
//     const auto last = flip.look();                      // under the lock
//     flip.commit(last.seen, {last.seen.words[0] + 5});   // under the lock
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ft::shm {

using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 8, "words are shared between processes");

/// Bijective in each word, so one that is changed alone is always found; and short to compute, because each word's part
/// waits for no other's.
template <std::size_t count>
[[nodiscard]] inline std::uint64_t check_word(std::uint64_t seed, const std::array<std::uint64_t, count>& words) {
    constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;
    std::uint64_t check = (seed ^ golden) * golden;
    for (std::size_t i = 0; i < count; ++i) check ^= std::rotl((words[i] + i + 1) * (golden + 2 * i + 2), 32);
    return check;
}

template <std::size_t count>
class Flip {
public:
    using Words = std::array<std::uint64_t, count>;
    struct Seen {
        std::uint64_t mark = 0;  ///< three times the commits since creation
        Words words{};
        [[nodiscard]] std::uint64_t commits() const { return mark / step; }
    };
    struct Look {
        enum class Found : std::uint8_t {
            whole,
            moving,   ///< a commit came between; never seen under the lock
            damaged,  ///< somebody wrote here who should not
        };
        Found found = Found::damaged;
        Seen seen;
    };

    /// Memory that nobody else sees: the first state.
    void begin(const Words& words) {
        put(0, words);
        mark_.store(0, std::memory_order_release);
    }

    [[nodiscard]] Look look() const {
        Look look;
        look.seen.mark = mark_.load(std::memory_order_acquire);
        const auto& slot = slots_[look.seen.mark & 1];
        for (std::size_t i = 0; i < count; ++i) look.seen.words[i] = slot[i].load(std::memory_order_acquire);
        const std::uint64_t check = slot[count].load(std::memory_order_acquire);
        if (mark_.load(std::memory_order_relaxed) != look.seen.mark)
            look.found = Look::Found::moving;
        else if (look.seen.mark % step == 0 && check == check_word(look.seen.mark, look.seen.words))
            look.found = Look::Found::whole;
        return look;
    }

    /// Under the lock. last  what look() gave under the same lock.
    void commit(const Seen& last, const Words& next) {
        put(last.mark + step, next);
        mark_.store(last.mark + step, std::memory_order_release);
    }

private:
    static constexpr std::uint64_t step = 3;

    // Release and acquire on each word stand for the fences of a sequence lock (Boehm, "Can seqlocks get along with
    // programming language memory models?", 2012): a reader that saw a word of commit n+2 sees that n is no longer
    // last.
    void put(std::uint64_t mark, const Words& words) {
        auto& slot = slots_[mark & 1];
        for (std::size_t i = 0; i < count; ++i) slot[i].store(words[i], std::memory_order_release);
        slot[count].store(check_word(mark, words), std::memory_order_release);
    }

    Word mark_;
    std::array<std::array<Word, count + 1>, 2> slots_;
};

}  // namespace ft::shm

// Where processes that wait for one counter's lock leave what they want done, so that whoever has the lock does it all
// in one commit: a file in /dev/shm beside each replica that is waited for (FORMAT.md, "The queue").
//
// It only saves time. Who cannot use it waits for the lock, and the file may go at any moment: each who waits looks for
// the lock too, and once he has it he knows from the counter's state whether somebody has done his operation.
//
// Places: one for each process, whose byte of the file it locks (fcntl(2), F_OFD_SETLK) for as long as it waits, so
// that a dead one's place is known. There is nothing in the memory that could lead a process astray: no mutex, no
// pointer. Its owner writes it while it is `kept`; who has the lock takes what is `posted`, and writes it while it is
// `taken`.
//
//     std::unique_ptr<Queue> queue = Queue::make(*counter.gate());
//     if (queue && queue->post(operation)) { ... counter.try_turn() ... queue->told() ... }
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/fd.h"
#include "libcore/counter/counter.h"
#include "libcore/counter/guests.h"

namespace ft::shm {

/// What a guest's commit would have answered, and how to know whether it was made.
struct QueueAttempt {
    std::uint64_t mark = 0, sequence = 0;
    std::int64_t value = 0, amount = 0;
    std::uint64_t kind = 0;  ///< of the outcome
};

inline constexpr std::size_t most_attempts = 4;

/// What one process wants, and what became of it.
struct alignas(64) QueuePlace {
    std::uint64_t kind = 0, keyed = 0;  ///< of the operation: 0 get, 1 add; whether it has a key
    std::int64_t amount = 0;
    std::uint64_t key_low = 0, key_high = 0;
    QueueAttempt answer;                  ///< its outcome
    std::int64_t min = 0, max = 0;        ///< with the answer: of the counter
    std::uint32_t on_disk = 0;            ///< with the answer: whether it survives the loss of power
    std::uint32_t absent = 0;             ///< with the answer: replicas that did not take part
    std::atomic<std::uint32_t> attempts;  ///< how many of `attempt` are valid
    std::array<QueueAttempt, most_attempts> attempt;
};
static_assert(sizeof(QueuePlace) == 320 && sizeof(QueueAttempt) == 40, "part of the layout");

class Queue final : public counter::Guests {
    struct Key {};  // for make_unique, and yet nobody else's

public:
    /// nullptr where there is none, or none that is the replica's: of its owner, group and mode.
    [[nodiscard]] static std::unique_ptr<Queue> find(const counter::Counter::Gate& gate);
    /// The one that is there, else a new one; nullptr where that cannot be.
    [[nodiscard]] static std::unique_ptr<Queue> make(const counter::Counter::Gate& gate);
    Queue(Key key, const counter::Counter::Gate& gate, Fd file, void* memory);
    /// Leaves; the last one removes it.
    ~Queue() override;
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    [[nodiscard]] const counter::Counter::Gate& place() const { return gate_; }
    /// false: it was removed, and others cannot find it.
    [[nodiscard]] bool is_named() const;

    /// Whether somebody has the lock who looks here; a hint, as he may have been killed.
    [[nodiscard]] bool is_led() const;
    void set_led(bool led);
    /// For a moment whoever waits here leaves the lock to those who wait for it without a queue.
    void close_for(std::chrono::nanoseconds length, std::chrono::nanoseconds now);
    [[nodiscard]] bool is_closed(std::chrono::nanoseconds now) const;
    /// Queues an operation, one at a time. false: there is no room, or it is none for a queue.
    [[nodiscard]] bool post(const counter::Operation& operation);
    enum class Told : std::uint8_t { nothing, outcome, in_doubt };
    [[nodiscard]] Told told() const;
    /// What it was told, and how the counter stood then: as its `head`, nothing but the bounds.
    struct Answer {
        counter::Outcome outcome;
        counter::Head head;
        bool on_disk = true;
        std::size_t absent = 0;
    };
    /// Once: another operation may be posted then.
    [[nodiscard]] Answer take_answer();
    /// Waits until it was told something or was called, or so long.
    void wait(std::chrono::nanoseconds at_most);
    /// Wakes one who waits: the lock is free.
    void call_next();

    [[nodiscard]] std::optional<Uuid> gate() const override { return gate_.replica; }
    [[nodiscard]] bool are_waiting() const override;
    [[nodiscard]] std::vector<counter::Operation> take(const Standing& now, std::size_t at_most) override;
    void about_to_commit(std::uint64_t mark, std::uint64_t sequence,
                         std::span<const counter::Outcome> outcomes) override;
    void answer(const Standing& now, std::span<const counter::Outcome> outcomes) override;
    [[nodiscard]] bool withdraw(bool locked) override;

private:
    using State = std::atomic<std::uint32_t>;
    [[nodiscard]] State& state(std::size_t place) const;
    [[nodiscard]] QueuePlace& at(std::size_t place) const;
    [[nodiscard]] bool claim();
    /// Of a place: its owner's lock. Of the door: shared by who comes in, alone for who removes the queue. false:
    /// somebody lives who has it.
    [[nodiscard]] bool try_lock(std::size_t byte, bool shared = false) const;
    void unlock(std::size_t byte) const;
    void leave();
    /// Whether it is to be done now; it was told what became of it otherwise.
    [[nodiscard]] bool is_open(std::size_t place, const Standing& now);
    void tell(std::size_t place, const QueueAttempt& answer, const Standing& now);
    void set(std::size_t place, std::uint32_t what);
    /// Whether its owner has died: it is free then. What nobody waits for must not be done after others have looked.
    [[nodiscard]] bool is_abandoned(std::size_t place);
    /// Places that nobody is at work for, of owners that died.
    void free_abandoned();
    /// Whether nobody who lives has a place.
    [[nodiscard]] bool is_empty() const;

    counter::Counter::Gate gate_;
    std::string path_;
    Fd file_;
    std::byte* memory_;
    std::optional<std::size_t> own_;  // place that is claimed
    std::vector<std::size_t> taken_;  // guests of the commit under way
};

}  // namespace ft::shm

// A counter in replicas as one of many processes works on it: who finds it locked leaves his operation in the queue
// (queue.h), and is answered by whoever has the lock, or does it himself once he has it.
//
//     Group group(counter, clock, progress, patience, "jobs");
//     std::vector<Outcome> outcomes = group.run(operations);
//     group.release();
#pragma once

#include <memory>
#include <string>

#include "libcore/base/progress.h"
#include "libcore/counter/counter.h"
#include "libcore/shm/queue.h"

namespace ft::shm {

class Group {
public:
    Group(counter::Counter& counter, Clock& clock, const Progress& progress, counter::Patience patience,
          std::string name);

    /// As Counter::run.
    [[nodiscard]] std::vector<counter::Outcome> run(std::span<const counter::Operation> operations);
    /// As of the last run: of others where they did it, of `counter` else.
    [[nodiscard]] const counter::Head& head() const { return served_ ? served_->head : counter_.ledger().head(); }
    [[nodiscard]] bool is_durable() const { return served_ ? served_->on_disk : counter_.is_durable(); }
    /// The last run's answer, where others did it.
    [[nodiscard]] const std::optional<Queue::Answer>& served() const { return served_; }

    /// Whether this process has the turn, and others have left something to do.
    [[nodiscard]] bool has_company();
    [[nodiscard]] bool has_turn() const { return leads_; }
    /// Whether there is a queue that has to be looked into.
    [[nodiscard]] bool may_have_company() const { return queue_ != nullptr; }
    /// Does what they have left. false: it cannot.
    [[nodiscard]] bool serve();
    /// Lets other processes in, after doing what they have left for a while: who comes next would have to read the
    /// counter first.
    void release();

private:
    [[nodiscard]] std::vector<counter::Outcome> lead(std::span<const counter::Operation> operations);
    /// The lock was got: what a killed leader has left in the queue comes before all else.
    void begin_to_lead();
    /// Opens the queue that is there now; where this process leads already, not more often than every millisecond.
    void look_for_queue();
    /// Whether it still is where others look for one.
    [[nodiscard]] bool is_queue_of(const std::optional<counter::Counter::Gate>& gate) const;
    /// Where somebody leads already: the lock need not be looked for.
    [[nodiscard]] bool post_to_leader(std::span<const counter::Operation> operations);
    /// false: this process has the lock, or the operations are none for a queue.
    [[nodiscard]] bool post(std::span<const counter::Operation> operations);
    /// Waits until the operation that is posted was done, by whomever. std::nullopt: this process has the lock, and the
    /// queue is not that of the counter any more.
    [[nodiscard]] std::optional<Queue::Answer> wait();
    /// Of one who was not served and has no lock. fails  Exit::in_doubt where it may yet be done.
    void give_up();

    counter::Counter& counter_;
    Clock& clock_;
    const Progress& progress_;
    counter::Patience patience_;
    std::string name_;
    std::unique_ptr<Queue> queue_;
    std::optional<Queue::Answer> served_;
    std::chrono::nanoseconds looked_{0};  // 0: not since it leads
    bool leads_ = false;
};

}  // namespace ft::shm

// Many transactions of one process, side by side: their decisions share flushes (ledger.h), and those that cannot be
// ended here get journals of their own, for recovery.
//
// The witnesses of a commit go when its end is durable, so that nobody is ever told to commit what has forgotten that
// it did. No flush is made for that: the end goes with the next decision's, and the witnesses after that.
//
//     Server server(home, makers, clock, progress, pace);
//     Report r = server.run(parts);      // from as many threads as shall be in flight
//     server.tidy();                     // once r has been told
//     server.close();
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "libcore/twophase/coordinator.h"
#include "libcore/twophase/home.h"
#include "libcore/twophase/recover.h"

namespace ft::twophase {

class Server {
public:
    Server(Home& home, Makers makers, Clock& clock, const Progress& progress, const Pace& pace);

    /// A whole transaction: asks all, and commits where all said yes. Thread-safe.
    ///
    /// fails  where the ledger cannot be written any more, before anybody is asked.
    [[nodiscard]] Report run(const std::vector<Spec>& parts);
    /// Has the witnesses go of those transactions whose end is durable by now. Thread-safe; for who has told a report
    /// and waits for nothing.
    void tidy();
    /// Has all witnesses go of what has ended: for a time when nothing is to be done. Thread-safe.
    void tidy_all();
    /// Leaves nothing behind but what recovery has to go on with. Nothing is running any more.
    void close();
    /// Transactions whose report was `complete`, and whose witnesses could not go: recovery goes on with them.
    [[nodiscard]] std::uint64_t left();
    /// Writes of its ledgers that waited for the disk, but for their creation.
    [[nodiscard]] std::uint64_t forced();

private:
    struct Shelf {
        std::unique_ptr<Ledger> ledger;
        unsigned users = 0;
    };
    using Place = std::list<Shelf>::iterator;
    /// A transaction that all have obeyed, and whose witnesses are still there. It uses its shelf.
    struct Ended {
        std::unique_ptr<Entry> entry;
        Place place;
    };
    /// The ledger for a transaction more: the last one, or a new one.
    [[nodiscard]] Place enter();
    void leave(Place place);
    void remove_if_settled(Place place);
    [[nodiscard]] Report run_in(Place place, const std::vector<Spec>& parts);
    void keep(Ended ended);
    /// all: also those whose end still has to be flushed.
    void forget_ended(bool all);
    [[nodiscard]] std::optional<Ended> take_ended(bool all);
    /// Whether its witnesses are gone; where not, recovery goes on with it.
    [[nodiscard]] bool forget(Entry& entry, Ledger& ledger);

    Home& home_;
    Makers makers_;
    Clock& clock_;
    const Progress& progress_;
    Hands hands_;
    Pace pace_;
    std::mutex mutex_;  // guards all below
    std::list<Shelf> shelves_;
    std::deque<Ended> ended_;  ///< the oldest first
    std::uint64_t left_ = 0;
    std::uint64_t forced_ = 0;  // of the ledgers that are gone
};

}  // namespace ft::twophase

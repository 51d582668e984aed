// Many transactions of one process, side by side: their decisions share flushes (ledger.h), and those that cannot be
// ended here get journals of their own, for recovery.
//
//     Server server(home, makers, clock, progress, pace);
//     Report r = server.run(parts);      // from as many threads as shall be in flight
//     server.close();
#pragma once

#include <list>
#include <memory>
#include <mutex>
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
    /// Leaves nothing behind but what recovery has to go on with. Nothing is running any more.
    void close();
    /// Writes of its ledgers that waited for the disk, but for their creation.
    [[nodiscard]] std::uint64_t forced();

private:
    struct Shelf {
        std::unique_ptr<Ledger> ledger;
        unsigned users = 0;
    };
    using Place = std::list<Shelf>::iterator;
    /// The ledger for a transaction more: the last one, or a new one.
    [[nodiscard]] Place enter();
    void leave(Place place);
    void remove_if_settled(Place place);
    [[nodiscard]] Report run_in(Ledger& ledger, const std::vector<Spec>& parts);

    Home& home_;
    Makers makers_;
    Clock& clock_;
    const Progress& progress_;
    Hands hands_;
    Pace pace_;
    std::mutex mutex_;  // guards all below
    std::list<Shelf> shelves_;
    std::uint64_t forced_ = 0;  // of the ledgers that are gone
};

}  // namespace ft::twophase

// Where a coordinator writes the course of one transaction: a journal of its own, or an entry in a ledger.
#pragma once

#include "libcore/twophase/story.h"

namespace ft::twophase {

class Chronicle {
public:
    virtual ~Chronicle() = default;
    [[nodiscard]] virtual const Story& story() const = 0;
    /// Durable when it returns. fails  the chronicle is then dead: to be opened anew.
    virtual void force(const Milestone& milestone) = 0;
    /// As force, but it may be lost with the power.
    virtual void note(const Milestone& milestone) = 0;
    /// The transaction has ended, and leaves nothing behind. durably: where one that comes back with the power would
    /// say something else than was told.
    virtual void remove(bool durably) = 0;
};

}  // namespace ft::twophase

// A replica's file in the hands of a program with one mistake: what the tests of replicas have to notice.
//
// The product's code is as it is; the mistake is made between it and the disk: a write that is left out, doubled, put
// off or sent elsewhere, a sync that is left out or tried again, a checksum that fits whatever is there.
#pragma once

#include <memory>

#include "libcore/counter/layout.h"
#include "libcore/io/dir.h"

namespace ft::sim {

enum class Mistake {
    none,
    single_copies,            ///< a commit writes the first copy of its slot only
    keys_outside_commit,      ///< key blocks are written after the commit that refers to them
    ring_not_bound,           ///< any key block is taken for the newest one
    repair_rewrites_good,     ///< opening writes both copies of a slot anew where one is missing
    no_repair_on_open,        ///< opening writes nothing
    no_sync_on_open,          ///< opening syncs nothing
    both_slots_overwritten,   ///< a commit writes over the newest slot too
    one_annex_place,          ///< a new annex is written over the former one
    failed_sync_tried_again,  ///< and trusted when the second one says that all is well
};

/// A file that is being opened until opened() is called, then written.
class MistakenFile : public io::File {
public:
    virtual void opened() = 0;
};

/// The replica `name` of `dir`, opened for direct access.
[[nodiscard]] std::unique_ptr<MistakenFile> open_with(Mistake mistake, io::Dir& dir, const std::string& name,
                                                      const counter::Header& header);

}  // namespace ft::sim

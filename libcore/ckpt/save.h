// Saves sources into one checkpoint of a store: walk or read, chunk, digest, look up, compress, write, publish.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/base/progress.h"
#include "libcore/ckpt/report.h"
#include "libcore/source/source.h"
#include "libcore/store/store.h"

namespace ft::ckpt {

struct SaveRequest {
    std::string name;
    int level = 1;                        ///< of zstd
    unsigned jobs = 0;                    ///< worker threads; 0: none, all on the calling thread in one fixed order
    bool full = false;                    ///< read every file, whatever its times say
    bool allow_empty = false;             ///< accept a stream of 0 bytes
    std::string host = {}, command = {};  ///< kept in the manifest
    /// Keeps the checkpoint pending under this id (store/pending.h) instead of publishing it; "": publishes it.
    std::string transaction = {};
    /// Names of owner ids, "" where they have none; kept in the manifest. May be empty.
    std::function<std::string(std::uint32_t)> user_name = {}, group_name = {};
    /// Called once, by the calling thread, as soon as all sources are read: what was held still may go on while the
    /// rest is stored and published. Not called where the reading fails. Its failure is the save's. May be empty.
    std::function<void()> captured = {};
};

/// Saves all sources as NAME@SEQ, published at once; durable when it returns. Nothing is visible before, and nothing
/// after a failure.
///
/// fails    Exit::failed (missing source, disk), Exit::damage (the store), Exit::busy.
[[nodiscard]] SaveReport save(std::vector<source::Source>& sources, store::Store& store, const SaveRequest& request,
                              Clock& clock, Progress& progress);

}  // namespace ft::ckpt

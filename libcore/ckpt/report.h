// What the verbs of ftckpt and ftrestore answer: plain values that ui turns into text or JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/base/notes.h"

namespace ft::ckpt {

/// Where the time of a save went, in seconds. Parts are summed over threads and may overlap; total is wall time
/// (T_save).
struct SaveTiming {
    double total_s = 0;
    double walk_s = 0, read_s = 0, digest_s = 0, compress_s = 0, write_s = 0, sync_s = 0;
    std::optional<double>
        operation_s;  ///< T_operation: from the end of the name's previous checkpoint to the start of this save
};

struct Totals {
    std::uint64_t entries = 0;  ///< files, directories, links, ...
    std::uint64_t files = 0;    ///< regular files (each hard-link group once)
    std::uint64_t bytes = 0;    ///< content, holes not counted
    std::uint64_t changed = 0;  ///< entries marked as changing while read
};

struct SaveReport {
    std::string name;
    std::uint64_t sequence = 0;
    bool store_created = false;
    Totals totals;
    std::uint64_t bytes_read = 0;       ///< content read (unchanged files are not)
    std::uint64_t bytes_new = 0;        ///< content that the store did not have
    std::uint64_t bytes_stored = 0;     ///< what the store grew by
    std::uint64_t files_unchanged = 0;  ///< taken from the previous checkpoint without reading
    SaveTiming timing;
    std::vector<Note> notes;
    /// exit code 3
    [[nodiscard]] bool incomplete() const {
        for (const Note& note : notes)
            if (note.incomplete) return true;
        return false;
    }
};

struct RestoreReport {
    std::string name;
    std::uint64_t sequence = 0;
    Time saved_at;
    std::string destination;
    Totals totals;
    std::uint64_t bytes_written = 0;
    std::uint64_t files_kept = 0;              ///< --in-place: already equal
    std::uint64_t removed = 0;                 ///< --in-place: what was too much
    double load_s = 0;                         ///< T_load: from start to published
    std::optional<double> resume_s;            ///< T_resume: with -- CMD
    std::optional<std::string> fallback_from;  ///< --fallback: the damaged one that was asked for
    std::vector<Note> notes;
    [[nodiscard]] bool incomplete() const {
        for (const Note& note : notes)
            if (note.incomplete) return true;
        return false;
    }
};

}  // namespace ft::ckpt

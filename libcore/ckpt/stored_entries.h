// Entries out of and into a store: the stream that a source's root names, read record by record or entry by entry.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libcore/source/entry.h"
#include "libcore/store/reader.h"
#include "libcore/store/root.h"

namespace ft::ckpt {

/// A stream of entries out of the store.
class StoredEntries {
public:
    /// seen  is told every chunk of the stream itself (not of the files' content).
    StoredEntries(store::Reader& reader, const store::Root& root, const std::string& where,
                  std::function<void(const store::ChunkRef&)> seen = {});
    ~StoredEntries() = default;
    StoredEntries(const StoredEntries&) = delete;
    StoredEntries& operator=(const StoredEntries&) = delete;
    /// The next record; std::nullopt at the end. fails  damage.
    [[nodiscard]] std::optional<source::Entry> next() { return entries_.next(); }
    /// The next entry with the runs of all its records; std::nullopt at the end. fails  damage.
    [[nodiscard]] std::optional<source::Entry> next_whole();

private:
    store::RootReader bytes_;
    source::EntryReader entries_;
};

/// The next piece of some content: a hole, or chunks that lie side by side in the store.
struct Stretch {
    std::vector<store::ChunkRef> chunks;  ///< none: a hole
    std::uint64_t hole = 0;               ///< bytes
    std::size_t runs = 0;                 ///< how many runs it is
};
/// runs  not empty.
[[nodiscard]] Stretch first_stretch(store::Reader& reader, std::span<const source::Run> runs);

/// Appends an entry of any number of runs as as many records as it takes.
void append_in_parts(source::EntryWriter& out, const source::Entry& entry);

}  // namespace ft::ckpt

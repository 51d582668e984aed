// The previous checkpoint of a name, walked in step with the tree: what need not be read again.
//
// Unchanged means: same path, kind, size, mtime, ctime, inode, owners and mode; not marked as changing; no time at or
// after the file clock at the previous save's start (racy: a later write could carry the same stamp); and all chunks
// still reliable in the store.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libcore/ckpt/stored_entries.h"
#include "libcore/source/entry.h"
#include "libcore/source/tree_walk.h"
#include "libcore/store/reader.h"
#include "libcore/store/store.h"
#include "libcore/store/writer.h"

namespace ft::ckpt {

/// The newest sound checkpoint of `name`; std::nullopt where there is none.
[[nodiscard]] std::optional<store::Manifest> previous_manifest(store::Store& store, const std::string& name);

class Previous {
public:
    /// manifest may be null: nothing is unchanged then.
    Previous(store::Store& store, store::Writer& writer, const store::Manifest* manifest, store::SourceType type,
             const std::string& label);

    /// If `found` is unchanged, its entry as the previous checkpoint has it, all of its runs in it (continuations
    /// joined). Paths must be asked for in order. Damage met on the way ends the comparison: what follows is read
    /// again.
    [[nodiscard]] std::optional<source::Entry> unchanged(const source::Found& found);

private:
    void advance();
    [[nodiscard]] bool reliable(const std::vector<source::Run>& runs) const;
    store::Writer& writer_;
    Time file_clock_;
    std::unique_ptr<store::Reader> reader_;
    std::unique_ptr<StoredEntries> entries_;
    std::optional<source::Entry> next_;
};

}  // namespace ft::ckpt

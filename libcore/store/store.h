// The store: a place that keeps checkpoints as immutable, checksummed, deduplicated objects, with one atomic step per
// save.
//
// Everything here stands on Backend: objects are put whole or not at all, never changed. FORMAT.md has the bytes.
//
//     Store store = Store::open(backend);
//     Writer writer(store, ...);  writer lanes add chunks;  writer.publish(manifest) makes NAME@SEQ visible and durable
//     Reader reader(store);       reader.read(chunk) gives verified bytes or throws damage
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/store/backend.h"
#include "libcore/store/index.h"
#include "libcore/store/manifest.h"

namespace ft::store {

struct CheckpointId {
    std::string name;
    std::uint64_t sequence = 0;
    auto operator<=>(const CheckpointId&) const = default;
    [[nodiscard]] std::string text() const { return name + "@" + std::to_string(sequence); }
};

/// Letters, digits, '.', '_', '-' and any byte >= 0x80 of valid UTF-8; 1 to 200 bytes; not beginning with '.' or '-'.
[[nodiscard]] bool is_valid_name(std::string_view name);

/// Whether a store has been made in the directory. Its own name is durable then: whoever makes a store makes the way to
/// it durable first.
[[nodiscard]] bool holds_store(io::Dir& dir);
/// Where the store is that nobody names: FT_STORE, else $XDG_STATE_HOME/ft/store, else ~/.local/state/ft/store.
[[nodiscard]] std::string default_path();

struct FormatInfo {
    Uuid uuid;
    std::uint32_t version = 1;
};

class Store {
public:
    /// The store in `backend`; Failure where there is none.
    [[nodiscard]] static Store open(Backend& backend, Clock& clock);
    /// The same, made first where the place is empty or missing. created() says so.
    [[nodiscard]] static Store open_or_create(Backend& backend, Clock& clock);

    [[nodiscard]] bool created() const { return created_; }
    [[nodiscard]] const FormatInfo& format() const { return format_; }
    [[nodiscard]] Backend& backend() { return *backend_; }
    [[nodiscard]] Clock& clock() { return *clock_; }

    /// All checkpoints' names, sorted.
    [[nodiscard]] std::vector<std::string> names();
    /// Sequence numbers of a name, ascending.
    [[nodiscard]] std::vector<std::uint64_t> sequences(const std::string& name);
    /// The number that the next checkpoint of a name may get: none is used twice.
    [[nodiscard]] std::uint64_t next_sequence(const std::string& name);
    /// Resolves NAME, NAME@7, NAME@latest, NAME@latest-1, NAME@2026-11-23T10:00 (newest at or before). Failure: usage
    /// for a malformed selector, Exit::no where nothing matches (with did-you-mean).
    [[nodiscard]] CheckpointId resolve(std::string_view selector);
    /// Failure: Exit::no where missing, Exit::damage where damaged.
    [[nodiscard]] Manifest manifest(const CheckpointId& id);

    /// Announces this process as a user of the store (Backend::use): what is read or relied upon after the first call
    /// is not removed meanwhile.
    void use();
    /// Chunks known to be stored, as of the first call, which also announces. So: index() first, manifest() then; or
    /// use(), manifests, index(), which then knows all that they name.
    Index& index();
    /// Forgets the loaded index, so that the next index() sees what was put meanwhile. References to it end.
    void reload_index() { index_.reset(); }
    /// Ends what use() began, without a trace: nothing of the store is relied upon any more.
    void leave();
    /// The guard that use() took; "" before.
    [[nodiscard]] std::string guard_id() const { return guard_ ? guard_->id() : ""; }

private:
    Store(Backend& backend, Clock& clock) : backend_(&backend), clock_(&clock) {}
    Backend* backend_;
    Clock* clock_;
    FormatInfo format_;
    bool created_ = false;
    std::unique_ptr<Guard> guard_;
    std::unique_ptr<Index> index_;
};

}  // namespace ft::store

// Where a store lives: named immutable objects that appear whole, durable and at once, or not at all.
//
// The seam that object storage and ssh will implement: nothing above it renames, appends, locks or knows directories.
// Names are '/'-separated, e.g. "packs/ab/ab12...", "checkpoints/job/7".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/base/bytes.h"
#include "libcore/base/clock.h"
#include "libcore/io/dir.h"

namespace ft::store {

/// An object being written; it vanishes unless committed.
class Upload {
public:
    virtual ~Upload() = default;
    virtual void append(View bytes) = 0;
    /// Gives it its name; whole and durable when it returns. false where the name is taken (by an object that is
    /// visible, not necessarily durable: see Backend::settle).
    [[nodiscard]] virtual bool commit(const std::string& name) = 0;
};

/// An object opened for reading. Thread-safe.
class Object {
public:
    virtual ~Object() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// Exactly into.size() bytes from `at`; damage where the object is shorter, or its disk cannot read it.
    virtual void read_at(std::span<std::byte> into, std::uint64_t at) const = 0;
    [[nodiscard]] virtual std::unique_ptr<io::Mapping> map() const = 0;
    [[nodiscard]] virtual std::string path() const = 0;
};

/// A held claim (on using the store, or on maintaining it): released when it goes or its process dies.
class Guard {
public:
    virtual ~Guard() = default;
    /// What names this guard among living_guards(); "" for one that could not be announced (read-only store).
    [[nodiscard]] virtual std::string id() const = 0;
    /// Ends the claim and takes its trace away; what of it cannot be removed, the next user does. Without it the claim
    /// ends with this object, and its trace waits for the next user too.
    virtual void release() = 0;
};

class Backend {
public:
    virtual ~Backend() = default;

    [[nodiscard]] virtual std::unique_ptr<Upload> upload(const std::string& prefix) = 0;
    /// nullptr where there is no such object.
    [[nodiscard]] virtual std::unique_ptr<Object> find(const std::string& name) = 0;
    /// Bytes of an object, without opening it.
    [[nodiscard]] virtual std::optional<std::uint64_t> size_of(const std::string& name) = 0;
    /// Last components of the objects and prefixes directly below `prefix`, sorted; empty where there is none.
    [[nodiscard]] virtual std::vector<std::string> list(const std::string& prefix) = 0;
    /// put_if_absent for what only those who live now need: a power failure may take it away again, whole.
    [[nodiscard]] virtual bool post_if_absent(const std::string& name, View bytes) = 0;
    /// Removes objects (missing ones are fine); durable when it returns.
    virtual void remove(std::span<const std::string> names) = 0;
    /// Removes objects that nothing needs or will read (missing ones are fine): a power failure may bring them back.
    virtual void discard(std::span<const std::string> names) = 0;
    /// Every object visible below `prefix` (directly) is durable when it returns, whoever put it.
    virtual void settle(const std::string& prefix) = 0;

    /// Announces a user of the store: what it may rely on is not removed while it lives. Waits while a full disk is
    /// being cleaned.
    [[nodiscard]] virtual std::unique_ptr<Guard> use() = 0;
    /// Ids of the guards whose holders live.
    [[nodiscard]] virtual std::vector<std::string> living_guards() = 0;
    /// The one maintainer (merge, prune, repair); nullptr while there is another.
    [[nodiscard]] virtual std::unique_ptr<Guard> try_maintain() = 0;
    /// Keeps new users out while it lives; nullptr where users are just coming in. For a maintainer only.
    [[nodiscard]] virtual std::unique_ptr<Guard> try_close_gate() = 0;
    /// Who maintains, for messages.
    [[nodiscard]] virtual std::string maintainer() = 0;
    /// Removes what dead writers left.
    virtual void sweep() = 0;

    [[nodiscard]] virtual std::uint64_t free_bytes() = 0;
    /// For messages.
    [[nodiscard]] virtual std::string path() const = 0;

    /// put of a small object; as Upload::commit.
    [[nodiscard]] bool put_if_absent(const std::string& name, View bytes);
    /// The whole of a small object; std::nullopt where missing, damage where longer than limit.
    [[nodiscard]] std::optional<Bytes> get(const std::string& name, std::uint64_t limit);
};

/// A store in a directory. FORMAT.md section 1 lists what lies in it.
[[nodiscard]] std::unique_ptr<Backend> directory_backend(std::unique_ptr<io::Dir> root, Clock& clock);

}  // namespace ft::store

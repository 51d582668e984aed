// What a simulated disk holds, twice: as processes see it (the caches) and as it would be after a power cut at this
// moment.
//
// A value without handles, locks or time: a copy costs two pointers per object and shares all content until it is
// changed. The crash model is told in disk.h. Every change is made to the seen side and kept as "un-synced"; sync moves
// it to the durable side; after_power_cut() applies any subset of the un-synced changes to the durable side.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libcore/sim/content.h"

namespace ft::sim {

using Ino = std::uint32_t;
inline constexpr Ino no_ino = 0, root_ino = 1;

struct Attributes {
    std::uint32_t mode = 0, uid = 0, gid = 0;
    Time mtime{}, ctime{};
    std::vector<io::Xattr> xattrs{};  ///< sorted by name
};

enum class Field : std::uint8_t { owner, mode, mtime, xattr };

/// An un-synced change of one attribute; `after` holds its new value.
struct AttributeChange {
    Field field = Field::mode;
    std::string xattr{};
    std::shared_ptr<const Attributes> after;  ///< shared by copies of the disk
};

/// An un-synced change of a file's content.
struct ContentChange {
    enum class What : std::uint8_t { write, size, punch };
    What what = What::write;
    std::uint64_t start = 0, end = 0;  ///< bytes; size: end is the new size
    std::uint64_t size_after = 0;
    std::vector<PageRef> pages;  ///< write: as they were after it, from start / page_size on
};

/// The entries of a directory, sorted.
class Names {
public:
    [[nodiscard]] Ino find(std::string_view name) const;
    /// no_ino removes it.
    void set(const std::string& name, Ino to);
    [[nodiscard]] const std::vector<std::pair<std::string, Ino>>& all() const { return all_; }

private:
    std::vector<std::pair<std::string, Ino>> all_;
};

struct Node {
    io::Kind kind = io::Kind::file;
    Attributes attributes{};
    std::uint64_t rdev = 0;
    std::string target{};  ///< of a symbolic link
    Content content{};
    Names names{};
    std::uint32_t links = 0;                                              ///< names that lead here
    std::vector<std::shared_ptr<const ContentChange>> content_changes{};  ///< un-synced; shared by copies of the disk
    std::vector<AttributeChange> attribute_changes{};
    bool diverged = false;  ///< a failed sync lost changes: what is seen is no longer what a good sync makes durable
};

/// One name of a directory and what it leads to from now on.
struct Assignment {
    Ino dir = no_ino;
    std::string name;
    Ino to = no_ino;
};

class DiskState {
public:
    /// An empty root directory, durable.
    DiskState();

    [[nodiscard]] const Node& node(Ino ino) const { return *seen_[ino]; }
    [[nodiscard]] Ino find(Ino dir, std::string_view name) const { return node(dir).names.find(name); }
    /// Bytes in use by all that has a name or was not released.
    [[nodiscard]] std::uint64_t allocated() const { return allocated_; }
    /// Whether everything seen is durable.
    [[nodiscard]] bool settled() const;
    [[nodiscard]] std::size_t highest_ino() const { return seen_.size() - 1; }

    /// A new object without a name.
    Ino add(Node node);
    /// Changes names, all of it or none of it after a power cut. Durable with a sync of the last one's directory.
    void assign(std::vector<Assignment> changes, Time now);
    /// Frees the space of an object that nothing leads to and nobody holds.
    void release(Ino ino);

    void write(Ino ino, View bytes, std::uint64_t at, Time now);
    void resize(Ino ino, std::uint64_t size, Time now);
    void punch(Ino ino, std::uint64_t at, std::uint64_t length, Time now);
    void clone(Ino ino, Ino from, Time now);
    void set_attribute(Ino ino, Field field, const Attributes& after, const std::string& xattr = {});

    /// What fsync(2) of it makes durable: content, size and attributes of a file; attributes and names of a directory.
    void sync(Ino ino);
    void sync_all();
    /// What a durable write of bytes [start, end) makes durable: the writes to them and nothing else.
    void sync_range(Ino ino, std::uint64_t start, std::uint64_t end);
    /// As Content::read, of what the disk has once the caches are written: without what a failed sync has lost.
    std::size_t read_disk(Ino ino, std::span<std::byte> into, std::uint64_t at) const;
    /// What a failed fsync of a file leaves: some of the changes durable, the rest lost, though still seen until a
    /// power cut. Of a directory: everything as it was.
    void fail_sync(Ino ino, std::uint64_t seed);

    /// What is there when the power comes back. Seed 0: nothing un-synced survived; 1: all of it; others: any part of
    /// it.
    [[nodiscard]] DiskState after_power_cut(std::uint64_t seed) const;

    /// Changes stored bytes behind everyone's back, in the caches and on the disk: rot.
    void corrupt(Ino ino, const std::function<void(Content&)>& damage);
    /// A number that differs when anything that can be seen differs.
    [[nodiscard]] std::uint64_t fingerprint() const;

private:
    struct NameChange {
        std::vector<Assignment> parts;
        bool moves_directory = false;
    };
    using Nodes = std::vector<std::shared_ptr<Node>>;  // shared by copies of the disk, copied before a change

    static Node& own(Nodes& nodes, Ino ino);
    void record(Node& node, ContentChange change, std::uint64_t allocated_before, Time now);
    void sync_names(Ino dir);
    [[nodiscard]] bool has_unsynced_names(Ino dir) const;
    void reclaim();
    [[nodiscard]] std::uint64_t fingerprint_of(Ino ino, std::uint64_t hash) const;

    Nodes seen_, durable_;
    std::vector<std::shared_ptr<const NameChange>>
        name_changes_;       ///< un-synced, in order; shared by copies of the disk
    std::vector<Ino> free_;  ///< numbers to use again, since the last power cut
    std::uint64_t allocated_ = 0;
    friend class PowerCutOutcome;
};

void apply(const AttributeChange& change, Attributes& to);

}  // namespace ft::sim

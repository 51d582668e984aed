// One object of a saved tree, and the stream in which a checkpoint keeps them.
//
// A source is a stream of entries in path order: compared component by component as bytes, a directory before what it
// contains, the root (path "") first. Large content continues in further records of the same path. FORMAT.md has the
// bytes.
//
//     EntryWriter w(sink); w.append(entry);           // sink takes bytes in order
//     EntryReader r(bytes_source); while (auto e = r.next()) ...
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/bytes.h"
#include "libcore/base/hash.h"
#include "libcore/io/dir.h"

namespace ft::source {

/// A piece of a file's content: a chunk, or (length 0) a hole.
struct Run {
    Digest digest;             ///< of the chunk; zero for a hole
    std::uint32_t length = 0;  ///< bytes of the chunk, 1 to chunk_limit; 0 for a hole
    std::uint64_t hole = 0;    ///< bytes of the hole; 0 for a chunk
    [[nodiscard]] std::uint64_t size() const { return length != 0 ? length : hole; }
    bool operator==(const Run&) const = default;
};

inline constexpr std::uint32_t chunk_limit = 1U << 20;  ///< no chunk is longer; decoders refuse more
inline constexpr std::size_t runs_per_record = 4096;    ///< no record holds more runs; longer content continues
inline constexpr std::size_t path_limit = 1U << 20;     ///< bytes of a path
inline constexpr std::size_t record_limit = 16U << 20;  ///< bytes of one record
inline constexpr std::size_t xattrs_limit =
    16U << 10;  ///< extended attributes of one object (the kernel lists at most 64 KiB of names)
inline constexpr std::size_t xattr_bytes_limit = 8U << 20;  ///< of all names and values of one object

struct Entry {
    std::string path;  ///< below the source's root, '/' between components; "" is the root
    io::Kind kind = io::Kind::file;
    std::uint32_t mode = 0;
    std::uint32_t uid = 0, gid = 0;
    Time mtime, ctime;
    std::uint64_t ino = 0;
    std::uint64_t size = 0;         ///< bytes of content as read (regular files)
    std::uint64_t rdev = 0;         ///< devices
    std::string symlink;            ///< target of a symbolic link
    std::string hard_link;          ///< path of the group's first name; such an entry has no content of its own
    bool linked = false;            ///< first name of a hard-link group (others may follow)
    std::vector<io::Xattr> xattrs;  ///< sorted by name
    std::vector<Run> runs;          ///< regular files: content in order
    bool continues = false;         ///< only path and runs count: more content of the record before
    bool more = false;              ///< another record of this path follows
    bool changed = false;           ///< changed while it was read, also the second time (on the last record)

    bool operator==(const Entry&) const = default;
};

/// Order of paths in a source: by component, bytewise, "a" before "a/b" before "a.b".
[[nodiscard]] int compare_paths(std::string_view a, std::string_view b);
/// Whether a path may stand in a source: relative, no empty, "." or ".." component, no NUL, components <= 255 bytes,
/// all <= path_limit.
[[nodiscard]] bool is_safe_path(std::string_view path);

/// The rules of a stream, kept by its writer and its reader alike: what may follow what, and what each kind of object
/// may hold.
class EntryRules {
public:
    /// What is wrong with `entry` as the next of the stream; nullptr where nothing is, and it then counts as seen.
    [[nodiscard]] const char* refuse(const Entry& entry);
    /// Path of the entry seen last.
    [[nodiscard]] const std::string& last_path() const { return last_path_; }
    /// Whether the stream may end here.
    [[nodiscard]] bool complete() const { return !expect_more_; }

private:
    [[nodiscard]] const char* refuse_place(const Entry& entry) const;
    [[nodiscard]] const char* refuse_runs(const Entry& entry);
    std::string last_path_;
    io::Kind last_kind_ = io::Kind::dir;
    std::uint64_t content_left_ = 0;  ///< bytes of the current file that runs have yet to cover
    bool started_ = false;
    bool expect_more_ = false;
};

/// Encodes entries; knows the path before it (prefix compression).
class EntryWriter {
public:
    explicit EntryWriter(std::function<void(View)> sink) : sink_(std::move(sink)) {}
    /// entry  one that EntryRules allow here, anything else is a broken invariant: in path order, the root first, each
    /// below
    ///        a directory that came before; runs <= runs_per_record and, over all records of a path, as long as its
    ///        size.
    void append(const Entry& entry);

private:
    std::function<void(View)> sink_;
    EntryRules rules_;
    Encoder head_, body_;
    bool started_ = false;
};

/// Decodes entries from hostile bytes; throws damage on anything that EntryWriter cannot have written, on unsafe or
/// unordered paths.
class EntryReader {
public:
    /// pull  gives the next piece of the stream, empty at its end; pieces may be cut anywhere.
    EntryReader(std::function<Bytes()> pull, std::string where) : pull_(std::move(pull)), where_(std::move(where)) {}
    [[nodiscard]] std::optional<Entry> next();

private:
    [[nodiscard]] bool fill(std::size_t needed);
    [[nodiscard]] std::size_t record_length();
    std::function<Bytes()> pull_;
    std::string where_;
    Bytes buffer_;
    std::size_t start_ = 0;
    EntryRules rules_;
    bool started_ = false;
};

}  // namespace ft::source

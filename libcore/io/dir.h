// The disk, as everything above sees it: a directory handle, a file handle, and nothing by path.
//
// Names are single components (is_name); "." means the directory itself where an operation changes or reads attributes,
// and for find_dir (a further handle of it). Any other name is a Failure. No operation follows a symbolic link, so code
// can only reach what lies below the Dir it was given. Implementations: io/posix (the machine's), sim/disk (simulated,
// with power cuts), io/faulty (decorates one with a fault script).
//
// Failures: anything unexpected throws Failure with errno in error(). Where a caller weighs an outcome it is a value:
// find_* give nullptr for a missing name, put-like calls give false where the name is taken.
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

namespace ft::io {

enum class Kind : std::uint8_t { file = 1, dir, symlink, fifo, char_device, block_device, socket };

/// What statx(2) says.
struct Stat {
    Kind kind = Kind::file;
    std::uint32_t mode = 0;  ///< permission bits and set-id bits, 07777
    std::uint32_t uid = 0, gid = 0;
    std::uint64_t size = 0;  ///< bytes
    std::uint64_t ino = 0, dev = 0, rdev = 0;
    std::uint64_t links = 1;
    std::uint64_t allocated = 0;  ///< bytes
    Time mtime, ctime;
    bool mount_point = false;  ///< root of a mounted file system
};

struct Listed {
    std::string name;
    std::optional<Kind> kind;  ///< absent where the file system does not say
};

struct Xattr {
    std::string name;  ///< with its namespace: "user.note", "system.posix_acl_access"
    std::string value;
    auto operator<=>(const Xattr&) const = default;
};

/// Bytes [start, end) of a file.
struct Extent {
    std::uint64_t start = 0, end = 0;
    auto operator<=>(const Extent&) const = default;
};

/// direct: read_write past the caches. A read sees what the disk holds, even after a failed sync has left something
/// else in memory; offsets, lengths and memory are multiples of direct_unit. Where the file system cannot: as
/// read_write.
enum class Access { read, read_write, direct };
inline constexpr std::uint64_t direct_unit = 4096;  ///< bytes
enum class Lock { shared, exclusive };

/// Bytes, and where in a file they belong.
struct Piece {
    View bytes;
    std::uint64_t at = 0;
};

/// Read-only view of a whole file's bytes. Immutable files only.
class Mapping {
public:
    virtual ~Mapping() = default;
    [[nodiscard]] virtual View bytes() const = 0;
};

class File {
public:
    virtual ~File() = default;

    /// Fills `into` from byte `at`; less only where the file ends. Thread-safe.
    virtual std::size_t read_at(std::span<std::byte> into, std::uint64_t at) = 0;
    /// As read_at if the bytes are in memory; std::nullopt instead of waiting for the disk.
    virtual std::optional<std::size_t> read_cached(std::span<std::byte> into, std::uint64_t at) = 0;
    /// Writes all of it. Not durable. Thread-safe for separate ranges.
    virtual void write_at(View bytes, std::uint64_t at) = 0;
    /// Writes these pieces, which do not overlap, in any order and perhaps all at once. They are durable when it
    /// returns, what was written elsewhere before is not. Of bytes that were there before only: the file does not grow.
    /// Poisons as sync does.
    virtual void write_durably(std::span<const Piece> pieces) = 0;
    void write_durably(View bytes, std::uint64_t at) {
        const Piece piece{bytes, at};
        write_durably({&piece, 1});
    }
    virtual void set_size(std::uint64_t size) = 0;
    /// Makes [at, at+length) a hole; false where the file system cannot.
    virtual bool punch_hole(std::uint64_t at, std::uint64_t length) = 0;
    /// Shares all of `other`'s blocks (reflink); false where the file system cannot.
    virtual bool clone_from(File& other) = 0;
    /// Content and size are durable when it returns; the name is not (Dir::sync). After a failure the file is poisoned:
    /// every later sync fails too, because the lost pages look clean to the kernel.
    virtual void sync() = 0;
    /// Asks the disk to start writing [at, at+length); no promise.
    virtual void start_writeback(std::uint64_t at, std::uint64_t length) = 0;
    /// Writes back what is dirty and waits, so that the next store through a mapping moves mtime again. Not a sync: no
    /// promise.
    virtual void write_back() = 0;

    virtual Stat stat() = 0;
    /// The first data extent at or after `from`; std::nullopt where only a hole follows.
    virtual std::optional<Extent> next_data(std::uint64_t from) = 0;
    virtual void set_owner(std::uint32_t uid, std::uint32_t gid) = 0;
    virtual void set_mode(std::uint32_t mode) = 0;
    virtual void set_mtime(Time mtime) = 0;
    /// Sorted by name; none where the file system has no attributes.
    virtual std::vector<Xattr> xattrs() = 0;
    virtual void set_xattr(const Xattr& xattr) = 0;
    virtual void remove_xattr(const std::string& name) = 0;

    /// flock(2): false where another holds it. Released when the File goes or its process dies.
    virtual bool try_lock(Lock kind) = 0;
    virtual std::unique_ptr<Mapping> map() = 0;
    /// For messages.
    [[nodiscard]] virtual std::string path() const = 0;
    /// What a decorator decorates; itself otherwise. For the calls that take two files or a file and a directory.
    [[nodiscard]] virtual File& undecorated() { return *this; }
};

class Dir {
public:
    virtual ~Dir() = default;

    /// nullptr where there is no such name. A symbolic link or another kind of object is a Failure.
    virtual std::unique_ptr<File> find_file(const std::string& name, Access access) = 0;
    virtual std::unique_ptr<Dir> find_dir(const std::string& name) = 0;
    /// A new empty file, read_write; nullptr where the name is taken.
    virtual std::unique_ptr<File> create_file(const std::string& name, std::uint32_t mode) = 0;
    /// A file without a name; it vanishes with its handle unless given one by publish(). nullptr where the file system
    /// cannot.
    virtual std::unique_ptr<File> create_unnamed(std::uint32_t mode) = 0;
    /// Names a file made by create_unnamed on this file system; false where the name is taken.
    virtual bool publish(File& unnamed, const std::string& name) = 0;

    /// These four give false where the name is taken.
    virtual bool make_dir(const std::string& name, std::uint32_t mode) = 0;
    virtual bool make_symlink(const std::string& name, const std::string& target) = 0;
    virtual bool make_node(const std::string& name, Kind kind, std::uint32_t mode, std::uint64_t rdev) = 0;
    virtual bool make_link(const std::string& name, Dir& to, const std::string& new_name) = 0;

    /// Replaces `to_name` where it exists.
    virtual void rename(const std::string& name, Dir& to, const std::string& to_name) = 0;
    /// false where `to_name` is taken.
    virtual bool rename_new(const std::string& name, Dir& to, const std::string& to_name) = 0;
    /// Exchanges two existing names at once; false where the file system cannot.
    virtual bool exchange(const std::string& name, Dir& to, const std::string& to_name) = 0;
    /// Asks the disk to start reading a file that will soon be read; no promise, and never a failure.
    virtual void start_reading(const std::string& name) = 0;
    /// false where there was no such name.
    virtual bool remove_file(const std::string& name) = 0;
    virtual bool remove_dir(const std::string& name) = 0;

    /// std::nullopt where there is no such name. "." is the directory itself.
    virtual std::optional<Stat> stat(const std::string& name) = 0;
    virtual std::string read_symlink(const std::string& name) = 0;
    /// All names but "." and "..", in no order.
    virtual std::vector<Listed> list() = 0;

    /// Of the object itself, never of what a link points to. "." is the directory itself.
    virtual void set_owner(const std::string& name, std::uint32_t uid, std::uint32_t gid) = 0;
    virtual void set_mode(const std::string& name, std::uint32_t mode) = 0;
    virtual void set_mtime(const std::string& name, Time mtime) = 0;
    virtual std::vector<Xattr> xattrs(const std::string& name) = 0;
    virtual void set_xattr(const std::string& name, const Xattr& xattr) = 0;
    virtual void remove_xattr(const std::string& name, const std::string& xattr) = 0;

    /// The names in this directory are durable when it returns.
    virtual void sync() = 0;
    /// Everything written to this file system before is durable when it returns (syncfs).
    virtual void sync_file_system() = 0;
    /// Bytes free for this user on this file system.
    virtual std::uint64_t free_bytes() = 0;
    /// false for tmpfs and the like, whose files change without their times (mappings) and need no disk.
    virtual bool on_disk() = 0;

    /// For messages.
    [[nodiscard]] virtual std::string path() const = 0;
    /// What a decorator decorates; itself otherwise. For the calls that take two directories.
    [[nodiscard]] virtual Dir& undecorated() { return *this; }
};

/// Whether `name` can name something in a directory: not empty, no '/', no NUL, neither "." nor "..".
[[nodiscard]] bool is_name(std::string_view name);
/// For messages: the path of `name` in the directory `dir`.
[[nodiscard]] std::string join_path(const std::string& dir, const std::string& name);
/// As find_*, with a Failure where the name is missing.
[[nodiscard]] std::unique_ptr<File> open_file(Dir& dir, const std::string& name, Access access = Access::read);
[[nodiscard]] std::unique_ptr<Dir> open_dir(Dir& dir, const std::string& name);
/// find_dir, or a new one (mode 0777 less umask unless given). Its name is durable when it returns, whoever made it: a
/// run that was killed before its sync may have left a name that can be seen and can yet be lost.
[[nodiscard]] std::unique_ptr<Dir> ensure_dir(Dir& dir, const std::string& name, std::uint32_t mode = 0777);
/// Gives `name` this content, by way of a hidden file beside it: after a crash it is as before or as after, and as
/// after once this has returned. A Failure (busy) where another process is doing the same.
void replace_file(Dir& dir, const std::string& name, View content, std::uint32_t mode = 0644);
/// The whole of a file of at most `limit` bytes; a Failure (damage) where it is longer.
[[nodiscard]] Bytes read_whole(File& file, std::uint64_t limit);

}  // namespace ft::io

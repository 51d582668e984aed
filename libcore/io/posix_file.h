// A regular file of the machine's disk, behind one descriptor. Only posix_dir makes them.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "libcore/base/fd.h"
#include "libcore/io/dir.h"

namespace ft::io {

/// How messages call an object. Cheap to make: millions of files are opened, few fail.
struct Origin {
    std::shared_ptr<const std::string>
        dir;  ///< shared by all that was opened in one directory, and may outlive its Dir
    std::string name;
    [[nodiscard]] std::string text() const { return join_path(*dir, name); }
};

class PosixFile final : public File {
public:
    PosixFile(Fd fd, Origin origin) : fd_(std::move(fd)), origin_(std::move(origin)) {}

    std::size_t read_at(std::span<std::byte> into, std::uint64_t at) override;
    std::optional<std::size_t> read_cached(std::span<std::byte> into, std::uint64_t at) override;
    void write_at(View bytes, std::uint64_t at) override;
    void write_durably(std::span<const Piece> pieces) override;
    void set_size(std::uint64_t size) override;
    bool punch_hole(std::uint64_t at, std::uint64_t length) override;
    bool clone_from(File& other) override;
    void sync() override;
    void start_writeback(std::uint64_t at, std::uint64_t length) override;
    void write_back() override;

    Stat stat() override;
    std::optional<Extent> next_data(std::uint64_t from) override;
    void set_owner(std::uint32_t uid, std::uint32_t gid) override;
    void set_mode(std::uint32_t mode) override;
    void set_mtime(Time mtime) override;
    std::vector<Xattr> xattrs() override;
    void set_xattr(const Xattr& xattr) override;
    void remove_xattr(const std::string& name) override;

    bool try_lock(Lock kind) override;
    std::unique_ptr<Mapping> map() override;
    [[nodiscard]] std::string path() const override { return origin_.text(); }

    [[nodiscard]] int fd() const { return fd_.get(); }

private:
    /// Throws what errno says of this file.
    [[noreturn]] void fail(std::string_view what) const;
    void poison_by(int error);
    void write_one_durably(const Piece& piece);
    /// false: errno says why.
    [[nodiscard]] bool write(View bytes, std::uint64_t at);
    void require_sound() const;
    void require(int result, std::string_view what) const {
        if (result != 0) fail(what);
    }

    Fd fd_;
    Origin origin_;
    std::atomic<int> poison_{0};  ///< errno of the sync that failed
};

}  // namespace ft::io

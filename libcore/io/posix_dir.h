// A directory of the machine's disk, behind one descriptor. io/posix.h opens the first one, they open the others.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libcore/base/fd.h"
#include "libcore/io/dir.h"
#include "libcore/io/posix_attr.h"

namespace ft::io {

enum class Follow { no, yes };

/// A descriptor for a directory, close-on-exec; one that can only be passed through (O_PATH) where it may not be read.
///
/// at       a directory's descriptor or AT_FDCWD; path is resolved from it.
/// follow   whether a symbolic link in the last component is followed.
/// returns  an empty Fd with errno set where it failed.
struct OpenedDir {
    Fd fd;
    bool readable = true;
};
[[nodiscard]] OpenedDir open_directory(int at, const char* path, Follow follow);

class PosixDir final : public Dir {
public:
    /// path   for messages; its middle is left out where it is very long.
    PosixDir(OpenedDir opened, std::string path);

    std::unique_ptr<File> find_file(const std::string& name, Access access) override;
    std::unique_ptr<Dir> find_dir(const std::string& name) override;
    void start_reading(const std::string& name) override;
    std::unique_ptr<File> create_file(const std::string& name, std::uint32_t mode) override;
    std::unique_ptr<File> create_unnamed(std::uint32_t mode) override;
    bool publish(File& unnamed, const std::string& name) override;

    bool make_dir(const std::string& name, std::uint32_t mode) override;
    bool make_symlink(const std::string& name, const std::string& target) override;
    bool make_node(const std::string& name, Kind kind, std::uint32_t mode, std::uint64_t rdev) override;
    bool make_link(const std::string& name, Dir& to, const std::string& new_name) override;

    void rename(const std::string& name, Dir& to, const std::string& to_name) override;
    bool rename_new(const std::string& name, Dir& to, const std::string& to_name) override;
    bool exchange(const std::string& name, Dir& to, const std::string& to_name) override;
    bool remove_file(const std::string& name) override;
    bool remove_dir(const std::string& name) override;

    std::optional<Stat> stat(const std::string& name) override;
    std::string read_symlink(const std::string& name) override;
    std::vector<Listed> list() override;

    void set_owner(const std::string& name, std::uint32_t uid, std::uint32_t gid) override;
    void set_mode(const std::string& name, std::uint32_t mode) override;
    void set_mtime(const std::string& name, Time mtime) override;
    std::vector<Xattr> xattrs(const std::string& name) override;
    void set_xattr(const std::string& name, const Xattr& xattr) override;
    void remove_xattr(const std::string& name, const std::string& xattr) override;

    void sync() override;
    void sync_file_system() override;
    std::uint64_t free_bytes() override;
    bool on_disk() override;
    [[nodiscard]] std::string path() const override { return *path_; }

    [[nodiscard]] int fd() const { return fd_.get(); }

private:
    /// The name for a system call, once it is known to be a single component.
    [[nodiscard]] const char* single(const std::string& name) const;
    /// The same; "" (which AT_EMPTY_PATH takes for the directory itself) for ".".
    [[nodiscard]] const char* single_or_self(const std::string& name) const;
    [[nodiscard]] XattrTarget attributes_of(const std::string& name) const;
    [[nodiscard]] std::string place(const std::string& name) const;

    /// Throw what errno, or `error`, says of a name in this directory.
    [[noreturn]] void fail(std::string_view what, const std::string& name) const;
    template <class Call>
    void require(Call call, std::string_view what, const std::string& name) const {
        if (again(call) != 0) fail(what, name);
    }
    /// false where the call fails with `tolerated`; throws where it fails otherwise.
    template <class Call>
    [[nodiscard]] bool unless(int tolerated, Call call, std::string_view what, const std::string& name) const {
        if (again(call) == 0) return true;
        if (errno != tolerated) fail(what, name);
        return false;
    }

    [[nodiscard]] std::unique_ptr<File> file_of(Fd fd, const std::string& name) const;
    [[nodiscard]] Fd open_existing(const std::string& name, int flags);
    void require_regular(const Fd& fd, const std::string& name) const;
    void sync_by(int (*call)(int));

    Fd fd_;
    std::shared_ptr<const std::string> path_;  // shared with the files opened here: their messages outlive this handle
    bool readable_;
    std::atomic<bool> keep_atime_{
        true};                    ///< until the kernel refuses: then one failed call per directory, not per file
    std::atomic<int> poison_{0};  ///< errno of the sync that failed
    std::mutex list_mutex_;       ///< the descriptor's offset, which list() moves
    bool listed_ = false;
};

}  // namespace ft::io

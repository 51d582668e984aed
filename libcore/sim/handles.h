// The handles that SimDisk gives out: io::Dir and io::File of one simulated process. Private to sim.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/sim/disk.h"

namespace ft::sim {

template <class Do>
auto SimDisk::act(const Caller& caller, Call call, Object object, Do&& change) -> decltype(change()) {
    using Result = decltype(change());
    if (is_ghost(caller)) return Result();
    if (scheduler_ != nullptr) {
        throw_if_gone(caller);
        scheduler_->turn(caller.process);
    }
    std::unique_lock lock(mutex_);
    begin(caller, call, object);
    if constexpr (std::is_void_v<Result>) {
        change();
        end(lock);
    } else {
        Result result = change();
        end(lock);
        return result;
    }
}

class SimFile final : public io::File {
public:
    SimFile(SimDisk& disk, SimDisk::Caller caller, Ino ino, std::string path, io::Access access);
    ~SimFile() override;
    SimFile(const SimFile&) = delete;
    SimFile& operator=(const SimFile&) = delete;

    std::size_t read_at(std::span<std::byte> into, std::uint64_t at) override;
    std::optional<std::size_t> read_cached(std::span<std::byte> into, std::uint64_t at) override;
    void write_at(View bytes, std::uint64_t at) override;
    void write_durably(std::span<const io::Piece> pieces) override;
    void set_size(std::uint64_t size) override;
    bool punch_hole(std::uint64_t at, std::uint64_t length) override;
    bool clone_from(io::File& other) override;
    void sync() override;
    void start_writeback(std::uint64_t at, std::uint64_t length) override;
    void write_back() override;
    io::Stat stat() override;
    std::optional<io::Extent> next_data(std::uint64_t from) override;
    void set_owner(std::uint32_t uid, std::uint32_t gid) override;
    void set_mode(std::uint32_t mode) override;
    void set_mtime(Time mtime) override;
    std::vector<io::Xattr> xattrs() override;
    void set_xattr(const io::Xattr& xattr) override;
    void remove_xattr(const std::string& name) override;
    bool try_lock(io::Lock kind) override;
    std::unique_ptr<io::Mapping> map() override;
    [[nodiscard]] std::string path() const override { return path_; }
    [[nodiscard]] Ino ino() const { return ino_; }

private:
    void need_writable(const char* what, int error) const;
    /// EINVAL for what no real disk takes past the caches.
    void need_unit(const char* what, View memory, std::uint64_t at) const;

    SimDisk& disk_;
    SimDisk::Caller caller_;
    Ino ino_;
    std::string path_;
    io::Access access_;
    int poison_ = 0;  ///< errno of the sync that failed
};

class SimDir final : public io::Dir {
public:
    SimDir(SimDisk& disk, SimDisk::Caller caller, Ino ino, std::string path);
    ~SimDir() override;
    SimDir(const SimDir&) = delete;
    SimDir& operator=(const SimDir&) = delete;

    std::unique_ptr<io::File> find_file(const std::string& name, io::Access access) override;
    std::unique_ptr<io::Dir> find_dir(const std::string& name) override;
    std::unique_ptr<io::File> create_file(const std::string& name, std::uint32_t mode) override;
    std::unique_ptr<io::File> create_unnamed(std::uint32_t mode) override;
    bool publish(io::File& unnamed, const std::string& name) override;
    bool make_dir(const std::string& name, std::uint32_t mode) override;
    bool make_symlink(const std::string& name, const std::string& target) override;
    bool make_node(const std::string& name, io::Kind kind, std::uint32_t mode, std::uint64_t rdev) override;
    bool make_link(const std::string& name, io::Dir& to, const std::string& new_name) override;
    void rename(const std::string& name, io::Dir& to, const std::string& to_name) override;
    bool rename_new(const std::string& name, io::Dir& to, const std::string& to_name) override;
    bool exchange(const std::string& name, io::Dir& to, const std::string& to_name) override;
    bool remove_file(const std::string& name) override;
    bool remove_dir(const std::string& name) override;
    std::optional<io::Stat> stat(const std::string& name) override;
    std::string read_symlink(const std::string& name) override;
    void start_reading(const std::string&) override {}  // changes nothing that a program could see
    std::vector<io::Listed> list() override;
    void set_owner(const std::string& name, std::uint32_t uid, std::uint32_t gid) override;
    void set_mode(const std::string& name, std::uint32_t mode) override;
    void set_mtime(const std::string& name, Time mtime) override;
    std::vector<io::Xattr> xattrs(const std::string& name) override;
    void set_xattr(const std::string& name, const io::Xattr& xattr) override;
    void remove_xattr(const std::string& name, const std::string& xattr) override;
    void sync() override;
    void sync_file_system() override;
    std::uint64_t free_bytes() override;
    bool on_disk() override { return disk_.abilities.on_disk; }
    [[nodiscard]] std::string path() const override { return path_.empty() ? "/" : path_; }

private:
    [[nodiscard]] SimDisk::Object object(std::string_view name = {}) const { return {path_, name}; }
    [[nodiscard]] std::string path_of(const std::string& name) const;
    [[nodiscard]] Failure failure(const char* what, const std::string& name, int error) const;
    /// The object of a name; no_ino. A Failure for what cannot be a name.
    [[nodiscard]] Ino find(const char* what, const std::string& name) const;
    [[nodiscard]] Ino need(const char* what, const std::string& name) const;
    /// As need; "." is the directory itself.
    [[nodiscard]] Ino need_or_self(const char* what, const std::string& name) const;
    /// A place for a new name; false where it is taken.
    [[nodiscard]] bool is_free(const char* what, const std::string& name) const;
    [[nodiscard]] static SimDir& same_disk(io::Dir& to);
    [[nodiscard]] Time now() const { return disk_.clock_.file_clock(); }
    [[nodiscard]] Ino add(Node node) const;
    bool make(const std::string& name, Node node);
    void check_replaceable(Ino moved, Ino replaced, const std::string& to_name) const;
    void check_not_inside(Ino moved, Ino target_dir, const std::string& to_name) const;
    void sync_or_fail(Ino ino, Call call);
    void move(const std::string& name, SimDir& to, const std::string& to_name);

    SimDisk& disk_;
    SimDisk::Caller caller_;
    Ino ino_;
    std::string path_;  ///< "" for the root
    int poison_ = 0;    ///< errno of the sync that failed
};

/// What stat(2) says of a node.
[[nodiscard]] io::Stat stat_of(const DiskState& state, Ino ino);
/// Attribute changes of both handles, with the rules that Linux has for them.
void change_owner(DiskState& state, Ino ino, std::uint32_t uid, std::uint32_t gid, Time now);
void change_mode(DiskState& state, Ino ino, std::uint32_t mode, Time now);
void change_mtime(DiskState& state, Ino ino, Time mtime, Time now);
/// absent value: removes it. The errno, 0 where it is done.
[[nodiscard]] int change_xattr(DiskState& state, Ino ino, const std::string& name, const std::string* value, Time now);

}  // namespace ft::sim

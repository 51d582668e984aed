#include "libcore/io/faulty.h"

#include <atomic>
#include <csignal>
#include <type_traits>
#include <utility>

#include "libcore/base/failure.h"

namespace ft::io {

namespace {

/// The paths a call concerns: a handle's own, a name's in a directory, or two of them.
using Paths = std::vector<std::string>;

/// Ends the process when the call that it guards has returned.
class KillAfter {
public:
    explicit KillAfter(bool armed) : armed_(armed) {}
    KillAfter(const KillAfter&) = delete;
    KillAfter& operator=(const KillAfter&) = delete;
    ~KillAfter() {
        if (armed_) std::raise(SIGKILL);
    }

private:
    bool armed_;
};

/// Carries out what the script says about one call, around the call.
template <class Call>
std::invoke_result_t<Call> suffer(const Fault& fault, Operation operation, const Paths& paths, Call call) {
    if (fault.action == Fault::Action::kill) std::raise(SIGKILL);
    if (fault.action == Fault::Action::error) throw system_failure(failing(operation), paths.front(), fault.error);
    const KillAfter guard(fault.action == Fault::Action::kill_after);
    return call();
}

/// A sync or durable write that the script lets fail leaves the handle as a real one does: none succeeds later.
class Poison {
public:
    template <class Call>
    void sync(FaultScript& script, Operation operation, const Paths& paths, Call call) {
        Fault fault = script.meet(operation, paths);
        if (int error = error_; error != 0) throw system_failure(failing(operation), paths.front(), error);
        if (fault.action == Fault::Action::error) error_ = fault.error;
        suffer(fault, operation, paths, call);
    }

    /// A write and then a sync, for the script.
    template <class Write>
    void write_durably(FaultScript& script, const Paths& paths, Write write) {
        sync(script, Operation::sync, paths, [&] {
            error_ = EIO;  // unless all goes well
            write();
            error_ = 0;
        });
    }

private:
    std::atomic<int> error_{0};
};

class FaultyFile final : public File {
public:
    FaultyFile(std::unique_ptr<File> inner, FaultScript& script) : inner_(std::move(inner)), script_(script) {}

    std::size_t read_at(std::span<std::byte> into, std::uint64_t at) override {
        return around(Operation::read, [&] { return inner_->read_at(into, at); });
    }
    std::optional<std::size_t> read_cached(std::span<std::byte> into, std::uint64_t at) override {
        return around(Operation::read, [&] { return inner_->read_cached(into, at); });
    }
    void write_at(View bytes, std::uint64_t at) override {
        write(bytes, [&](View part) { inner_->write_at(part, at); });
    }
    /// One after the other: the script tells them apart.
    void write_durably(std::span<const Piece> pieces) override {
        poison_.write_durably(script_, {inner_->path()}, [&] {
            for (const Piece& piece : pieces)
                write(piece.bytes, [&](View part) { inner_->write_durably(part, piece.at); });
        });
    }
    void set_size(std::uint64_t size) override {
        around(Operation::set_size, [&] { inner_->set_size(size); });
    }
    bool punch_hole(std::uint64_t at, std::uint64_t length) override {
        return around(Operation::punch_hole, [&] { return inner_->punch_hole(at, length); });
    }
    bool clone_from(File& other) override {
        return around(Operation::clone_from, [&] { return inner_->clone_from(other.undecorated()); });
    }
    void sync() override {
        poison_.sync(script_, Operation::sync, {inner_->path()}, [&] { inner_->sync(); });
    }
    void start_writeback(std::uint64_t at, std::uint64_t length) override {
        around(Operation::start_writeback, [&] { inner_->start_writeback(at, length); });
    }
    void write_back() override {
        around(Operation::start_writeback, [&] { inner_->write_back(); });
    }

    Stat stat() override {
        return around(Operation::stat, [&] { return inner_->stat(); });
    }
    std::optional<Extent> next_data(std::uint64_t from) override {
        return around(Operation::next_data, [&] { return inner_->next_data(from); });
    }
    void set_owner(std::uint32_t uid, std::uint32_t gid) override {
        around(Operation::set_owner, [&] { inner_->set_owner(uid, gid); });
    }
    void set_mode(std::uint32_t mode) override {
        around(Operation::set_mode, [&] { inner_->set_mode(mode); });
    }
    void set_mtime(Time mtime) override {
        around(Operation::set_mtime, [&] { inner_->set_mtime(mtime); });
    }
    std::vector<Xattr> xattrs() override {
        return around(Operation::xattrs, [&] { return inner_->xattrs(); });
    }
    void set_xattr(const Xattr& xattr) override {
        around(Operation::set_xattr, [&] { inner_->set_xattr(xattr); });
    }
    void remove_xattr(const std::string& name) override {
        around(Operation::remove_xattr, [&] { inner_->remove_xattr(name); });
    }

    bool try_lock(Lock kind) override {
        return around(Operation::try_lock, [&] { return inner_->try_lock(kind); });
    }
    std::unique_ptr<Mapping> map() override {
        return around(Operation::map, [&] { return inner_->map(); });
    }
    [[nodiscard]] std::string path() const override { return inner_->path(); }
    [[nodiscard]] File& undecorated() override { return inner_->undecorated(); }

private:
    template <class Write>
    void write(View bytes, Write inner_write) {
        const Paths paths{inner_->path()};
        const Fault fault = script_.meet(Operation::write, paths);
        const bool is_short = fault.action == Fault::Action::short_write;
        if (!is_short && fault.action != Fault::Action::half_write)
            return suffer(fault, Operation::write, paths, [&] { inner_write(bytes); });
        inner_write(bytes.first(bytes.size() / 2));
        if (!is_short) std::raise(SIGKILL);
        throw system_failure(failing(Operation::write), paths.front(), fault.error);
    }

    template <class Call>
    std::invoke_result_t<Call> around(Operation operation, Call call) {
        const Paths paths{inner_->path()};
        return suffer(script_.meet(operation, paths), operation, paths, call);
    }

    std::unique_ptr<File> inner_;
    FaultScript& script_;
    Poison poison_;
};

class FaultyDir final : public Dir {
public:
    FaultyDir(std::unique_ptr<Dir> inner, FaultScript& script) : inner_(std::move(inner)), script_(script) {}

    std::unique_ptr<File> find_file(const std::string& name, Access access) override {
        return around(Operation::find_file, name, [&] { return decorated(inner_->find_file(name, access)); });
    }
    std::unique_ptr<Dir> find_dir(const std::string& name) override {
        return around(Operation::find_dir, name, [&]() -> std::unique_ptr<Dir> {
            std::unique_ptr<Dir> found = inner_->find_dir(name);
            return found ? with_faults(std::move(found), script_) : nullptr;
        });
    }
    std::unique_ptr<File> create_file(const std::string& name, std::uint32_t mode) override {
        return around(Operation::create_file, name, [&] { return decorated(inner_->create_file(name, mode)); });
    }
    std::unique_ptr<File> create_unnamed(std::uint32_t mode) override {
        return around(Operation::create_unnamed, ".", [&] { return decorated(inner_->create_unnamed(mode)); });
    }
    bool publish(File& unnamed, const std::string& name) override {
        return around(Operation::publish, name, [&] { return inner_->publish(unnamed.undecorated(), name); });
    }

    bool make_dir(const std::string& name, std::uint32_t mode) override {
        return around(Operation::make_dir, name, [&] { return inner_->make_dir(name, mode); });
    }
    bool make_symlink(const std::string& name, const std::string& target) override {
        return around(Operation::make_symlink, name, [&] { return inner_->make_symlink(name, target); });
    }
    bool make_node(const std::string& name, Kind kind, std::uint32_t mode, std::uint64_t rdev) override {
        return around(Operation::make_node, name, [&] { return inner_->make_node(name, kind, mode, rdev); });
    }
    bool make_link(const std::string& name, Dir& to, const std::string& new_name) override {
        return around(Operation::make_link, name, to, new_name,
                      [&] { return inner_->make_link(name, to.undecorated(), new_name); });
    }

    void rename(const std::string& name, Dir& to, const std::string& to_name) override {
        around(Operation::rename, name, to, to_name, [&] { inner_->rename(name, to.undecorated(), to_name); });
    }
    bool rename_new(const std::string& name, Dir& to, const std::string& to_name) override {
        return around(Operation::rename, name, to, to_name,
                      [&] { return inner_->rename_new(name, to.undecorated(), to_name); });
    }
    bool exchange(const std::string& name, Dir& to, const std::string& to_name) override {
        return around(Operation::exchange, name, to, to_name,
                      [&] { return inner_->exchange(name, to.undecorated(), to_name); });
    }
    bool remove_file(const std::string& name) override {
        return around(Operation::remove_file, name, [&] { return inner_->remove_file(name); });
    }
    bool remove_dir(const std::string& name) override {
        return around(Operation::remove_dir, name, [&] { return inner_->remove_dir(name); });
    }

    std::optional<Stat> stat(const std::string& name) override {
        return around(Operation::stat, name, [&] { return inner_->stat(name); });
    }
    std::string read_symlink(const std::string& name) override {
        return around(Operation::read_symlink, name, [&] { return inner_->read_symlink(name); });
    }
    void start_reading(const std::string& name) override { inner_->start_reading(name); }
    std::vector<Listed> list() override {
        return around(Operation::list, ".", [&] { return inner_->list(); });
    }

    void set_owner(const std::string& name, std::uint32_t uid, std::uint32_t gid) override {
        around(Operation::set_owner, name, [&] { inner_->set_owner(name, uid, gid); });
    }
    void set_mode(const std::string& name, std::uint32_t mode) override {
        around(Operation::set_mode, name, [&] { inner_->set_mode(name, mode); });
    }
    void set_mtime(const std::string& name, Time mtime) override {
        around(Operation::set_mtime, name, [&] { inner_->set_mtime(name, mtime); });
    }
    std::vector<Xattr> xattrs(const std::string& name) override {
        return around(Operation::xattrs, name, [&] { return inner_->xattrs(name); });
    }
    void set_xattr(const std::string& name, const Xattr& xattr) override {
        around(Operation::set_xattr, name, [&] { inner_->set_xattr(name, xattr); });
    }
    void remove_xattr(const std::string& name, const std::string& xattr) override {
        around(Operation::remove_xattr, name, [&] { inner_->remove_xattr(name, xattr); });
    }

    void sync() override {
        poison_.sync(script_, Operation::sync, {inner_->path()}, [&] { inner_->sync(); });
    }
    void sync_file_system() override {
        poison_.sync(script_, Operation::sync_file_system, {inner_->path()}, [&] { inner_->sync_file_system(); });
    }
    std::uint64_t free_bytes() override { return inner_->free_bytes(); }
    bool on_disk() override { return inner_->on_disk(); }
    [[nodiscard]] std::string path() const override { return inner_->path(); }
    [[nodiscard]] Dir& undecorated() override { return inner_->undecorated(); }

private:
    std::unique_ptr<File> decorated(std::unique_ptr<File> file) {
        return file ? std::make_unique<FaultyFile>(std::move(file), script_) : nullptr;
    }
    template <class Call>
    std::invoke_result_t<Call> around(Operation operation, const std::string& name, Call call) {
        const Paths paths{join_path(inner_->path(), name)};
        return suffer(script_.meet(operation, paths), operation, paths, call);
    }
    template <class Call>
    std::invoke_result_t<Call> around(Operation operation, const std::string& name, const Dir& to,
                                      const std::string& to_name, Call call) {
        const Paths paths{join_path(inner_->path(), name), join_path(to.path(), to_name)};
        return suffer(script_.meet(operation, paths), operation, paths, call);
    }

    std::unique_ptr<Dir> inner_;
    FaultScript& script_;
    Poison poison_;
};

}  // namespace

std::unique_ptr<Dir> with_faults(std::unique_ptr<Dir> dir, FaultScript& script) {
    return std::make_unique<FaultyDir>(std::move(dir), script);
}

}  // namespace ft::io

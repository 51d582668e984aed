// Files and directories that do everything as those below them: to plant a mistake between a program and its disk, a
// test overrides what the mistake is about.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libcore/io/dir.h"

namespace ft::sim {

/// Interface  io::File, or one that adds to it.
template <class Interface>
class Forwarding : public Interface {
public:
    explicit Forwarding(std::unique_ptr<io::File> inner) : inner_(std::move(inner)) {}
    std::size_t read_at(std::span<std::byte> into, std::uint64_t at) override { return inner_->read_at(into, at); }
    std::optional<std::size_t> read_cached(std::span<std::byte> into, std::uint64_t at) override {
        return inner_->read_cached(into, at);
    }
    void write_at(View bytes, std::uint64_t at) override { inner_->write_at(bytes, at); }
    void write_durably(std::span<const io::Piece> pieces) override { inner_->write_durably(pieces); }
    void set_size(std::uint64_t size) override { inner_->set_size(size); }
    bool punch_hole(std::uint64_t at, std::uint64_t length) override { return inner_->punch_hole(at, length); }
    bool clone_from(io::File& other) override { return inner_->clone_from(other); }
    void sync() override { inner_->sync(); }
    void start_writeback(std::uint64_t at, std::uint64_t length) override { inner_->start_writeback(at, length); }
    void write_back() override { inner_->write_back(); }
    io::Stat stat() override { return inner_->stat(); }
    std::optional<io::Extent> next_data(std::uint64_t from) override { return inner_->next_data(from); }
    void set_owner(std::uint32_t uid, std::uint32_t gid) override { inner_->set_owner(uid, gid); }
    void set_mode(std::uint32_t mode) override { inner_->set_mode(mode); }
    void set_mtime(Time mtime) override { inner_->set_mtime(mtime); }
    std::vector<io::Xattr> xattrs() override { return inner_->xattrs(); }
    void set_xattr(const io::Xattr& xattr) override { inner_->set_xattr(xattr); }
    void remove_xattr(const std::string& name) override { inner_->remove_xattr(name); }
    bool try_lock(io::Lock kind) override { return inner_->try_lock(kind); }
    std::unique_ptr<io::Mapping> map() override { return inner_->map(); }
    [[nodiscard]] std::string path() const override { return inner_->path(); }
    [[nodiscard]] io::File& undecorated() override { return inner_->undecorated(); }

protected:
    std::unique_ptr<io::File> inner_;
};

class ForwardingDir : public io::Dir {
public:
    explicit ForwardingDir(std::unique_ptr<io::Dir> inner) : inner_(std::move(inner)) {}
    std::unique_ptr<io::File> find_file(const std::string& name, io::Access access) override {
        return inner_->find_file(name, access);
    }
    std::unique_ptr<io::Dir> find_dir(const std::string& name) override { return inner_->find_dir(name); }
    std::unique_ptr<io::File> create_file(const std::string& name, std::uint32_t mode) override {
        return inner_->create_file(name, mode);
    }
    std::unique_ptr<io::File> create_unnamed(std::uint32_t mode) override { return inner_->create_unnamed(mode); }
    bool publish(io::File& unnamed, const std::string& name) override {
        return inner_->publish(unnamed.undecorated(), name);
    }
    bool make_dir(const std::string& name, std::uint32_t mode) override { return inner_->make_dir(name, mode); }
    bool make_symlink(const std::string& name, const std::string& target) override {
        return inner_->make_symlink(name, target);
    }
    bool make_node(const std::string& name, io::Kind kind, std::uint32_t mode, std::uint64_t rdev) override {
        return inner_->make_node(name, kind, mode, rdev);
    }
    bool make_link(const std::string& name, io::Dir& to, const std::string& new_name) override {
        return inner_->make_link(name, to.undecorated(), new_name);
    }
    void rename(const std::string& name, io::Dir& to, const std::string& to_name) override {
        inner_->rename(name, to.undecorated(), to_name);
    }
    bool rename_new(const std::string& name, io::Dir& to, const std::string& to_name) override {
        return inner_->rename_new(name, to.undecorated(), to_name);
    }
    bool exchange(const std::string& name, io::Dir& to, const std::string& to_name) override {
        return inner_->exchange(name, to.undecorated(), to_name);
    }
    void start_reading(const std::string& name) override { inner_->start_reading(name); }
    bool remove_file(const std::string& name) override { return inner_->remove_file(name); }
    bool remove_dir(const std::string& name) override { return inner_->remove_dir(name); }
    std::optional<io::Stat> stat(const std::string& name) override { return inner_->stat(name); }
    std::string read_symlink(const std::string& name) override { return inner_->read_symlink(name); }
    std::vector<io::Listed> list() override { return inner_->list(); }
    void set_owner(const std::string& name, std::uint32_t uid, std::uint32_t gid) override {
        inner_->set_owner(name, uid, gid);
    }
    void set_mode(const std::string& name, std::uint32_t mode) override { inner_->set_mode(name, mode); }
    void set_mtime(const std::string& name, Time mtime) override { inner_->set_mtime(name, mtime); }
    std::vector<io::Xattr> xattrs(const std::string& name) override { return inner_->xattrs(name); }
    void set_xattr(const std::string& name, const io::Xattr& xattr) override { inner_->set_xattr(name, xattr); }
    void remove_xattr(const std::string& name, const std::string& xattr) override { inner_->remove_xattr(name, xattr); }
    void sync() override { inner_->sync(); }
    void sync_file_system() override { inner_->sync_file_system(); }
    std::uint64_t free_bytes() override { return inner_->free_bytes(); }
    bool on_disk() override { return inner_->on_disk(); }
    [[nodiscard]] std::string path() const override { return inner_->path(); }
    [[nodiscard]] io::Dir& undecorated() override { return inner_->undecorated(); }

protected:
    std::unique_ptr<io::Dir> inner_;
};

}  // namespace ft::sim

#include "tests/sim/mistaken_dir.h"

#include "libcore/base/failure.h"

namespace ft::sim {

namespace {

class MistakenDir final : public io::Dir {
public:
    MistakenDir(DirMistake mistake, std::unique_ptr<io::Dir> dir) : mistake_(mistake), dir_(std::move(dir)) {}

    std::unique_ptr<io::File> create_unnamed(std::uint32_t mode) override {
        if (mistake_ != DirMistake::claim_in_place) return dir_->create_unnamed(mode);
        return dir_->create_file(".app.conf.ft2pc", mode);
    }
    bool publish(io::File& unnamed, const std::string& name) override {
        return mistake_ == DirMistake::claim_in_place || dir_->publish(unnamed, name);
    }
    void rename(const std::string& name, io::Dir& to, const std::string& to_name) override {
        if (mistake_ == DirMistake::claim_goes_first) dir_->remove_file("." + to_name + ".ft2pc");
        if (mistake_ == DirMistake::old_goes_first) dir_->remove_file(to_name);
        dir_->rename(name, to, to_name);
    }
    bool remove_file(const std::string& name) override {
        if (mistake_ == DirMistake::staged_stays && name.starts_with(".ft2pc-")) return true;
        return dir_->remove_file(name);
    }
    std::unique_ptr<io::Dir> find_dir(const std::string& name) override {
        std::unique_ptr<io::Dir> found = dir_->find_dir(name);
        return found ? mistaken_dir(mistake_, std::move(found)) : nullptr;
    }

    std::unique_ptr<io::File> find_file(const std::string& name, io::Access access) override {
        return dir_->find_file(name, access);
    }
    std::unique_ptr<io::File> create_file(const std::string& name, std::uint32_t mode) override {
        return dir_->create_file(name, mode);
    }
    bool make_dir(const std::string& name, std::uint32_t mode) override { return dir_->make_dir(name, mode); }
    bool make_symlink(const std::string& name, const std::string& target) override {
        return dir_->make_symlink(name, target);
    }
    bool make_node(const std::string& name, io::Kind kind, std::uint32_t mode, std::uint64_t rdev) override {
        return dir_->make_node(name, kind, mode, rdev);
    }
    bool make_link(const std::string& name, io::Dir& to, const std::string& new_name) override {
        return dir_->make_link(name, to, new_name);
    }
    bool rename_new(const std::string& name, io::Dir& to, const std::string& to_name) override {
        return dir_->rename_new(name, to, to_name);
    }
    bool exchange(const std::string& name, io::Dir& to, const std::string& to_name) override {
        return dir_->exchange(name, to, to_name);
    }
    void start_reading(const std::string& name) override { dir_->start_reading(name); }
    bool remove_dir(const std::string& name) override { return dir_->remove_dir(name); }
    std::optional<io::Stat> stat(const std::string& name) override { return dir_->stat(name); }
    std::string read_symlink(const std::string& name) override { return dir_->read_symlink(name); }
    std::vector<io::Listed> list() override { return dir_->list(); }
    void set_owner(const std::string& name, std::uint32_t uid, std::uint32_t gid) override {
        dir_->set_owner(name, uid, gid);
    }
    void set_mode(const std::string& name, std::uint32_t mode) override { dir_->set_mode(name, mode); }
    void set_mtime(const std::string& name, Time mtime) override { dir_->set_mtime(name, mtime); }
    std::vector<io::Xattr> xattrs(const std::string& name) override { return dir_->xattrs(name); }
    void set_xattr(const std::string& name, const io::Xattr& xattr) override { dir_->set_xattr(name, xattr); }
    void remove_xattr(const std::string& name, const std::string& xattr) override { dir_->remove_xattr(name, xattr); }
    void sync() override { dir_->sync(); }
    void sync_file_system() override { dir_->sync_file_system(); }
    std::uint64_t free_bytes() override { return dir_->free_bytes(); }
    bool on_disk() override { return dir_->on_disk(); }
    std::string path() const override { return dir_->path(); }
    io::Dir& undecorated() override { return dir_->undecorated(); }

private:
    DirMistake mistake_;
    std::unique_ptr<io::Dir> dir_;
};

}  // namespace

std::unique_ptr<io::Dir> mistaken_dir(DirMistake mistake, std::unique_ptr<io::Dir> dir) {
    return std::make_unique<MistakenDir>(mistake, std::move(dir));
}

}  // namespace ft::sim

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/sim/handles.h"

namespace ft::sim {

SimDir::SimDir(SimDisk& disk, SimDisk::Caller caller, Ino ino, std::string path)
    : disk_(disk), caller_(caller), ino_(ino), path_(std::move(path)) {
    disk_.hold(ino_);
}

SimDir::~SimDir() { disk_.let_go(caller_, ino_, this); }

std::string SimDir::path_of(const std::string& name) const { return name == "." ? path() : path_ + "/" + name; }

Failure SimDir::failure(const char* what, const std::string& name, int error) const {
    return system_failure(what, path_of(name), error);
}

Ino SimDir::find(const char* what, const std::string& name) const {
    if (!io::is_name(name)) throw failure(what, name, EINVAL);
    return disk_.state_.find(ino_, name);
}

Ino SimDir::need(const char* what, const std::string& name) const {
    const Ino ino = find(what, name);
    if (ino == no_ino) throw failure(what, name, ENOENT);
    return ino;
}

Ino SimDir::need_or_self(const char* what, const std::string& name) const {
    return name == "." ? ino_ : need(what, name);
}

bool SimDir::is_free(const char* what, const std::string& name) const {
    const Ino taken = find(what, name);
    if (name.size() > 255) throw failure(what, name, ENAMETOOLONG);
    if (disk_.state_.node(ino_).links == 0) throw failure(what, name, ENOENT);
    return taken == no_ino;
}

SimDir& SimDir::same_disk(io::Dir& to) {
    SimDir* dir = dynamic_cast<SimDir*>(&to.undecorated());
    if (dir == nullptr) throw system_failure("cannot reach", to.path(), EXDEV);
    return *dir;
}

Ino SimDir::add(Node node) const {
    node.attributes.mode &= 07777;
    node.attributes.mtime = node.attributes.ctime = now();
    return disk_.state_.add(std::move(node));
}

std::unique_ptr<io::File> SimDir::find_file(const std::string& name, io::Access access) {
    return disk_.act(caller_, Call::open, object(name), [&]() -> std::unique_ptr<io::File> {
        const Ino ino = find("cannot open", name);
        if (ino == no_ino) return nullptr;
        const io::Kind kind = disk_.state_.node(ino).kind;
        if (kind == io::Kind::symlink) throw failure("cannot open", name, ELOOP);
        if (kind == io::Kind::dir) throw failure("cannot open", name, EISDIR);
        if (kind != io::Kind::file) throw failure("cannot open", name, EINVAL);
        return std::make_unique<SimFile>(disk_, caller_, ino, path_of(name), access);
    });
}

std::unique_ptr<io::Dir> SimDir::find_dir(const std::string& name) {
    return disk_.act(caller_, Call::open, object(name), [&]() -> std::unique_ptr<io::Dir> {
        const Ino ino = name == "." ? ino_ : find("cannot open", name);
        if (ino == no_ino) return nullptr;
        if (disk_.state_.node(ino).kind != io::Kind::dir) throw failure("cannot open", name, ENOTDIR);
        return std::make_unique<SimDir>(disk_, caller_, ino, name == "." ? path_ : path_of(name));
    });
}

std::unique_ptr<io::File> SimDir::create_file(const std::string& name, std::uint32_t mode) {
    return disk_.act(caller_, Call::create, object(name), [&]() -> std::unique_ptr<io::File> {
        if (!is_free("cannot create", name)) return nullptr;
        const Ino ino = add({.attributes = {.mode = mode}});
        disk_.state_.assign({{ino_, name, ino}}, now());
        return std::make_unique<SimFile>(disk_, caller_, ino, path_of(name), io::Access::read_write);
    });
}

std::unique_ptr<io::File> SimDir::create_unnamed(std::uint32_t mode) {
    if (!disk_.abilities.unnamed) return nullptr;
    return disk_.act(caller_, Call::create, object(), [&]() -> std::unique_ptr<io::File> {
        const Ino ino = add({.attributes = {.mode = mode}});
        return std::make_unique<SimFile>(disk_, caller_, ino, path_of("(unnamed)"), io::Access::read_write);
    });
}

bool SimDir::publish(io::File& unnamed, const std::string& name) {
    SimFile* file = dynamic_cast<SimFile*>(&unnamed.undecorated());
    if (file == nullptr) throw failure("cannot name", name, EXDEV);
    return disk_.act(caller_, Call::publish, object(name), [&] {
        const bool free = is_free("cannot name", name);
        if (free) disk_.state_.assign({{ino_, name, file->ino()}}, now());
        return free;
    });
}

bool SimDir::make(const std::string& name, Node node) {
    return disk_.act(caller_, Call::make, object(name), [&] {
        if (!is_free("cannot make", name)) return false;
        if (node.kind == io::Kind::dir) disk_.need_space(page_size, object(name));
        const Ino ino = add(std::move(node));
        disk_.state_.assign({{ino_, name, ino}}, now());
        return true;
    });
}

bool SimDir::make_dir(const std::string& name, std::uint32_t mode) {
    return make(name, {.kind = io::Kind::dir, .attributes = {.mode = mode}});
}

bool SimDir::make_symlink(const std::string& name, const std::string& target) {
    return make(name, {.kind = io::Kind::symlink, .attributes = {.mode = 0777}, .target = target});
}

bool SimDir::make_node(const std::string& name, io::Kind kind, std::uint32_t mode, std::uint64_t rdev) {
    return make(name, {.kind = kind, .attributes = {.mode = mode}, .rdev = rdev});
}

bool SimDir::make_link(const std::string& name, io::Dir& to, const std::string& new_name) {
    SimDir& target = same_disk(to);
    return disk_.act(caller_, Call::link, object(name), [&] {
        const Ino ino = need("cannot link", name);
        if (!target.is_free("cannot link", new_name)) return false;
        if (disk_.state_.node(ino).kind == io::Kind::dir) throw failure("cannot link", name, EPERM);
        disk_.state_.assign({{target.ino_, new_name, ino}}, now());
        return true;
    });
}

void SimDir::check_replaceable(Ino moved, Ino replaced, const std::string& to_name) const {
    const bool moves_dir = disk_.state_.node(moved).kind == io::Kind::dir;
    const Node& old = disk_.state_.node(replaced);
    if (moves_dir && old.kind != io::Kind::dir) throw failure("cannot rename to", to_name, ENOTDIR);
    if (!moves_dir && old.kind == io::Kind::dir) throw failure("cannot rename to", to_name, EISDIR);
    if (!old.names.all().empty()) throw failure("cannot rename to", to_name, ENOTEMPTY);
}

void SimDir::check_not_inside(Ino moved, Ino target_dir, const std::string& to_name) const {
    if (moved == target_dir) throw failure("cannot rename to", to_name, EINVAL);
    for (const auto& [name, child] : disk_.state_.node(moved).names.all())
        if (disk_.state_.node(child).kind == io::Kind::dir) check_not_inside(child, target_dir, to_name);
}

void SimDir::move(const std::string& name, SimDir& to, const std::string& to_name) {
    const Ino moved = need("cannot rename", name);
    const bool free = to.is_free("cannot rename to", to_name);
    const Ino replaced = free ? no_ino : to.find("cannot rename to", to_name);
    if (moved == replaced) return;
    to.check_not_inside(moved, to.ino_, to_name);
    if (!free) to.check_replaceable(moved, replaced, to_name);
    disk_.state_.assign({{ino_, name, no_ino}, {to.ino_, to_name, moved}}, now());
    if (!free) disk_.release_if_unused(replaced);
}

void SimDir::rename(const std::string& name, io::Dir& to, const std::string& to_name) {
    SimDir& target = same_disk(to);
    disk_.act(caller_, Call::rename, object(name), [&] { move(name, target, to_name); });
}

bool SimDir::rename_new(const std::string& name, io::Dir& to, const std::string& to_name) {
    SimDir& target = same_disk(to);
    return disk_.act(caller_, Call::rename, object(name), [&] {
        (void)need("cannot rename", name);
        const bool free = target.is_free("cannot rename to", to_name);
        if (free) move(name, target, to_name);
        return free;
    });
}

bool SimDir::exchange(const std::string& name, io::Dir& to, const std::string& to_name) {
    SimDir& target = same_disk(to);
    return disk_.act(caller_, Call::exchange, object(name), [&] {
        const Ino mine = need("cannot exchange", name), other = target.need("cannot exchange", to_name);
        if (!disk_.abilities.exchange) return false;
        target.check_not_inside(mine, target.ino_, to_name);
        check_not_inside(other, ino_, name);
        if (mine != other) disk_.state_.assign({{ino_, name, other}, {target.ino_, to_name, mine}}, now());
        return true;
    });
}

bool SimDir::remove_file(const std::string& name) {
    return disk_.act(caller_, Call::remove, object(name), [&] {
        const Ino ino = find("cannot remove", name);
        if (ino == no_ino) return false;
        if (disk_.state_.node(ino).kind == io::Kind::dir) throw failure("cannot remove", name, EISDIR);
        disk_.state_.assign({{ino_, name, no_ino}}, now());
        disk_.release_if_unused(ino);
        return true;
    });
}

bool SimDir::remove_dir(const std::string& name) {
    return disk_.act(caller_, Call::remove, object(name), [&] {
        const Ino ino = find("cannot remove", name);
        if (ino == no_ino) return false;
        const Node& node = disk_.state_.node(ino);
        if (node.kind != io::Kind::dir) throw failure("cannot remove", name, ENOTDIR);
        if (!node.names.all().empty()) throw failure("cannot remove", name, ENOTEMPTY);
        disk_.state_.assign({{ino_, name, no_ino}}, now());
        disk_.release_if_unused(ino);
        return true;
    });
}

std::optional<io::Stat> SimDir::stat(const std::string& name) {
    return disk_.act(caller_, Call::stat, object(name), [&]() -> std::optional<io::Stat> {
        const Ino ino = name == "." ? ino_ : find("cannot read the attributes of", name);
        if (ino == no_ino) return std::nullopt;
        return stat_of(disk_.state_, ino);
    });
}

std::string SimDir::read_symlink(const std::string& name) {
    return disk_.act(caller_, Call::stat, object(name), [&] {
        const Node& node = disk_.state_.node(need("cannot read the link", name));
        if (node.kind != io::Kind::symlink) throw failure("cannot read the link", name, EINVAL);
        return node.target;
    });
}

std::vector<io::Listed> SimDir::list() {
    return disk_.act(caller_, Call::list, object(), [&] {
        std::vector<io::Listed> listed;
        for (const auto& [name, ino] : disk_.state_.node(ino_).names.all()) {
            listed.push_back({name, std::nullopt});
            if (disk_.abilities.tells_kinds) listed.back().kind = disk_.state_.node(ino).kind;
        }
        Chance chance(mix(disk_.seed_, ino_));  // no order is promised
        for (std::size_t left = listed.size(); left > 1; --left)
            std::swap(listed[left - 1], listed[chance.below(left)]);
        return listed;
    });
}

void SimDir::set_owner(const std::string& name, std::uint32_t uid, std::uint32_t gid) {
    disk_.act(caller_, Call::attributes, object(name),
              [&] { change_owner(disk_.state_, need_or_self("cannot change the owner of", name), uid, gid, now()); });
}

void SimDir::set_mode(const std::string& name, std::uint32_t mode) {
    disk_.act(caller_, Call::attributes, object(name), [&] {
        const Ino ino = need_or_self("cannot change the mode of", name);
        if (disk_.state_.node(ino).kind == io::Kind::symlink)
            throw failure("cannot change the mode of", name, EOPNOTSUPP);
        change_mode(disk_.state_, ino, mode, now());
    });
}

void SimDir::set_mtime(const std::string& name, Time mtime) {
    disk_.act(caller_, Call::attributes, object(name),
              [&] { change_mtime(disk_.state_, need_or_self("cannot change the time of", name), mtime, now()); });
}

std::vector<io::Xattr> SimDir::xattrs(const std::string& name) {
    return disk_.act(caller_, Call::stat, object(name), [&] {
        return disk_.state_.node(need_or_self("cannot read the attributes of", name)).attributes.xattrs;
    });
}

void SimDir::set_xattr(const std::string& name, const io::Xattr& xattr) {
    disk_.act(caller_, Call::attributes, object(name), [&] {
        const Ino ino = need_or_self("cannot set an attribute of", name);
        if (const int error = change_xattr(disk_.state_, ino, xattr.name, &xattr.value, now()))
            throw failure("cannot set an attribute of", name, error);
    });
}

void SimDir::remove_xattr(const std::string& name, const std::string& xattr) {
    disk_.act(caller_, Call::attributes, object(name), [&] {
        const Ino ino = need_or_self("cannot remove an attribute of", name);
        if (const int error = change_xattr(disk_.state_, ino, xattr, nullptr, now()))
            throw failure("cannot remove an attribute of", name, error);
    });
}

void SimDir::sync() { sync_or_fail(ino_, Call::sync_dir); }

void SimDir::sync_file_system() { sync_or_fail(no_ino, Call::sync_all); }

void SimDir::sync_or_fail(Ino ino, Call call) {
    if (poison_ != 0) throw failure("cannot sync", ".", poison_);
    disk_.act(caller_, call, object(), [&] {
        poison_ = disk_.sync(ino);
        if (poison_ != 0) throw failure("cannot sync", ".", poison_);
    });
}

std::uint64_t SimDir::free_bytes() {
    return disk_.act(caller_, Call::free_space, object(), [&]() -> std::uint64_t {
        const std::uint64_t used = disk_.state_.allocated();
        if (disk_.capacity_ == UINT64_MAX) return 1ULL << 40;
        return disk_.capacity_ > used ? disk_.capacity_ - used : 0;
    });
}

}  // namespace ft::sim

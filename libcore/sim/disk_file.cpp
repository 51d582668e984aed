#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/sim/handles.h"

namespace ft::sim {

namespace {

/// A copy: a simulated mapping does not follow what others write, which nobody does to immutable files.
class CopiedMapping final : public io::Mapping {
public:
    explicit CopiedMapping(Bytes bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] View bytes() const override { return bytes_; }

private:
    Bytes bytes_;
};

}  // namespace

io::Stat stat_of(const DiskState& state, Ino ino) {
    const Node& node = state.node(ino);
    io::Stat stat;
    stat.kind = node.kind;
    stat.mode = node.attributes.mode;
    stat.uid = node.attributes.uid;
    stat.gid = node.attributes.gid;
    stat.size = node.kind == io::Kind::symlink ? node.target.size()
                : node.kind == io::Kind::dir   ? page_size
                                               : node.content.size();
    stat.ino = ino;
    stat.dev = 1;
    stat.rdev = node.rdev;
    stat.links = node.links;
    if (node.kind == io::Kind::dir && node.links != 0)
        stat.links = 2 + std::count_if(node.names.all().begin(), node.names.all().end(),
                                       [&](const auto& one) { return state.node(one.second).kind == io::Kind::dir; });
    stat.allocated = node.kind == io::Kind::dir ? page_size : node.content.allocated();
    stat.mtime = node.attributes.mtime;
    stat.ctime = node.attributes.ctime;
    return stat;
}

void change_owner(DiskState& state, Ino ino, std::uint32_t uid, std::uint32_t gid, Time now) {
    Attributes after = state.node(ino).attributes;
    after.uid = uid;
    after.gid = gid;
    after.ctime = now;
    state.set_attribute(ino, Field::owner, after);
    if (state.node(ino).kind != io::Kind::file) return;
    // As chown(2): a program does not stay set-id for its new owner, nor keep its capabilities.
    const std::uint32_t cleared = 04000U | ((after.mode & 0010U) != 0 ? 02000U : 0U);
    if ((after.mode & cleared) != 0) change_mode(state, ino, after.mode & ~cleared, now);
    const auto is_capability = [](const io::Xattr& x) { return x.name == "security.capability"; };
    if (std::any_of(after.xattrs.begin(), after.xattrs.end(), is_capability))
        (void)change_xattr(state, ino, "security.capability", nullptr, now);  // it is there
}

void change_mode(DiskState& state, Ino ino, std::uint32_t mode, Time now) {
    Attributes after = state.node(ino).attributes;
    after.mode = mode & 07777;
    after.ctime = now;
    state.set_attribute(ino, Field::mode, after);
}

void change_mtime(DiskState& state, Ino ino, Time mtime, Time now) {
    Attributes after = state.node(ino).attributes;
    after.mtime = mtime;
    after.ctime = now;
    state.set_attribute(ino, Field::mtime, after);
}

int change_xattr(DiskState& state, Ino ino, const std::string& name, const std::string* value, Time now) {
    const io::Kind kind = state.node(ino).kind;
    if (name.starts_with("user.") && kind != io::Kind::file && kind != io::Kind::dir) return value ? EPERM : ENODATA;
    Attributes after = state.node(ino).attributes;
    const auto removed = std::erase_if(after.xattrs, [&](const io::Xattr& x) { return x.name == name; });
    if (value == nullptr && removed == 0) return ENODATA;
    if (value != nullptr) after.xattrs.push_back({name, *value});
    after.ctime = now;
    state.set_attribute(ino, Field::xattr, after, name);
    return 0;
}

SimFile::SimFile(SimDisk& disk, SimDisk::Caller caller, Ino ino, std::string path, io::Access access)
    : disk_(disk), caller_(caller), ino_(ino), path_(std::move(path)), access_(access) {
    disk_.hold(ino_);
}

SimFile::~SimFile() { disk_.let_go(caller_, ino_, this); }

void SimFile::need_writable(const char* what, int error) const {
    if (access_ == io::Access::read) throw system_failure(what, path_, error);
}

void SimFile::need_unit(const char* what, View memory, std::uint64_t at) const {
    if (access_ != io::Access::direct) return;
    const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
    if (address % io::direct_unit + memory.size() % io::direct_unit + at % io::direct_unit != 0)
        throw system_failure(what, path_, EINVAL);
}

std::size_t SimFile::read_at(std::span<std::byte> into, std::uint64_t at) {
    need_unit("cannot read", into, at);
    return disk_.act(caller_, Call::read, {path_}, [&] {
        if (access_ == io::Access::direct) return disk_.state_.read_disk(ino_, into, at);
        disk_.cached_.insert(ino_);
        return disk_.state_.node(ino_).content.read(into, at);
    });
}

std::optional<std::size_t> SimFile::read_cached(std::span<std::byte> into, std::uint64_t at) {
    return disk_.act(caller_, Call::read, {path_}, [&]() -> std::optional<std::size_t> {
        if (!disk_.cached_.contains(ino_)) return std::nullopt;
        return disk_.state_.node(ino_).content.read(into, at);
    });
}

void SimFile::write_at(View bytes, std::uint64_t at) {
    need_writable("cannot write", EBADF);
    need_unit("cannot write", bytes, at);
    disk_.act(caller_, Call::write, {path_}, [&] {
        disk_.cached_.insert(ino_);
        const SimDisk::Through through = disk_.let_through(ino_, at, bytes.size());
        disk_.state_.write(ino_, bytes.first(through.bytes), at, disk_.clock_.file_clock());
        if (through.error != 0) throw system_failure("cannot write", path_, through.error);
    });
}

void SimFile::write_durably(std::span<const io::Piece> pieces) {
    if (poison_ != 0) throw system_failure("cannot write durably", path_, poison_);
    poison_ = EIO;  // unless all goes well
    for (const io::Piece& piece : pieces) write_at(piece.bytes, piece.at);
    disk_.act(caller_, Call::sync, {path_}, [&] {
        poison_ = disk_.sync(ino_, pieces);
        if (poison_ != 0) throw system_failure("cannot write durably", path_, poison_);
    });
}

void SimFile::set_size(std::uint64_t size) {
    need_writable("cannot resize", EINVAL);
    disk_.act(caller_, Call::resize, {path_}, [&] { disk_.state_.resize(ino_, size, disk_.clock_.file_clock()); });
}

bool SimFile::punch_hole(std::uint64_t at, std::uint64_t length) {
    need_writable("cannot make a hole in", EBADF);
    return disk_.act(caller_, Call::punch, {path_}, [&] {
        if (disk_.abilities.holes) disk_.state_.punch(ino_, at, length, disk_.clock_.file_clock());
        return disk_.abilities.holes;
    });
}

bool SimFile::clone_from(io::File& other) {
    need_writable("cannot clone into", EBADF);
    const SimFile* from = dynamic_cast<SimFile*>(&other.undecorated());
    if (from == nullptr || &from->disk_ != &disk_ || !disk_.abilities.reflink) return false;
    return disk_.act(caller_, Call::clone, {path_}, [&] {
        disk_.state_.clone(ino_, from->ino_, disk_.clock_.file_clock());
        return true;
    });
}

void SimFile::sync() {
    if (poison_ != 0) throw system_failure("cannot sync", path_, poison_);
    disk_.act(caller_, Call::sync, {path_}, [&] {
        poison_ = disk_.sync(ino_);
        if (poison_ != 0) throw system_failure("cannot sync", path_, poison_);
    });
}

void SimFile::start_writeback(std::uint64_t, std::uint64_t) {
    disk_.act(caller_, Call::writeback, {path_}, [] {});
}

void SimFile::write_back() { start_writeback(0, 0); }

io::Stat SimFile::stat() {
    return disk_.act(caller_, Call::stat, {path_}, [&] { return stat_of(disk_.state_, ino_); });
}

std::optional<io::Extent> SimFile::next_data(std::uint64_t from) {
    return disk_.act(caller_, Call::stat, {path_}, [&] { return disk_.state_.node(ino_).content.next_data(from); });
}

void SimFile::set_owner(std::uint32_t uid, std::uint32_t gid) {
    disk_.act(caller_, Call::attributes, {path_},
              [&] { change_owner(disk_.state_, ino_, uid, gid, disk_.clock_.file_clock()); });
}

void SimFile::set_mode(std::uint32_t mode) {
    disk_.act(caller_, Call::attributes, {path_},
              [&] { change_mode(disk_.state_, ino_, mode, disk_.clock_.file_clock()); });
}

void SimFile::set_mtime(Time mtime) {
    disk_.act(caller_, Call::attributes, {path_},
              [&] { change_mtime(disk_.state_, ino_, mtime, disk_.clock_.file_clock()); });
}

std::vector<io::Xattr> SimFile::xattrs() {
    return disk_.act(caller_, Call::stat, {path_}, [&] { return disk_.state_.node(ino_).attributes.xattrs; });
}

void SimFile::set_xattr(const io::Xattr& xattr) {
    disk_.act(caller_, Call::attributes, {path_}, [&] {
        if (const int error = change_xattr(disk_.state_, ino_, xattr.name, &xattr.value, disk_.clock_.file_clock()))
            throw system_failure("cannot set attribute " + xattr.name + " of", path_, error);
    });
}

void SimFile::remove_xattr(const std::string& name) {
    disk_.act(caller_, Call::attributes, {path_}, [&] {
        if (const int error = change_xattr(disk_.state_, ino_, name, nullptr, disk_.clock_.file_clock()))
            throw system_failure("cannot remove attribute " + name + " of", path_, error);
    });
}

bool SimFile::try_lock(io::Lock kind) {
    return disk_.act(caller_, Call::lock, {path_},
                     [&] { return disk_.try_lock(caller_, ino_, this, kind == io::Lock::exclusive); });
}

std::unique_ptr<io::Mapping> SimFile::map() {
    return disk_.act(caller_, Call::map, {path_}, [&]() -> std::unique_ptr<io::Mapping> {
        const Content& content = disk_.state_.node(ino_).content;
        Bytes bytes(content.size());
        content.read(bytes, 0);
        return std::make_unique<CopiedMapping>(std::move(bytes));
    });
}

}  // namespace ft::sim

#include "libcore/source/tree_build.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <vector>

#include "libcore/base/failure.h"

namespace ft::source {
namespace {

constexpr std::uint32_t permission_bits = 0777;
constexpr std::uint32_t set_id_bits = 06000;
constexpr std::uint32_t private_mode = 0600;
constexpr std::uint32_t private_dir_mode = 0700;
constexpr std::uint32_t owner_write = 0200;
constexpr std::uint32_t unknown_mode = UINT32_MAX;
constexpr std::string_view cannot_own = "cannot set the owner";

/// An object whose attributes are to be set: an open file, or a name in a directory ("." is the directory itself).
class Object {
public:
    explicit Object(io::File& file) : file_(&file) {}
    Object(io::Dir& dir, const std::string& name) : dir_(&dir), name_(&name) {}

    void set_owner(std::uint32_t uid, std::uint32_t gid) const {
        file_ != nullptr ? file_->set_owner(uid, gid) : dir_->set_owner(*name_, uid, gid);
    }
    void set_mode(std::uint32_t mode) const { file_ != nullptr ? file_->set_mode(mode) : dir_->set_mode(*name_, mode); }
    void set_mtime(Time time) const { file_ != nullptr ? file_->set_mtime(time) : dir_->set_mtime(*name_, time); }
    [[nodiscard]] std::vector<io::Xattr> xattrs() const {
        return file_ != nullptr ? file_->xattrs() : dir_->xattrs(*name_);
    }
    void set_xattr(const io::Xattr& xattr) const {
        file_ != nullptr ? file_->set_xattr(xattr) : dir_->set_xattr(*name_, xattr);
    }
    void remove_xattr(const std::string& xattr) const {
        file_ != nullptr ? file_->remove_xattr(xattr) : dir_->remove_xattr(*name_, xattr);
    }
    [[nodiscard]] std::string path() const {
        if (file_ != nullptr) return file_->path();
        return *name_ == "." ? dir_->path() : dir_->path() + "/" + *name_;
    }

private:
    io::File* file_ = nullptr;
    io::Dir* dir_ = nullptr;
    const std::string* name_ = nullptr;
};

/// What the system answers where this user, or this file system, cannot have an attribute. Other failures (a broken
/// disk) are failures.
bool is_refusal(int error) {
    switch (error) {
        case EPERM:
        case EACCES:
        case EINVAL:  // an id that this user namespace does not map
        case ENOTSUP:
        case ENOSYS:
        case ERANGE:
        case E2BIG:
        case EOVERFLOW:
            return true;
        default:
            return false;
    }
}

/// No room for one more attribute (ext4: what does not fit one block); where the disk itself is full, writing content
/// fails as well.
bool is_xattr_refusal(int error) { return is_refusal(error) || error == ENOSPC || error == EDQUOT || error == ENODATA; }

/// Does one step and gives the system's reason where it was refused.
template <class Step>
std::optional<std::string> refused(bool (*is_refused)(int), const Step& step) {
    try {
        step();
        return std::nullopt;
    } catch (const Failure& failure) {  // the caller's contract is a note, not a failure
        if (!is_refused(failure.error())) throw;
        return failure.parts().why;
    }
}

/// Does one step; a refusal becomes a note and false.
template <class Step>
bool attempt(Notes& notes, std::string_view what, const Object& object, bool (*is_refused)(int), const Step& step) {
    const std::optional<std::string> why = refused(is_refused, step);
    if (why) notes.add(what, object.path(), *why);
    return !why;
}

bool is_user_xattr(const io::Xattr& xattr) { return xattr.name.starts_with("user."); }

Failure taken(io::Dir& dir, const std::string& name) {
    return system_failure("cannot create", dir.path() + "/" + name, EEXIST);
}

/// One object's way to what its entry says; current values are what is known to be there.
class Finisher {
public:
    Finisher(const TreeBuilder::Powers& powers, Notes& notes, Object object, const Entry& entry)
        : powers_(powers), notes_(notes), object_(object), entry_(entry) {}

    /// Owner and group; true where they are now the entry's.
    bool owner(std::uint32_t uid, std::uint32_t gid) {
        if (uid == entry_.uid && gid == entry_.gid) return true;
        if (powers_.as_root || uid == entry_.uid)
            return attempt(notes_, cannot_own, object_, is_refusal, [&] { object_.set_owner(entry_.uid, entry_.gid); });
        if (gid != entry_.gid)  // one of the user's other groups, perhaps; the note below is due in any case
            (void)refused(is_refusal, [&] { object_.set_owner(uid, entry_.gid); });
        notes_.add(cannot_own, object_.path(), "only root can");
        return false;
    }

    /// Permissions. Set-id bits only for the owner that they were meant for.
    void mode(std::uint32_t current, bool owner_is_right) {
        std::uint32_t wanted = entry_.mode;
        if (!owner_is_right && (wanted & set_id_bits) != 0) {
            wanted &= ~set_id_bits;
            notes_.add("left out the set-id bits", object_.path(), "its owner could not be set");
        }
        if (wanted == current) return;
        attempt(notes_, "cannot set the mode", object_, is_refusal, [&] { object_.set_mode(wanted); });
    }

    template <class Which>
    void set_xattrs(const Which& which) {
        for (const io::Xattr& xattr : entry_.xattrs)
            if (which(xattr)) set_xattr(xattr);
    }

    void set_xattr(const io::Xattr& xattr) {
        attempt(notes_, "cannot set " + xattr.name, object_, is_xattr_refusal, [&] { object_.set_xattr(xattr); });
    }

    void remove_xattr(const std::string& name) {
        attempt(notes_, "cannot remove " + name, object_, is_xattr_refusal, [&] { object_.remove_xattr(name); });
    }

    void mtime() {
        attempt(notes_, "cannot set the time", object_, is_refusal, [&] { object_.set_mtime(entry_.mtime); });
    }

private:
    const TreeBuilder::Powers& powers_;
    Notes& notes_;
    Object object_;
    const Entry& entry_;
};

/// The mode an object can be given when it is made without being open to anybody whom the finished one is not open to.
std::uint32_t creation_mode(const TreeBuilder::Powers& powers, const Entry& entry) {
    const bool own = entry.uid == powers.uid && entry.gid == powers.gid;
    const bool needs_write = !powers.as_root && !entry.xattrs.empty() && (entry.mode & owner_write) == 0;
    return own && !needs_write && !entry.path.empty() ? entry.mode & permission_bits : private_mode;
}

/// All attributes of a new object that has what it was given when it was made.
void finish(const TreeBuilder::Powers& powers, Notes& notes, Object object, const Entry& entry) {
    Finisher finisher(powers, notes, object, entry);
    const bool owner_is_right = finisher.owner(powers.uid, powers.gid);
    // A user's own attribute needs the right to write, which the final mode may take away.
    if (!entry.xattrs.empty()) finisher.set_xattrs(is_user_xattr);
    const std::uint32_t made = entry.kind == io::Kind::dir ? private_dir_mode : creation_mode(powers, entry);
    if (entry.kind != io::Kind::symlink) finisher.mode(made, owner_is_right);
    if (!entry.xattrs.empty()) finisher.set_xattrs([](const io::Xattr& xattr) { return !is_user_xattr(xattr); });
    finisher.mtime();
}

/// Undoes what a new object got from the directory around it (its group, an ACL) instead of from its maker.
void drop_inherited(const TreeBuilder::Powers& powers, Notes& notes, Object object, const io::Stat& stat,
                    std::uint32_t mode) {
    if (stat.uid != powers.uid || stat.gid != powers.gid)
        attempt(notes, cannot_own, object, is_refusal, [&] { object.set_owner(powers.uid, powers.gid); });
    if (stat.kind == io::Kind::symlink) return;
    for (const io::Xattr& xattr : object.xattrs())
        if (xattr.name.starts_with("system.posix_acl_")) object.remove_xattr(xattr.name);
    if (stat.mode != mode) object.set_mode(mode);
}

const io::Xattr* find_xattr(const std::vector<io::Xattr>& xattrs, const std::string& name) {
    const auto found = std::find_if(xattrs.begin(), xattrs.end(), [&](const io::Xattr& x) { return x.name == name; });
    return found == xattrs.end() ? nullptr : &*found;
}

/// user  the user's own attributes, or all others.
void adjust_xattrs(Finisher& finisher, const std::vector<io::Xattr>& current, const std::vector<io::Xattr>& wanted,
                   bool user) {
    for (const io::Xattr& xattr : current)
        if (is_user_xattr(xattr) == user && find_xattr(wanted, xattr.name) == nullptr)
            finisher.remove_xattr(xattr.name);
    for (const io::Xattr& xattr : wanted) {
        if (is_user_xattr(xattr) != user) continue;
        const io::Xattr* now = find_xattr(current, xattr.name);
        if (now == nullptr || now->value != xattr.value) finisher.set_xattr(xattr);
    }
}

/// What differs from the entry in an object that was there before.
void adjust_object(const TreeBuilder::Powers& powers, Notes& notes, const Object& object, const io::Stat& current,
                   const Entry& entry) {
    Finisher finisher(powers, notes, object, entry);
    const bool owner_differs = current.uid != entry.uid || current.gid != entry.gid;
    const bool owner_is_right = finisher.owner(current.uid, current.gid);
    const std::vector<io::Xattr> xattrs = object.xattrs();  // after the owner, whose change drops capabilities
    const bool locked = xattrs != entry.xattrs && !powers.as_root && (current.mode & owner_write) == 0 &&
                        entry.kind != io::Kind::symlink;
    if (locked) (void)refused(is_refusal, [&] { object.set_mode(current.mode | owner_write); });
    if (xattrs != entry.xattrs) adjust_xattrs(finisher, xattrs, entry.xattrs, true);
    // A new owner may have cost set-id bits, and a locked file is open now.
    const bool mode_moved = locked || (owner_differs && (current.mode & set_id_bits) != 0);
    const std::uint32_t mode = mode_moved ? unknown_mode : current.mode;
    if (entry.kind != io::Kind::symlink) finisher.mode(mode, owner_is_right);
    if (xattrs != entry.xattrs) adjust_xattrs(finisher, xattrs, entry.xattrs, false);
    if (current.mtime != entry.mtime) finisher.mtime();
}

}  // namespace

TreeBuilder::Powers TreeBuilder::of_this_process() {
    ::umask(0);
    return {.as_root = ::geteuid() == 0, .uid = ::geteuid(), .gid = ::getegid()};
}

std::unique_ptr<io::File> TreeBuilder::start_file(io::Dir& dir, const std::string& name, const Entry& entry) {
    const std::uint32_t mode = creation_mode(powers_, entry);
    std::unique_ptr<io::File> file = dir.create_file(name, mode);
    if (file == nullptr) throw taken(dir, name);
    if (may_inherit(entry)) drop_inherited(powers_, notes_, Object(*file), file->stat(), mode);
    return file;
}

void TreeBuilder::finish_file(io::File& file, const Entry& entry) { finish(powers_, notes_, Object(file), entry); }

void TreeBuilder::make_special(io::Dir& dir, const std::string& name, const Entry& entry) {
    const std::uint32_t mode = creation_mode(powers_, entry);
    bool made = false;
    const auto make = [&] {
        made = entry.kind == io::Kind::symlink ? dir.make_symlink(name, entry.symlink)
                                               : dir.make_node(name, entry.kind, mode, entry.rdev);
    };
    const Object object(dir, name);
    const bool is_device = entry.kind == io::Kind::char_device || entry.kind == io::Kind::block_device;
    if (!is_device)
        make();
    else if (!attempt(notes_, "cannot make the device", object, is_refusal, make))
        return;
    if (!made) throw taken(dir, name);
    if (may_inherit(entry))
        if (const std::optional<io::Stat> stat = dir.stat(name)) drop_inherited(powers_, notes_, object, *stat, mode);
    finish(powers_, notes_, object, entry);
}

std::unique_ptr<io::Dir> TreeBuilder::start_dir(io::Dir& dir, const std::string& name, const Entry& entry) {
    if (!dir.make_dir(name, private_dir_mode)) throw taken(dir, name);
    std::unique_ptr<io::Dir> made = io::open_dir(dir, name);
    if (!may_inherit(entry)) return made;
    const std::string self = ".";
    if (const std::optional<io::Stat> stat = made->stat(self))
        drop_inherited(powers_, notes_, Object(*made, self), *stat, private_dir_mode);
    return made;
}

void TreeBuilder::finish_dir(io::Dir& dir, const Entry& entry) {
    const std::string self = ".";
    finish(powers_, notes_, Object(dir, self), entry);
}

void TreeBuilder::adjust(io::Dir& dir, const std::string& name, const io::Stat& current, const Entry& entry) {
    adjust_object(powers_, notes_, Object(dir, name), current, entry);
}

void TreeBuilder::adjust(io::File& file, const io::Stat& current, const Entry& entry) {
    adjust_object(powers_, notes_, Object(file), current, entry);
}

}  // namespace ft::source

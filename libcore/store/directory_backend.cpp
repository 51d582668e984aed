// Objects as files: written without a name, synced, linked, and the directory synced (FORMAT.md section 1 has the
// order).
#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>

#include "libcore/base/failure.h"
#include "libcore/io/posix.h"
#include "libcore/store/backend.h"

namespace ft::store {
namespace {

constexpr std::uint32_t object_mode = 0444;
constexpr std::uint64_t writeback_step = 8U << 20;  // start the disk early, so that the final sync is short

struct Split {
    std::string prefix, last;
};

Split split_name(const std::string& name) {
    const std::size_t slash = name.rfind('/');
    if (slash == std::string::npos) return {"", name};
    return {name.substr(0, slash), name.substr(slash + 1)};
}

/// The directories of a store, opened once.
class Directories {
public:
    explicit Directories(std::unique_ptr<io::Dir> root) : root_(std::move(root)) {}

    io::Dir& root() { return *root_; }

    /// nullptr where it is missing.
    io::Dir* find(const std::string& prefix) {
        std::lock_guard lock(mutex_);
        return find_locked(prefix);
    }

    /// Makes it if need be. Its name is durable when it returns, whoever made it.
    io::Dir& for_writing(const std::string& prefix) {
        std::lock_guard lock(mutex_);
        return for_writing_locked(prefix);
    }

    /// Makes it if need be, for what need not outlive a power failure: guards, marks, temporaries. The root, or
    /// directly below it.
    io::Dir& for_scratch(const std::string& name) {
        std::lock_guard lock(mutex_);
        if (io::Dir* dir = find_locked(name)) return *dir;
        root_->make_dir(name, 0777);
        return *(open_[name] = {io::open_dir(*root_, name), false}).dir;
    }

private:
    struct Open {
        std::unique_ptr<io::Dir> dir;
        bool durable = false;  // its name and those above it are
    };

    io::Dir* find_locked(const std::string& prefix) {
        if (prefix.empty()) return root_.get();
        if (auto at = open_.find(prefix); at != open_.end()) return at->second.dir.get();
        auto [parent_name, last] = split_name(prefix);
        io::Dir* parent = find_locked(parent_name);
        if (parent == nullptr) return nullptr;
        std::unique_ptr<io::Dir> dir = parent->find_dir(last);
        if (!dir) return nullptr;
        return (open_[prefix] = {std::move(dir), false}).dir.get();
    }

    io::Dir& for_writing_locked(const std::string& prefix) {
        if (prefix.empty()) return *root_;
        if (auto at = open_.find(prefix); at != open_.end() && at->second.durable) return *at->second.dir;
        auto [parent_name, last] = split_name(prefix);
        io::Dir& parent = for_writing_locked(parent_name);
        io::Dir* found = find_locked(prefix);
        if (found == nullptr) {
            parent.make_dir(last, 0777);  // taken: another made it just now
            found = (open_[prefix] = {io::open_dir(parent, last), false}).dir.get();
        }
        // Seen is not yet durable. But whoever puts something into a directory makes its name durable before.
        if (found->list().empty()) parent.sync();
        open_[prefix].durable = true;
        return *found;
    }

    std::mutex mutex_;
    std::unique_ptr<io::Dir> root_;
    std::map<std::string, Open> open_;
};

class FileObject final : public Object {
public:
    explicit FileObject(std::unique_ptr<io::File> file) : file_(std::move(file)), size_(file_->stat().size) {}
    std::uint64_t size() const override { return size_; }
    void read_at(std::span<std::byte> into, std::uint64_t at) const override {
        if (read(into, at) != into.size()) throw damage(file_->path(), "it ends too early");
    }
    std::unique_ptr<io::Mapping> map() const override { return file_->map(); }
    std::string path() const override { return file_->path(); }

private:
    std::size_t read(std::span<std::byte> into, std::uint64_t at) const {
        try {
            return file_->read_at(into, at);
        } catch (const Failure& f) {  // what the disk cannot read any more is damaged
            if (f.error() != EIO) throw;
            throw Failure({.what = "damaged",
                           .where = file_->path(),
                           .why = "the disk cannot read it: " + f.parts().why,
                           .exit = Exit::damage,
                           .error = EIO});
        }
    }
    std::unique_ptr<io::File> file_;
    std::uint64_t size_;
};

/// A lock on a file that stays (id names it), or on one in `own`, which goes with the claim. File null: none was
/// needed.
class FileGuard final : public Guard {
public:
    FileGuard(std::unique_ptr<io::File> locked, std::string id, io::Dir* own = nullptr)
        : locked_(std::move(locked)), id_(std::move(id)), own_(own) {}
    std::string id() const override { return id_; }
    void release() override {
        if (!locked_) return;
        try {
            if (own_ != nullptr) own_->remove_file(id_);  // while it is locked: nobody else takes it for a dead one's
        } catch (const Failure&) {  // the claim has served its purpose, and an unlocked trace harms nobody
        }
        locked_.reset();
    }

private:
    std::unique_ptr<io::File> locked_;
    std::string id_;
    io::Dir* own_;
};

std::string random_name(Clock& clock) { return clock.random_uuid().hex(); }

/// A new file in tmp/ under a lock that tells sweepers to spare it.
struct Temporary {
    std::unique_ptr<io::File> file;
    std::string name;
};

Temporary make_temporary(io::Dir& tmp, Clock& clock) {
    for (;;) {
        std::string name = random_name(clock);
        std::unique_ptr<io::File> file = tmp.create_file(name, object_mode | 0200);
        if (file && file->try_lock(io::Lock::exclusive) && file->stat().links > 0)
            return {std::move(file), std::move(name)};
    }  // else a sweeper met it between its making and its locking
}

enum class Lasting { durable, whole_or_missing };  // after a power failure

class FileUpload final : public Upload {
public:
    FileUpload(Directories& directories, Clock& clock, const std::string& prefix, Lasting lasting)
        : directories_(directories), lasting_(lasting) {
        file_ = directory(prefix).create_unnamed(object_mode);
        if (file_) return;
        Temporary temporary = make_temporary(directories_.for_scratch("tmp"), clock);
        file_ = std::move(temporary.file);
        temporary_ = std::move(temporary.name);
    }

    void append(View bytes) override {
        file_->write_at(bytes, size_);
        size_ += bytes.size();
        if (size_ - started_ < writeback_step) return;
        file_->start_writeback(started_, size_ - started_);
        started_ = size_;
    }

    bool commit(const std::string& name) override {
        auto [prefix, last] = split_name(name);
        io::Dir& dir = directory(prefix);
        if (size_ != 0) file_->sync();
        if (!give_name(dir, last)) return false;
        if (lasting_ == Lasting::durable) dir.sync();
        return true;
    }

private:
    io::Dir& directory(const std::string& prefix) {
        return lasting_ == Lasting::durable ? directories_.for_writing(prefix) : directories_.for_scratch(prefix);
    }

    bool give_name(io::Dir& dir, const std::string& last) {
        if (temporary_.empty()) return dir.publish(*file_, last);
        io::Dir& tmp = directories_.for_scratch("tmp");
        const bool linked = tmp.make_link(temporary_, dir, last);
        tmp.remove_file(temporary_);
        return linked;
    }

    Directories& directories_;
    Lasting lasting_;
    std::unique_ptr<io::File> file_;
    std::string temporary_;
    std::uint64_t size_ = 0, started_ = 0;
};

class DirectoryBackend final : public Backend {
public:
    DirectoryBackend(std::unique_ptr<io::Dir> root, Clock& clock)
        : path_(root->path()), directories_(std::move(root)), clock_(clock) {}

    std::unique_ptr<Upload> upload(const std::string& prefix) override {
        return std::make_unique<FileUpload>(directories_, clock_, prefix, Lasting::durable);
    }

    bool post_if_absent(const std::string& name, View bytes) override {
        FileUpload object(directories_, clock_, split_name(name).prefix, Lasting::whole_or_missing);
        object.append(bytes);
        return object.commit(name);
    }

    std::unique_ptr<Object> find(const std::string& name) override {
        auto [prefix, last] = split_name(name);
        io::Dir* dir = directories_.find(prefix);
        if (dir == nullptr) return nullptr;
        std::unique_ptr<io::File> file = dir->find_file(last, io::Access::read);
        return file ? std::make_unique<FileObject>(std::move(file)) : nullptr;
    }

    std::optional<std::uint64_t> size_of(const std::string& name) override {
        auto [prefix, last] = split_name(name);
        io::Dir* dir = directories_.find(prefix);
        if (dir == nullptr) return std::nullopt;
        const std::optional<io::Stat> stat = dir->stat(last);
        if (!stat || stat->kind != io::Kind::file) return std::nullopt;
        return stat->size;
    }

    std::vector<std::string> list(const std::string& prefix) override {
        std::vector<std::string> names;
        if (io::Dir* dir = directories_.find(prefix))
            for (io::Listed& one : dir->list()) names.push_back(std::move(one.name));
        std::sort(names.begin(), names.end());
        return names;
    }

    void remove(std::span<const std::string> names) override {
        for (io::Dir* dir : unlink(names)) dir->sync();
    }

    void discard(std::span<const std::string> names) override { (void)unlink(names); }

    void settle(const std::string& prefix) override {
        if (directories_.find(prefix) != nullptr) directories_.for_writing(prefix).sync();
    }

    std::unique_ptr<Guard> use() override;
    std::vector<std::string> living_guards() override;
    std::unique_ptr<Guard> try_maintain() override { return try_lock_file("maintain"); }
    std::unique_ptr<Guard> try_close_gate() override { return try_lock_file("gate"); }

    std::string maintainer() override {
        std::unique_ptr<io::File> file = directories_.root().find_file("maintain", io::Access::read);
        return file ? io::lock_holder(*file) : "another process";
    }

    void sweep() override {
        for (const char* prefix : {"tmp", "guards"}) remove_unlocked(prefix);
    }

    std::uint64_t free_bytes() override { return directories_.root().free_bytes(); }
    std::string path() const override { return path_; }

private:
    /// returns  the directories that it has changed.
    std::vector<io::Dir*> unlink(std::span<const std::string> names) {
        std::vector<io::Dir*> touched;
        for (const std::string& name : names) {
            auto [prefix, last] = split_name(name);
            io::Dir* dir = directories_.find(prefix);
            if (dir == nullptr || !dir->remove_file(last)) continue;
            if (std::find(touched.begin(), touched.end(), dir) == touched.end()) touched.push_back(dir);
        }
        return touched;
    }

    std::unique_ptr<io::File> lock_file(const std::string& name) {
        io::Dir& root = directories_.root();
        std::unique_ptr<io::File> file = root.find_file(name, io::Access::read);
        while (!file) {
            file = root.create_file(name, 0644);
            if (!file) file = root.find_file(name, io::Access::read);
        }
        return file;
    }

    std::unique_ptr<Guard> try_lock_file(const std::string& name) {
        std::unique_ptr<io::File> file = lock_file(name);
        if (!file->try_lock(io::Lock::exclusive)) return nullptr;
        return std::make_unique<FileGuard>(std::move(file), name);
    }

    void remove_unlocked(const std::string& prefix) {
        io::Dir* dir = directories_.find(prefix);
        if (dir == nullptr) return;
        for (const io::Listed& one : dir->list()) {
            std::unique_ptr<io::File> file = dir->find_file(one.name, io::Access::read);
            if (file && file->try_lock(io::Lock::exclusive)) dir->remove_file(one.name);
        }
    }

    std::string path_;
    Directories directories_;
    Clock& clock_;
};

std::unique_ptr<Guard> DirectoryBackend::use() {
    std::unique_ptr<io::File> gate;
    try {
        gate = lock_file("gate");
    } catch (const Failure& f) {  // a store on read-only media cannot be pruned either
        if (f.error() == EROFS || f.error() == EACCES) return std::make_unique<FileGuard>(nullptr, "");
        throw;
    }
    while (!gate->try_lock(io::Lock::shared)) clock_.sleep(std::chrono::milliseconds(10));
    try {
        remove_unlocked("guards");
        io::Dir& guards = directories_.for_scratch("guards");
        Temporary guard = make_temporary(guards, clock_);
        return std::make_unique<FileGuard>(std::move(guard.file), guard.name, &guards);
    } catch (const Failure& f) {
        if (f.error() == EROFS || f.error() == EACCES) return std::make_unique<FileGuard>(nullptr, "");
        throw;
    }
}

std::vector<std::string> DirectoryBackend::living_guards() {
    remove_unlocked("guards");
    return list("guards");
}

}  // namespace

bool Backend::put_if_absent(const std::string& name, View bytes) {
    std::unique_ptr<Upload> object = upload(split_name(name).prefix);
    object->append(bytes);
    return object->commit(name);
}

std::optional<Bytes> Backend::get(const std::string& name, std::uint64_t limit) {
    std::unique_ptr<Object> object = find(name);
    if (!object) return std::nullopt;
    if (object->size() > limit) throw damage(object->path(), "it is larger than such an object can be");
    Bytes bytes(object->size());
    object->read_at(bytes, 0);
    return bytes;
}

std::unique_ptr<Backend> directory_backend(std::unique_ptr<io::Dir> root, Clock& clock) {
    return std::make_unique<DirectoryBackend>(std::move(root), clock);
}

}  // namespace ft::store

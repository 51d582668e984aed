#include "libcore/shm/segment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"

namespace ft::shm {

namespace {

constexpr const char* folder = "/dev/shm";  // where Linux keeps what shm_open(3) makes
constexpr mode_t mode = 0666;               // less the umask

/// "/hits" and "hits" are the same; shm_open(3) takes no other '/'.
std::string path_of(const std::string& name) {
    const std::string file = name.starts_with('/') ? name.substr(1) : name;
    if (file.empty() || file.size() > 255 || file.find('/') != std::string::npos || file == "." || file == "..")
        throw Failure({.what = fmt::format("'{}' is not the name of a segment", printable(name)),
                       .todo = "give it as to shm_open: /NAME",
                       .exit = Exit::usage});
    return fmt::format("{}/{}", folder, file);
}

struct ::stat stat_of(const Fd& file, const std::string& name) {
    struct ::stat found {};
    if (::fstat(file.get(), &found) != 0) throw system_failure("cannot look at", name, errno);
    return found;
}

/// At most `size` bytes from the start.
Bytes start_of(const Fd& file, std::size_t size, const std::string& name) {
    Bytes bytes(size);
    const ssize_t count = again([&] { return ::pread(file.get(), bytes.data(), size, 0); });
    if (count < 0) throw system_failure("cannot read", name, errno);
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
}

/// Names the machine's run: memory does not outlive it.
std::string boot_id() {
    const Fd file{again([] { return ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC); })};
    if (!file) return {};
    const Bytes text = start_of(file, longest_boot, "boot_id");
    return std::string(text_of(text).substr(0, text_of(text).find('\n')));
}

/// A file of so many bytes, without a name.
Fd reserved(std::size_t size, const std::string& name) {
    Fd file{again([] { return ::open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode); })};
    if (!file) throw system_failure("cannot make a segment in", folder, errno);
    int error = 0;
    for (int tries = 0; tries < 1000; ++tries)
        if (error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(size)); error != EINTR) break;
    if (error != 0) throw system_failure("cannot make the segment", name, error);
    return file;
}

/// false where the name is taken.
bool publish(const Fd& file, const std::string& name) {
    const std::string self = fmt::format("/proc/self/fd/{}", file.get());
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path_of(name).c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
    if (errno == EEXIST) return false;
    throw system_failure("cannot name the segment", name, errno);
}

}  // namespace

Segment::Segment(Key, std::string name, Header header, Fd file)
    : name_(std::move(name)), header_(std::move(header)), layout_(header_.shape), file_(std::move(file)) {
    void* memory = ::mmap(nullptr, layout_.bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
    if (memory == MAP_FAILED) throw system_failure("cannot map the segment", name_, errno);
    memory_ = static_cast<std::byte*>(memory);
}

Segment::~Segment() { ::munmap(memory_, layout_.bytes()); }

std::unique_ptr<Segment> Segment::make(const std::string& name, Header header,
                                       const std::function<void(Segment&)>& fill) {
    (void)path_of(name);
    Fd file = reserved(Layout(header.shape).bytes(), name);
    header.boot = boot_id();
    header.inode = stat_of(file, name).st_ino;
    auto made = std::make_unique<Segment>(Key{}, name, std::move(header), std::move(file));
    const Bytes block = encode(made->header_);
    std::memcpy(made->memory_, block.data(), block.size());
    fill(*made);
    if (!publish(made->file_, name)) return nullptr;
    // Opened by its name, so that messages of the system know it; unless somebody has removed it meanwhile.
    std::unique_ptr<Segment> named = find(name);
    return named && named->header_.inode == made->header_.inode ? std::move(named) : std::move(made);
}

bool Segment::is_taken(const std::string& name) {
    struct ::stat found {};
    return ::lstat(path_of(name).c_str(), &found) == 0;
}

std::unique_ptr<Segment> Segment::find(const std::string& name) {
    const std::string path = path_of(name);
    Fd file{again([&] { return ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); })};
    if (!file && errno == ENOENT) return nullptr;
    if (!file) throw system_failure("cannot open the segment", name, errno);
    const struct ::stat found = stat_of(file, name);
    if (!S_ISREG(found.st_mode)) throw damage(name, "not a segment");
    Header header = decode_header(start_of(file, header_bytes, name), name);
    if (header.boot != boot_id() || header.inode != found.st_ino)
        throw damage(name, "it is a copy of a counter's segment, and what it counted since is elsewhere")
            .advised("remove it, and create the counter again");
    if (static_cast<std::size_t>(found.st_size) != Layout(header.shape).bytes())
        throw damage(name, "its size is not what its header says");
    return std::make_unique<Segment>(Key{}, name, std::move(header), std::move(file));
}

void Segment::need_whole() const {
    if (static_cast<std::size_t>(stat_of(file_, name_).st_size) != layout_.bytes())
        throw damage(name_, "it was cut short while it was in use");
}

void Segment::remove_name() {
    // Under a lock on the file, so that of two who remove it none meets the name of another that was made meanwhile.
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0)
        throw Failure({.what = "cannot remove the segment",
                       .where = name_,
                       .why = "another process is removing it",
                       .exit = Exit::busy});
    struct ::stat named {};
    const bool is_ours = ::lstat(path_of(name_).c_str(), &named) == 0 && named.st_ino == stat_of(file_, name_).st_ino;
    if (is_ours && ::shm_unlink(name_.starts_with('/') ? name_.c_str() : ("/" + name_).c_str()) != 0 && errno != ENOENT)
        throw system_failure("cannot remove the segment", name_, errno);
    (void)::flock(file_.get(), LOCK_UN);
}

}  // namespace ft::shm

#include "libcore/io/posix_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "libcore/base/failure.h"
#include "libcore/io/posix_attr.h"

namespace ft::io {

namespace {

class PosixMapping final : public Mapping {
public:
    PosixMapping(void* start, std::size_t size) : start_(start), size_(size) {}
    PosixMapping(const PosixMapping&) = delete;
    PosixMapping& operator=(const PosixMapping&) = delete;
    ~PosixMapping() override {
        if (size_ != 0) ::munmap(start_, size_);
    }
    [[nodiscard]] View bytes() const override { return {static_cast<const std::byte*>(start_), size_}; }

private:
    void* start_;
    std::size_t size_;
};

/// The file system's way to say that it has no such call.
bool unsupported(int error) { return error == EOPNOTSUPP || error == ENOSYS || error == ENOTTY; }

}  // namespace

void PosixFile::fail(std::string_view what) const {
    int error = errno;
    throw system_failure(what, path(), error);
}

std::size_t PosixFile::read_at(std::span<std::byte> into, std::uint64_t at) {
    std::size_t done = 0;
    while (done < into.size()) {
        ssize_t count =
            again([&] { return ::pread(fd(), into.data() + done, into.size() - done, static_cast<off_t>(at + done)); });
        if (count < 0) fail("cannot read");
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

std::optional<std::size_t> PosixFile::read_cached(std::span<std::byte> into, std::uint64_t at) {
    std::size_t done = 0;
    while (done < into.size()) {
        iovec part{.iov_base = into.data() + done, .iov_len = into.size() - done};
        ssize_t count = again([&] { return ::preadv2(fd(), &part, 1, static_cast<off_t>(at + done), RWF_NOWAIT); });
        if (count < 0 && errno == EAGAIN) return std::nullopt;
        if (count < 0 && unsupported(errno)) return read_at(into, at);
        if (count < 0) fail("cannot read");
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

void PosixFile::write_at(View bytes, std::uint64_t at) { require(write(bytes, at) ? 0 : -1, "cannot write"); }

bool PosixFile::write(View bytes, std::uint64_t at) {
    while (!bytes.empty()) {
        ssize_t count = again([&] { return ::pwrite(fd(), bytes.data(), bytes.size(), static_cast<off_t>(at)); });
        if (count == 0) errno = EIO;  // never seen; without this the loop would not end
        if (count <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        at += static_cast<std::uint64_t>(count);
    }
    return true;
}

void PosixFile::write_durably(std::span<const Piece> pieces) {
    require_sound();
    if (pieces.size() == 1) return write_one_durably(pieces.front());
    const int flags = ::fcntl(fd(), F_GETFL);
    for (const Piece& piece : pieces) {
        // All are on their way at once: the last one by itself, where writes pass the caches, the others out of them.
        const bool is_last = &piece == &pieces.back();
        if ((flags & O_DIRECT) != 0) (void)::fcntl(fd(), F_SETFL, is_last ? flags : flags & ~O_DIRECT);
        if (!write(piece.bytes, piece.at)) poison_by(errno);
        if (!is_last) start_writeback(piece.at, piece.bytes.size());
    }
    sync();
}

void PosixFile::write_one_durably(const Piece& piece) {
    View bytes = piece.bytes;
    std::uint64_t at = piece.at;
    while (!bytes.empty()) {
        // The kernel writes through this pointer to nothing.
        iovec part{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
        const ssize_t count = again([&] { return ::pwritev2(fd(), &part, 1, static_cast<off_t>(at), RWF_DSYNC); });
        if (count <= 0) poison_by(count == 0 ? EIO : errno);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        at += static_cast<std::uint64_t>(count);
    }
}

void PosixFile::set_size(std::uint64_t size) {
    require(again([&] { return ::ftruncate(fd(), static_cast<off_t>(size)); }), "cannot set the size");
}

bool PosixFile::punch_hole(std::uint64_t at, std::uint64_t length) {
    if (length == 0) return true;  // EINVAL for the kernel
    int result = again([&] {
        return ::fallocate(fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(at),
                           static_cast<off_t>(length));
    });
    if (result != 0 && unsupported(errno)) return false;
    require(result, "cannot make a hole");
    return true;
}

bool PosixFile::clone_from(File& other) {
    auto& from = dynamic_cast<PosixFile&>(other.undecorated());
    int result = again([&] { return ::ioctl(fd(), FICLONE, from.fd()); });
    if (result != 0 && (unsupported(errno) || errno == EXDEV || errno == EINVAL)) return false;
    require(result, "cannot share blocks");
    return true;
}

void PosixFile::sync() {
    require_sound();
    if (again([&] { return ::fdatasync(fd()); }) != 0) poison_by(errno);
}

void PosixFile::require_sound() const {
    if (const int error = poison_; error != 0) throw system_failure("cannot write to the disk", path(), error);
}

/// What did not become durable may be seen as if it had: nothing of this file is believed any more.
void PosixFile::poison_by(int error) {
    poison_ = error;
    require_sound();
}

void PosixFile::start_writeback(std::uint64_t at, std::uint64_t length) {
    // Only a hint: what goes wrong here is met again, and reported, by sync().
    (void)::sync_file_range(fd(), static_cast<off_t>(at), static_cast<off_t>(length), SYNC_FILE_RANGE_WRITE);
}

void PosixFile::write_back() {
    constexpr unsigned all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    // What goes wrong concerns the writer of the file; here it only means that a later change may carry the same time.
    (void)::sync_file_range(fd(), 0, 0, all);
}

Stat PosixFile::stat() {
    struct statx found;
    require(again([&] { return ::statx(fd(), "", AT_EMPTY_PATH, STATX_BASIC_STATS, &found); }), "cannot stat");
    return to_stat(found);
}

std::optional<Extent> PosixFile::next_data(std::uint64_t from) {
    // Most files are data throughout, which one call tells. The descriptor's offset moves, which nothing else here
    // uses.
    off_t start = static_cast<off_t>(from), end = ::lseek(fd(), start, SEEK_HOLE);
    if (end < 0 && errno == EINVAL) {  // no hole maps here: all is data
        std::uint64_t size = stat().size;
        return from < size ? std::optional(Extent{from, size}) : std::nullopt;
    }
    if (end == start) {
        start = ::lseek(fd(), start, SEEK_DATA);
        end = start < 0 ? start : ::lseek(fd(), start, SEEK_HOLE);
    }
    if (end < 0 && errno == ENXIO) return std::nullopt;
    if (end < 0) fail("cannot find the holes");
    return Extent{static_cast<std::uint64_t>(start), static_cast<std::uint64_t>(end)};
}

void PosixFile::set_owner(std::uint32_t uid, std::uint32_t gid) {
    require(again([&] { return ::fchown(fd(), uid, gid); }), "cannot set the owner");
}

void PosixFile::set_mode(std::uint32_t mode) {
    require(again([&] { return ::fchmod(fd(), mode); }), "cannot set the mode");
}

void PosixFile::set_mtime(Time mtime) {
    const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = mtime.s, .tv_nsec = mtime.ns}};
    require(again([&] { return ::futimens(fd(), times); }), "cannot set the time");
}

std::vector<Xattr> PosixFile::xattrs() {
    XattrsRead read = read_xattrs({.fd = fd(), .path = {}});
    if (read.error != 0) throw system_failure("cannot read the attributes", path(), read.error);
    return std::move(read.xattrs);
}

void PosixFile::set_xattr(const Xattr& xattr) {
    int error = write_xattr({.fd = fd(), .path = {}}, xattr);
    if (error != 0) throw system_failure("cannot set " + xattr.name, path(), error);
}

void PosixFile::remove_xattr(const std::string& name) {
    int error = erase_xattr({.fd = fd(), .path = {}}, name);
    if (error != 0) throw system_failure("cannot remove " + name, path(), error);
}

bool PosixFile::try_lock(Lock kind) {
    int result = again([&] { return ::flock(fd(), (kind == Lock::shared ? LOCK_SH : LOCK_EX) | LOCK_NB); });
    if (result != 0 && errno == EWOULDBLOCK) return false;
    require(result, "cannot lock");
    return true;
}

std::unique_ptr<Mapping> PosixFile::map() {
    std::uint64_t size = stat().size;
    if (size == 0) return std::make_unique<PosixMapping>(nullptr, 0);  // EINVAL for the kernel
    void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd(), 0);
    if (start == MAP_FAILED) fail("cannot map");
    return std::make_unique<PosixMapping>(start, size);
}

}  // namespace ft::io

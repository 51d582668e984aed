#include "libcore/ckpt/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <memory>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/ckpt/selection.h"

namespace ft::ckpt {
namespace {

using source::Entry;
using source::Run;

constexpr std::string_view acl_prefix = "system.posix_acl_";

mode_t type_bits(io::Kind kind) {
    switch (kind) {
        case io::Kind::dir:
            return S_IFDIR;
        case io::Kind::symlink:
            return S_IFLNK;
        case io::Kind::fifo:
            return S_IFIFO;
        case io::Kind::char_device:
            return S_IFCHR;
        case io::Kind::block_device:
            return S_IFBLK;
        default:
            return S_IFREG;
    }
}

/// One row of an ACL in the kernel's xattr form (linux/posix_acl_xattr.h) for libarchive.
void add_acl_row(archive_entry* out, int type, std::uint16_t tag, std::uint16_t permissions, std::uint32_t id) {
    int kind = 0;
    switch (tag) {
        case 0x01:
            kind = ARCHIVE_ENTRY_ACL_USER_OBJ;
            break;
        case 0x02:
            kind = ARCHIVE_ENTRY_ACL_USER;
            break;
        case 0x04:
            kind = ARCHIVE_ENTRY_ACL_GROUP_OBJ;
            break;
        case 0x08:
            kind = ARCHIVE_ENTRY_ACL_GROUP;
            break;
        case 0x10:
            kind = ARCHIVE_ENTRY_ACL_MASK;
            break;
        default:
            kind = ARCHIVE_ENTRY_ACL_OTHER;
    }
    archive_entry_acl_add_entry(out, type, permissions, kind, static_cast<int>(id), nullptr);
}

/// false where an id is larger than libarchive can carry: a part of an ACL would mean something else.
bool add_acl(archive_entry* out, const io::Xattr& xattr) {
    const int type = xattr.name.ends_with("default") ? ARCHIVE_ENTRY_ACL_TYPE_DEFAULT : ARCHIVE_ENTRY_ACL_TYPE_ACCESS;
    Decoder in(view_of(xattr.value), xattr.name);
    if (in.u32() != 2) in.fail("an ACL of an unknown version");
    constexpr std::uint32_t no_id = UINT32_MAX;
    for (Decoder look = in; !look.empty();) {
        (void)look.u32();
        if (const std::uint32_t id = look.u32(); id > INT32_MAX && id != no_id) return false;
    }
    while (!in.empty()) {
        const std::uint16_t tag = in.u16(), permissions = in.u16();
        add_acl_row(out, type, tag, permissions, in.u32());
    }
    return true;
}

void add_xattrs(archive_entry* out, const Entry& entry, Notes& notes) {
    for (const io::Xattr& xattr : entry.xattrs) {
        if (!xattr.name.starts_with(acl_prefix))
            archive_entry_xattr_add_entry(out, xattr.name.c_str(), xattr.value.data(), xattr.value.size());
        else if (!add_acl(out, xattr))
            notes.add("left out the ACL of", entry.path, "it has an id beyond 2147483647");
    }
}

/// Data extents, where there are holes.
void add_sparse(archive_entry* out, const Entry& entry) {
    if (std::none_of(entry.runs.begin(), entry.runs.end(), [](const Run& run) { return run.length == 0; })) return;
    std::uint64_t at = 0, start = 0, length = 0;
    for (const Run& run : entry.runs) {
        if (run.length == 0) {
            if (length != 0)
                archive_entry_sparse_add_entry(out, static_cast<la_int64_t>(start), static_cast<la_int64_t>(length));
            start = at + run.hole;
            length = 0;
        } else {
            length += run.length;
        }
        at += run.size();
    }
    // The last one also says where the file ends.
    archive_entry_sparse_add_entry(out, static_cast<la_int64_t>(start), static_cast<la_int64_t>(length));
}

class TarStream {
public:
    TarStream(store::Store& store, const RestoreRequest& request, const std::function<void(View)>& sink,
              Progress& progress)
        : request_(request), sink_(sink), progress_(progress), reader_(store), archive_(archive_write_new()) {
        must(archive_write_set_format_pax(archive_.get()));
        must(archive_write_set_options(archive_.get(), "hdrcharset=BINARY"));
        must(archive_write_set_bytes_per_block(archive_.get(), 1 << 18));
        must(archive_write_set_bytes_in_last_block(archive_.get(), 1));
        must(archive_write_open(archive_.get(), this, nullptr, &TarStream::write, nullptr));
    }

    void add(const store::Manifest& manifest, const store::SourceRecord& source) {
        SelectedEntries entries(reader_, source, request_.only, request_.checkpoint.text());
        while (const std::optional<Entry> entry = entries.next_whole()) {
            progress_.step();
            send(manifest, source.label, *entry);
            ++report_.totals.entries;
            ++progress_.items;
        }
    }

    [[nodiscard]] RestoreReport finish() {
        must(archive_write_close(archive_.get()));
        report_.notes = notes_.take();
        return std::move(report_);
    }

private:
    static std::string shown(const std::string& label, const std::string& path) {
        if (label.empty()) return path.empty() ? "./" : path;
        return path.empty() ? label : label + "/" + path;
    }

    void send(const store::Manifest& manifest, const std::string& label, const Entry& entry) {
        const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> out(archive_entry_new(),
                                                                                archive_entry_free);
        archive_entry_set_pathname(out.get(), shown(label, entry.path).c_str());
        archive_entry_set_mode(out.get(), type_bits(entry.kind) | entry.mode);
        archive_entry_set_uid(out.get(), entry.uid);
        archive_entry_set_gid(out.get(), entry.gid);
        if (const auto name = manifest.users.find(entry.uid); name != manifest.users.end())
            archive_entry_set_uname(out.get(), name->second.c_str());
        if (const auto name = manifest.groups.find(entry.gid); name != manifest.groups.end())
            archive_entry_set_gname(out.get(), name->second.c_str());
        archive_entry_set_mtime(out.get(), entry.mtime.s, static_cast<long>(entry.mtime.ns));
        if (!entry.symlink.empty()) archive_entry_set_symlink(out.get(), entry.symlink.c_str());
        if (entry.rdev != 0) archive_entry_set_rdev(out.get(), entry.rdev);
        add_xattrs(out.get(), entry, notes_);
        const bool has_content = entry.kind == io::Kind::file && entry.hard_link.empty();
        archive_entry_set_size(out.get(), has_content ? static_cast<la_int64_t>(entry.size) : 0);
        if (!entry.hard_link.empty()) archive_entry_set_hardlink(out.get(), shown(label, entry.hard_link).c_str());
        if (has_content) add_sparse(out.get(), entry);
        must(archive_write_header(archive_.get(), out.get()));
        if (has_content) send_content(entry);
    }

    void send_content(const Entry& entry) {
        ++report_.totals.files;
        const Bytes zeros(64U << 10);
        for (const Run& run : entry.runs) {
            if (run.length != 0) {
                send_bytes(reader_.read({run.digest, run.length}).bytes);
                report_.totals.bytes += run.length;
                progress_.bytes += run.length;
            }
            // libarchive leaves out what is not in an extent, but wants to be given it.
            for (std::uint64_t left = run.hole; left != 0;) {
                const std::uint64_t now = std::min<std::uint64_t>(left, zeros.size());
                send_bytes(View(zeros).first(now));
                left -= now;
            }
        }
    }

    void send_bytes(View bytes) {
        while (!bytes.empty()) {
            const la_ssize_t sent = archive_write_data(archive_.get(), bytes.data(), bytes.size());
            if (sent <= 0) must(ARCHIVE_FATAL);
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        }
    }

    /// What the sink threw waits here: C code must not be unwound through.
    static la_ssize_t write(archive* handle, void* self, const void* bytes, std::size_t size) {
        auto& stream = *static_cast<TarStream*>(self);
        try {
            stream.sink_(View(static_cast<const std::byte*>(bytes), size));
            return static_cast<la_ssize_t>(size);
        } catch (...) {  // carried over the library's frames to must()
            stream.failure_ = std::current_exception();
            archive_set_error(handle, EIO, "the output failed");
            return -1;
        }
    }

    void must(int result) {
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
        if (result == ARCHIVE_OK) return;
        const char* why = archive_error_string(archive_.get());
        if (result == ARCHIVE_WARN) return;  // a name that is not UTF-8: sent as it is
        throw Failure({.what = "cannot make the tar stream", .why = why != nullptr ? why : "libarchive refuses"});
    }

    /// Closing flushes into the sink; a stream that failed must not.
    struct Free {
        void operator()(archive* handle) const {
            archive_write_fail(handle);
            archive_write_free(handle);
        }
    };
    const RestoreRequest& request_;
    const std::function<void(View)>& sink_;
    Progress& progress_;
    store::Reader reader_;
    std::exception_ptr failure_;
    std::unique_ptr<archive, Free> archive_;
    RestoreReport report_;
    Notes notes_;
};

}  // namespace

RestoreReport restore_tar(store::Store& store, const RestoreRequest& request, const std::function<void(View)>& sink,
                          Clock& clock, Progress& progress) {
    const auto start = clock.monotonic();
    store.index();
    const store::Manifest manifest = store.manifest(request.checkpoint);
    TarStream stream(store, request, sink, progress);
    bool any = false;
    for (const store::SourceRecord& source : manifest.sources) {
        if (source.type != store::SourceType::tree) continue;
        stream.add(manifest, source);
        any = true;
    }
    if (!any)
        throw Failure({.what = "cannot make a tar stream of " + request.checkpoint.text(),
                       .why = "it holds no tree",
                       .exit = Exit::no});
    RestoreReport report = stream.finish();
    report.name = manifest.name;
    report.sequence = manifest.sequence;
    report.saved_at = manifest.finished;
    report.destination = "-";
    report.bytes_written = report.totals.bytes;
    report.load_s = seconds(clock.monotonic() - start);
    return report;
}

}  // namespace ft::ckpt

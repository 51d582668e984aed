#include "libcore/source/entry.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "libcore/base/failure.h"

namespace ft::source {
namespace {

constexpr std::uint8_t format_version = 1;
constexpr std::size_t name_limit = 255;
constexpr std::size_t symlink_limit = 4095;
constexpr std::size_t xattr_value_limit = 64U << 10;
constexpr std::uint32_t second_ns = 1'000'000'000;

enum Flag : std::uint8_t {
    flag_continues = 1U << 0,
    flag_more = 1U << 1,
    flag_changed = 1U << 2,
    flag_linked = 1U << 3,
    flag_hard_link = 1U << 4,
    flag_xattrs = 1U << 5,
    flag_runs = 1U << 6,
    flag_unknown = 1U << 7,
};

bool is_device(io::Kind kind) { return kind == io::Kind::char_device || kind == io::Kind::block_device; }

bool has_content(const Entry& entry) { return entry.kind == io::Kind::file && entry.hard_link.empty(); }

std::size_t shared_prefix(std::string_view a, std::string_view b) {
    const std::size_t n = std::min(a.size(), b.size());
    return static_cast<std::size_t>(
        std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(n), b.begin()).first - a.begin());
}

std::uint8_t flags_of(const Entry& entry) {
    unsigned flags = 0;
    if (entry.continues) flags |= flag_continues;
    if (entry.more) flags |= flag_more;
    if (entry.changed) flags |= flag_changed;
    if (entry.linked) flags |= flag_linked;
    if (!entry.hard_link.empty()) flags |= flag_hard_link;
    if (!entry.xattrs.empty()) flags |= flag_xattrs;
    if (!entry.runs.empty()) flags |= flag_runs;
    return static_cast<std::uint8_t>(flags);
}

void encode_time(Encoder& out, const Time& time) {
    out.signed_varint(time.s);
    out.varint(time.ns);
}

void encode_stat(Encoder& out, const Entry& entry) {
    out.u8(static_cast<std::uint8_t>(entry.kind));
    out.varint(entry.mode);
    out.varint(entry.uid);
    out.varint(entry.gid);
    encode_time(out, entry.mtime);
    encode_time(out, entry.ctime);
    out.varint(entry.ino);
    if (entry.kind == io::Kind::file) out.varint(entry.size);
    if (is_device(entry.kind)) out.varint(entry.rdev);
    if (!entry.hard_link.empty())
        out.text(entry.hard_link);
    else if (entry.kind == io::Kind::symlink)
        out.text(entry.symlink);
}

void encode_xattrs(Encoder& out, const std::vector<io::Xattr>& xattrs) {
    out.varint(xattrs.size());
    for (const io::Xattr& xattr : xattrs) {
        out.text(xattr.name);
        out.text(xattr.value);
    }
}

void encode_runs(Encoder& out, const std::vector<Run>& runs) {
    out.varint(runs.size());
    for (const Run& run : runs) {
        out.varint(run.length);
        if (run.length != 0)
            out.raw(run.digest.bytes);
        else
            out.varint(run.hole);
    }
}

Time decode_time(Decoder& in) {
    Time time;
    time.s = in.signed_varint();
    time.ns = static_cast<std::uint32_t>(in.bounded(second_ns - 1, "nanoseconds"));
    return time;
}

io::Kind decode_kind(Decoder& in) {
    const std::uint8_t kind = in.u8();
    if (kind < static_cast<std::uint8_t>(io::Kind::file) || kind >= static_cast<std::uint8_t>(io::Kind::socket))
        in.fail("unknown kind of object");
    return static_cast<io::Kind>(kind);
}

void decode_stat(Decoder& in, std::uint8_t flags, Entry& entry) {
    entry.kind = decode_kind(in);
    entry.mode = static_cast<std::uint32_t>(in.bounded(07777, "mode"));
    entry.uid = static_cast<std::uint32_t>(in.bounded(UINT32_MAX, "owner"));
    entry.gid = static_cast<std::uint32_t>(in.bounded(UINT32_MAX, "group"));
    entry.mtime = decode_time(in);
    entry.ctime = decode_time(in);
    entry.ino = in.varint();
    if (entry.kind == io::Kind::file) entry.size = in.varint();
    if (is_device(entry.kind)) entry.rdev = in.varint();
    if ((flags & flag_hard_link) != 0)
        entry.hard_link = in.text(path_limit);
    else if (entry.kind == io::Kind::symlink)
        entry.symlink = in.text(symlink_limit);
}

void decode_xattrs(Decoder& in, Entry& entry) {
    const std::uint64_t count = in.bounded(xattrs_limit, "number of extended attributes");
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string_view name = in.text(name_limit);
        entry.xattrs.push_back({std::string(name), std::string(in.text(xattr_value_limit))});
    }
}

Run decode_run(Decoder& in) {
    Run run;
    run.length = static_cast<std::uint32_t>(in.bounded(chunk_limit, "length of a chunk"));
    if (run.length == 0) {
        run.hole = in.varint();
        return run;
    }
    const View digest = in.raw(run.digest.bytes.size());
    std::memcpy(run.digest.bytes.data(), digest.data(), digest.size());
    return run;
}

void decode_runs(Decoder& in, Entry& entry) {
    const std::uint64_t count = in.bounded(std::min<std::uint64_t>(runs_per_record, in.left()), "number of runs");
    entry.runs.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) entry.runs.push_back(decode_run(in));
}

void decode_path(Decoder& in, const std::string& last, Entry& entry) {
    const auto shared = static_cast<std::size_t>(in.bounded(last.size(), "shared length of a path"));
    const std::string_view rest = in.text(path_limit);
    if (shared < last.size() && !rest.empty() && rest[0] == last[shared]) in.fail("a path is not in its shortest form");
    entry.path.reserve(shared + rest.size());
    entry.path.assign(last, 0, shared);
    entry.path.append(rest);
}

Entry decode_record(Decoder& in, const std::string& last) {
    Entry entry;
    const std::uint8_t flags = in.u8();
    if ((flags & flag_unknown) != 0) in.fail("unknown flag");
    entry.continues = (flags & flag_continues) != 0;
    entry.more = (flags & flag_more) != 0;
    entry.changed = (flags & flag_changed) != 0;
    entry.linked = (flags & flag_linked) != 0;
    decode_path(in, last, entry);
    if (!entry.continues) decode_stat(in, flags, entry);
    if ((flags & flag_xattrs) != 0) decode_xattrs(in, entry);
    if ((flags & flag_runs) != 0) decode_runs(in, entry);
    in.end();
    if (flags_of(entry) != flags) in.fail("flags contradict the fields");
    return entry;
}

bool is_safe_component(std::string_view name) {
    return !name.empty() && name.size() <= name_limit && name != "." && name != ".." &&
           name.find('\0') == std::string_view::npos;
}

const char* refuse_xattrs(const std::vector<io::Xattr>& xattrs) {
    if (xattrs.size() > xattrs_limit) return "too many extended attributes";
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < xattrs.size(); ++i) {
        const io::Xattr& xattr = xattrs[i];
        if (xattr.name.empty() || xattr.name.size() > name_limit || xattr.name.find('\0') != std::string::npos)
            return "unfit name of an extended attribute";
        if (xattr.value.size() > xattr_value_limit) return "too long an extended attribute";
        if (i != 0 && xattrs[i - 1].name >= xattr.name) return "extended attributes out of order";
        bytes += xattr.name.size() + xattr.value.size();
    }
    return bytes > xattr_bytes_limit ? "too many bytes of extended attributes" : nullptr;
}

const char* refuse_symlink(const Entry& entry) {
    if (entry.kind != io::Kind::symlink || !entry.hard_link.empty())
        return entry.symlink.empty() ? nullptr : "a target on what is no symbolic link";
    const std::string& target = entry.symlink;
    const bool fits = !target.empty() && target.size() <= symlink_limit && target.find('\0') == std::string::npos;
    return fits ? nullptr : "unfit target of a symbolic link";
}

const char* refuse_hard_link(const Entry& entry) {
    if (entry.hard_link.empty())
        return entry.linked && entry.kind == io::Kind::dir ? "a hard link to a directory" : nullptr;
    if (entry.kind == io::Kind::dir) return "a hard link to a directory";
    if (entry.linked || entry.more || entry.changed || !entry.xattrs.empty() || !entry.runs.empty())
        return "a hard link with content of its own";
    if (!is_safe_path(entry.hard_link)) return "unsafe path of a hard link";
    return compare_paths(entry.hard_link, entry.path) < 0 ? nullptr : "a hard link to what comes later";
}

const char* refuse_fields(const Entry& entry) {
    if (entry.kind < io::Kind::file || entry.kind >= io::Kind::socket) return "unknown kind of object";
    if (entry.mode > 07777) return "mode out of range";
    if (entry.mtime.ns >= second_ns || entry.ctime.ns >= second_ns) return "nanoseconds out of range";
    if (entry.size != 0 && entry.kind != io::Kind::file) return "a size on what is no file";
    if (entry.rdev != 0 && !is_device(entry.kind)) return "a device number on what is no device";
    if (const char* why = refuse_symlink(entry)) return why;
    if (const char* why = refuse_hard_link(entry)) return why;
    return refuse_xattrs(entry.xattrs);
}

const char* refuse_continuation_fields(const Entry& entry) {
    const bool bare = !entry.linked && entry.hard_link.empty() && entry.xattrs.empty();
    return bare ? nullptr : "a continuation with fields of its own";
}

}  // namespace

int compare_paths(std::string_view a, std::string_view b) {
    const std::size_t same = shared_prefix(a, b);
    if (same == a.size() || same == b.size()) return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
    if (a[same] == '/') return -1;
    if (b[same] == '/') return 1;
    return static_cast<unsigned char>(a[same]) < static_cast<unsigned char>(b[same]) ? -1 : 1;
}

bool is_safe_path(std::string_view path) {
    if (path.empty()) return true;
    if (path.size() > path_limit) return false;
    for (;;) {
        const std::size_t slash = path.find('/');
        if (!is_safe_component(path.substr(0, slash))) return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

const char* EntryRules::refuse(const Entry& entry) {
    if (const char* why = refuse_place(entry)) return why;
    if (const char* why = entry.continues ? refuse_continuation_fields(entry) : refuse_fields(entry)) return why;
    if (!entry.continues) content_left_ = has_content(entry) ? entry.size : 0;
    if (const char* why = refuse_runs(entry)) return why;
    expect_more_ = entry.more;
    if (entry.continues) return nullptr;
    started_ = true;
    last_path_ = entry.path;
    last_kind_ = entry.kind;
    return nullptr;
}

// A directory comes before what it contains, so everything above the last path is known to be a directory: the new
// entry's directory must be one of these, or the last entry itself.
const char* EntryRules::refuse_place(const Entry& entry) const {
    if (entry.continues != expect_more_)
        return entry.continues ? "a continuation of nothing" : "a continuation is missing";
    if (entry.continues) return entry.path == last_path_ ? nullptr : "a continuation of another path";
    if (!is_safe_path(entry.path)) return "unsafe path";
    if (!started_) return entry.path.empty() ? nullptr : "the first entry is not the root";
    if (compare_paths(last_path_, entry.path) >= 0) return "paths out of order";
    const std::size_t slash = entry.path.rfind('/');
    const std::string_view above = std::string_view(entry.path).substr(0, slash == std::string::npos ? 0 : slash);
    if (above == last_path_) return last_kind_ == io::Kind::dir ? nullptr : "an entry below what is no directory";
    const bool known = above.empty() || (last_path_.size() > above.size() && last_path_[above.size()] == '/' &&
                                         last_path_.compare(0, above.size(), above) == 0);
    return known ? nullptr : "an entry below a directory that is missing";
}

const char* EntryRules::refuse_runs(const Entry& entry) {
    if (entry.runs.size() > runs_per_record) return "too many runs in one record";
    if (entry.more && entry.changed) return "marked as changed before its end";
    if ((entry.more || entry.continues) && entry.runs.empty()) return "a continued record without runs";
    for (const Run& run : entry.runs) {
        const bool hole = run.length == 0;
        if (hole == (run.hole == 0) || run.length > chunk_limit) return "unfit length of a run";
        if (run.size() > content_left_) return "runs longer than the size";
        content_left_ -= run.size();
    }
    return !entry.more && content_left_ != 0 ? "runs shorter than the size" : nullptr;
}

void EntryWriter::append(const Entry& entry) {
    head_.clear();
    body_.clear();
    if (!started_) head_.u8(format_version);
    started_ = true;
    const std::size_t shared = shared_prefix(rules_.last_path(), entry.path);
    body_.u8(flags_of(entry));
    body_.varint(shared);
    body_.text(std::string_view(entry.path).substr(shared));
    if (!entry.continues) encode_stat(body_, entry);
    if (!entry.xattrs.empty()) encode_xattrs(body_, entry.xattrs);
    if (!entry.runs.empty()) encode_runs(body_, entry.runs);
    const char* refused = rules_.refuse(entry);
    check(refused == nullptr, refused);
    check(body_.size() <= record_limit, "an entry's record fits its limit");
    head_.varint(body_.size());
    sink_(head_.view());
    sink_(body_.view());
}

// Keeps what is left of the last piece and appends further pieces until `needed` bytes are there; false where the
// stream ends before.
bool EntryReader::fill(std::size_t needed) {
    while (buffer_.size() - start_ < needed) {
        Bytes piece = pull_();
        if (piece.empty()) return false;
        if (start_ == buffer_.size()) {
            buffer_ = std::move(piece);
        } else {
            buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
            buffer_.insert(buffer_.end(), piece.begin(), piece.end());
        }
        start_ = 0;
    }
    return true;
}

// The varint before a record: read byte by byte, as the stream may end within it.
std::size_t EntryReader::record_length() {
    std::size_t length = 0;
    for (unsigned shift = 0;; shift += 7) {
        if (!fill(1)) throw damage(where_, "it ends within a record");
        const auto byte = std::to_integer<std::uint8_t>(buffer_[start_++]);
        length |= static_cast<std::size_t>(byte & 0x7FU) << shift;
        if (length > record_limit || shift > 21) throw damage(where_, "too long a record");
        if ((byte & 0x80U) != 0) continue;
        if (byte == 0) throw damage(where_, shift == 0 ? "an empty record" : "a length is not in its shortest form");
        return length;
    }
}

std::optional<Entry> EntryReader::next() {
    if (!fill(1)) {
        if (!rules_.complete()) throw damage(where_, "a continuation is missing");
        return std::nullopt;
    }
    if (!started_) {
        const auto version = std::to_integer<std::uint8_t>(buffer_[start_++]);
        if (version != format_version) throw damage(where_, "not a list of entries, or one of a newer version of ft");
        started_ = true;
    }
    const std::size_t length = record_length();
    if (!fill(length)) throw damage(where_, "it ends within a record");
    Decoder in(View(buffer_).subspan(start_, length), where_);
    Entry entry = decode_record(in, rules_.last_path());
    if (const char* why = rules_.refuse(entry)) in.fail(why);
    start_ += length;
    return entry;
}

}  // namespace ft::source

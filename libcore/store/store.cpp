#include "libcore/store/store.h"

#include <algorithm>
#include <set>

#include "libcore/base/environment.h"
#include "libcore/base/failure.h"
#include "libcore/base/text.h"

namespace ft::store {
namespace {

constexpr std::string_view format_magic{"ftstore\1", 8};
constexpr std::uint32_t version = 1;
constexpr std::uint64_t known_incompatible_features = 0;

/// The object "format": what every program checks before it touches anything else. FORMAT.md section 2.
Bytes encode_format(const FormatInfo& format) {
    Encoder out;
    out.raw(view_of(format_magic));
    out.u32(format.version);
    out.u32(1);  // digest id: SHA-256 of the content
    out.u64(0);  // compatible features
    out.u64(0);  // incompatible features
    out.raw(format.uuid.bytes);
    out.u64(checksum_of(out.view()));
    return out.take();
}

FormatInfo decode_format(View bytes, const std::string& where) {
    Decoder in(bytes, where);
    if (bytes.size() < 8 || text_of(in.raw(8)) != format_magic) throw damage(where, "not the format object of a store");
    FormatInfo format;
    format.version = in.u32();
    const std::uint32_t digest_id = in.u32();
    in.u64();
    const std::uint64_t features = in.u64();
    std::memcpy(format.uuid.bytes.data(), in.raw(16).data(), 16);
    if (in.u64() != checksum_of(bytes.first(bytes.size() - 8))) in.fail("its checksum differs");
    in.end();
    if (format.version != version || digest_id != 1 || (features & ~known_incompatible_features) != 0)
        throw Failure({.what = "cannot open the store",
                       .where = where,
                       .why = "it was made by a newer version of ft",
                       .todo = "use that version"});
    return format;
}

constexpr std::uint64_t format_limit = 4096;

std::optional<FormatInfo> find_format(Backend& backend) {
    const std::optional<Bytes> bytes = backend.get("format", format_limit);
    if (!bytes) return std::nullopt;
    return decode_format(*bytes, backend.path() + "/format");
}

/// Fails unless the place is empty but for what ft leaves where it is cut off.
void check_may_become_store(Backend& backend) {
    const std::set<std::string> own{"tmp", "gate", "guards", "maintain", "lost+found", "format"};
    for (const std::string& name : backend.list("")) {
        if (own.contains(name)) continue;
        if (find_format(backend)) return;  // another makes it just now: what it put after 'format' may be listed first
        throw Failure({.what = "cannot make a store",
                       .where = backend.path(),
                       .why = "the directory is not empty ('" + printable(name) + "' is in it)",
                       .todo = "name an empty or missing directory with --store"});
    }
}

[[noreturn]] void no_store(const Backend& backend) {
    throw Failure({.what = "no store",
                   .where = backend.path(),
                   .why = "there is no 'format' in it",
                   .todo = "name one with --store, or make one by 'ftckpt save'"});
}

}  // namespace

bool is_valid_name(std::string_view name) {
    if (name.empty() || name.size() > 200 || name.front() == '.' || name.front() == '-' || !is_utf8(name)) return false;
    return std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-' || c >= 0x80;
    });
}

std::string default_path() {
    return path_of(StatePlace{.variable = "FT_STORE",
                              .folder = "store",
                              .what = "no store is named",
                              .todo = "name one with --store DIR or FT_STORE"});
}

bool holds_store(io::Dir& dir) { return dir.stat("format").has_value(); }

Store Store::open(Backend& backend, Clock& clock) {
    Store store(backend, clock);
    const std::optional<FormatInfo> format = find_format(backend);
    if (!format) no_store(backend);
    store.format_ = *format;
    return store;
}

Store Store::open_or_create(Backend& backend, Clock& clock) {
    Store store(backend, clock);
    std::optional<FormatInfo> format = find_format(backend);
    if (!format) {
        check_may_become_store(backend);
        const FormatInfo fresh{.uuid = clock.random_uuid(), .version = version};
        // Durable before the first pack (Writer): without one there is nothing to lose.
        store.created_ = backend.post_if_absent("format", encode_format(fresh));
        format = find_format(backend);  // another's, where two made it at once
    }
    if (!format) no_store(backend);
    store.format_ = *format;
    return store;
}

std::vector<std::string> Store::names() {
    std::vector<std::string> names;
    for (std::string& name : backend_->list("checkpoints"))
        if (is_valid_name(name) && !sequences(name).empty()) names.push_back(std::move(name));
    return names;
}

std::vector<std::uint64_t> Store::sequences(const std::string& name) {
    std::vector<std::uint64_t> found;
    for (const std::string& object : backend_->list("checkpoints/" + name))
        if (const auto number = parse_number(object)) found.push_back(*number);
    std::sort(found.begin(), found.end());
    return found;
}

std::uint64_t Store::next_sequence(const std::string& name) {
    const std::vector<std::uint64_t> live = sequences(name);
    std::uint64_t last = live.empty() ? 0 : live.back();
    for (const std::string& removed : backend_->list("removed/" + name))
        if (const auto number = parse_number(removed)) last = std::max(last, *number);
    return last + 1;
}

void Store::use() {
    if (!guard_) guard_ = backend_->use();
}

void Store::leave() {
    index_.reset();
    if (guard_) guard_->release();
    guard_.reset();
}

Index& Store::index() {
    use();
    if (!index_) index_ = std::make_unique<Index>(*backend_);
    return *index_;
}

Manifest Store::manifest(const CheckpointId& id) {
    const std::string object = "checkpoints/" + id.name + "/" + std::to_string(id.sequence);
    const std::optional<Bytes> bytes = backend_->get(object, manifest_limit);
    const std::string where = backend_->path() + "/" + object;
    if (!bytes)
        throw Failure({.what = "no checkpoint '" + id.text() + "'", .where = backend_->path(), .exit = Exit::no});
    Manifest manifest = decode_manifest(*bytes, where);
    if (manifest.name != id.name || manifest.sequence != id.sequence || manifest.store != format_.uuid)
        throw damage(where, "it is the manifest of another checkpoint");
    return manifest;
}

}  // namespace ft::store

#include "libcore/twophase/claim.h"

#include <algorithm>

#include "libcore/base/failure.h"

namespace ft::twophase {

namespace {

constexpr std::string_view magic{"ftclaim\0", 8};
constexpr std::uint16_t version = 1;
constexpr std::size_t longest_branch = 64, longest_name = 255, longest_claim = 4096;
constexpr std::size_t piece = 1U << 20, pieces_at_once = 4;
constexpr std::size_t longest_shown = 200;  // a longer name leaves no room for what is put around it

void encode(Encoder& out, const Content& content) {
    out.u8(static_cast<std::uint8_t>(content.kind));
    out.raw(content.digest.bytes);
}

Content decode_content(Decoder& in) {
    Content content;
    const std::uint8_t kind = in.u8();
    if (kind > static_cast<std::uint8_t>(Content::Kind::link)) in.fail("an unknown kind of content");
    content.kind = static_cast<Content::Kind>(kind);
    const View digest = in.raw(content.digest.bytes.size());
    std::copy(digest.begin(), digest.end(), content.digest.bytes.begin());
    if (content.kind == Content::Kind::absent && content.digest != Digest{}) in.fail("a digest of nothing");
    return content;
}

std::string unput_name(const std::string& branch) { return staged_name(branch) + ".claim"; }

/// false where the name is taken.
bool put_whole(io::Dir& dir, const Claim& claim, View bytes) {
    std::unique_ptr<io::File> file = dir.create_unnamed(0600);
    const bool unnamed = file != nullptr;
    if (!unnamed) file = dir.create_file(unput_name(claim.branch), 0600);
    if (!file) throw system_failure("cannot create", io::join_path(dir.path(), unput_name(claim.branch)), EEXIST);
    file->write_at(bytes, 0);
    file->sync();
    if (unnamed) return dir.publish(*file, claim_name(claim.name));
    if (dir.rename_new(unput_name(claim.branch), dir, claim_name(claim.name))) return true;
    dir.remove_file(unput_name(claim.branch));
    return false;
}

}  // namespace

Digest digest_of_file(io::File& file, const std::function<void()>& pace) {
    Scratch scratch;
    Encoder digests;
    for (std::uint64_t at = 0;;) {
        pace();
        std::span<std::byte> filled = scratch.first(piece * pieces_at_once);
        filled = filled.first(file.read_at(filled, at));
        at += filled.size();
        std::vector<View> pieces;
        for (View left = filled; !left.empty(); left = left.subspan(pieces.back().size()))
            pieces.push_back(left.first(std::min(piece, left.size())));
        for (const Digest& digest : digests_of(pieces)) digests.raw(digest.bytes);
        if (filled.size() < piece * pieces_at_once) return digest_of(digests.view());
    }
}

Content content_of(io::Dir& dir, const std::string& name, const std::function<void()>& pace) {
    const std::optional<io::Stat> stat = dir.stat(name);
    if (!stat) return {};
    if (stat->kind == io::Kind::symlink) return {Content::Kind::link, digest_of(view_of(dir.read_symlink(name)))};
    if (stat->kind == io::Kind::file) return {Content::Kind::file, digest_of_file(*io::open_file(dir, name), pace)};
    throw Failure({.what = "cannot replace",
                   .where = io::join_path(dir.path(), name),
                   .why = stat->kind == io::Kind::dir ? "it is a directory" : "it is not a regular file"});
}

Bytes encode(const Claim& claim) {
    Encoder out;
    out.raw(view_of(magic));
    out.u16(version);
    out.text(claim.branch);
    out.text(claim.name);
    encode(out, claim.old);
    encode(out, claim.next);
    out.u64(checksum_of(out.view()));
    return out.take();
}

Claim decode_claim(View bytes, std::string_view where) {
    Decoder in(bytes, where);
    if (in.left() < magic.size() || text_of(in.raw(magic.size())) != magic) in.fail("it is no claim of ft2pc");
    if (in.u16() != version) in.fail("a claim of a newer version: use a newer ft2pc");
    Claim claim;
    claim.branch = in.text(longest_branch);
    claim.name = in.text(longest_name);
    claim.old = decode_content(in);
    claim.next = decode_content(in);
    const View covered = bytes.first(bytes.size() - in.left());
    if (in.u64() != checksum_of(covered)) in.fail("its checksum does not fit");
    in.end();
    return claim;
}

std::string claim_name(const std::string& name) {
    return "." + (name.size() <= longest_shown ? name : digest_of(view_of(name)).hex()) + ".ft2pc";
}

std::string staged_name(const std::string& branch) { return ".ft2pc-" + branch; }

std::optional<Claim> find_claim(io::Dir& dir, const std::string& name) {
    const std::unique_ptr<io::File> file = dir.find_file(claim_name(name), io::Access::read);
    if (!file) return std::nullopt;
    Claim claim = decode_claim(io::read_whole(*file, longest_claim), file->path());
    if (claim.name != name) throw damage(file->path(), "it is the claim on another name");
    return claim;
}

std::optional<Claim> put_claim(io::Dir& dir, const Claim& claim) {
    const Bytes bytes = encode(claim);
    // The other one may end its claim just now.
    for (int tries = 0; tries < 100; ++tries) {
        if (std::optional<Claim> other = find_claim(dir, claim.name)) return other;
        if (put_whole(dir, claim, bytes)) return std::nullopt;
    }
    throw Failure({.what = "cannot claim",
                   .where = io::join_path(dir.path(), claim.name),
                   .why = "others claim it again and again",
                   .exit = Exit::busy});
}

void remove_unput_claim(io::Dir& dir, const std::string& branch) { dir.remove_file(unput_name(branch)); }

}  // namespace ft::twophase

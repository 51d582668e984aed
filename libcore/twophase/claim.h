// A claim: the small file beside a name which says that a branch is about to replace what the name means, and by what.
//
// It exists whole or not at all, and only one can: who has put it owns the name until it is removed. FORMAT.md,
// section 4.
//
//     if (std::optional<Claim> other = put_claim(dir, mine)) ... // it is claimed: other->branch
//     dir.sync();                                                // the claim is durable
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "libcore/base/hash.h"
#include "libcore/io/dir.h"

namespace ft::twophase {

/// What a name means.
struct Content {
    enum class Kind : std::uint8_t { absent = 0, file = 1, link = 2 };
    Kind kind = Kind::absent;
    Digest digest;  ///< absent: zeros; link: of its text; file: digest_of_file()
    bool operator==(const Content&) const = default;
};

/// SHA-256 of the SHA-256s of its pieces of 1 MiB.
///
/// pace  called before each piece; it may throw.
[[nodiscard]] Digest digest_of_file(io::File& file, const std::function<void()>& pace);
/// fails  where it is neither a file nor a link.
[[nodiscard]] Content content_of(io::Dir& dir, const std::string& name, const std::function<void()>& pace);

struct Claim {
    std::string branch;  ///< Branch::id()
    std::string name;    ///< that is claimed
    Content old, next;
    bool operator==(const Claim&) const = default;
};

[[nodiscard]] Bytes encode(const Claim& claim);
/// fails  damage().
[[nodiscard]] Claim decode_claim(View bytes, std::string_view where);

/// ".NAME.ft2pc", with the name's digest in its place where it is long.
[[nodiscard]] std::string claim_name(const std::string& name);
/// The name of what a branch keeps beside the claimed name until it is committed.
[[nodiscard]] std::string staged_name(const std::string& branch);

/// The claim on a name; std::nullopt where there is none. fails  damage().
[[nodiscard]] std::optional<Claim> find_claim(io::Dir& dir, const std::string& name);
/// Puts it; its content is durable when it returns, its name is not. returns  the claim that is there already.
[[nodiscard]] std::optional<Claim> put_claim(io::Dir& dir, const Claim& claim);
/// Removes what a put_claim() that was cut may have left.
void remove_unput_claim(io::Dir& dir, const std::string& branch);

}  // namespace ft::twophase

// A manifest: what is read of it is written to a manifest that means the same, or it is refused.
#include "libcore/store/manifest.h"

#include <algorithm>

#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

void decode(View bytes) {
    accepts([&] {
        const store::Manifest manifest = store::decode_manifest(bytes, "a manifest");
        check(store::decode_manifest(store::encode_manifest(manifest), "its copy") == manifest, "its copy is equal");
    });
}

/// With the digest that fits in its last 32 bytes.
Bytes sealed(View input) {
    Bytes bytes = copy_of(input);
    const Digest digest = digest_of(input.first(input.size() - 32));
    std::copy(digest.bytes.begin(), digest.bytes.end(), bytes.end() - 32);
    return bytes;
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ft::View input = ft::fuzz::view_of_input(data, size);
    ft::fuzz::decode(input);
    if (size >= 32) ft::fuzz::decode(ft::fuzz::sealed(input));
    return 0;
}

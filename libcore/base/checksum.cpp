#include <xxhash.h>

#include "libcore/base/hash.h"

namespace ft {

std::uint64_t checksum_of(View stored) { return XXH3_64bits(stored.data(), stored.size()); }

Fingerprint fingerprint_of(View text, std::uint64_t seed) {
    const XXH128_hash_t hash = XXH3_128bits_withSeed(text.data(), text.size(), seed);
    return {hash.low64, hash.high64};
}

}  // namespace ft

#include "libcore/store/chunker.h"

#include <algorithm>
#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "libcore/base/failure.h"

namespace ft::store {

namespace {

/// What one byte adds to the hash: 256 outputs of splitmix64 (Steele, Lea, Flood, OOPSLA 2014) from the seed "ft
/// gear\1" (big-endian). Fixed for ever: with another table nothing saved before would be found again.
constexpr std::array<std::uint64_t, 256> make_gear() {
    std::array<std::uint64_t, 256> gear{};
    std::uint64_t state = 0x6674206765617201;
    for (std::uint64_t& entry : gear) {
        state += 0x9E3779B97F4A7C15;
        std::uint64_t z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        entry = z ^ (z >> 31);
    }
    return gear;
}

alignas(64) constexpr std::array<std::uint64_t, 256> gear = make_gear();

/// A run of one byte has one hash all over, gear * (2^64 - 1). None is near zero, so that runs (zeros above all) have
/// no candidates and are cut at the largest size, with the mask of any normal size from 4 KiB on.
constexpr bool runs_have_no_candidates() {
    return std::none_of(gear.begin(), gear.end(),
                        [](std::uint64_t g) { return 0 - g < std::uint64_t{1} << (64 - 10); });
}
static_assert(runs_have_no_candidates());

/// "The highest n bits are zero" as "is below 2^(64 - n)": the strict limit implies the weak one.
struct Limits {
    std::uint64_t weak = 0;
    std::uint64_t strong = 0;

    /// Normalisation level 2: two bits more below the normal size, two bits fewer beyond it (FastCDC, section 3.5).
    static Limits of(const ChunkSizes& sizes) {
        check(sizes.normal >= 64 && sizes.min <= sizes.normal && sizes.normal <= sizes.max, "chunk sizes are in order");
        const int bits = std::bit_width(sizes.normal) - 1;
        return {std::uint64_t{1} << (64 - (bits - 2)), std::uint64_t{1} << (64 - (bits + 2))};
    }
};

constexpr std::uint64_t roll(std::uint64_t hash, std::byte byte) {
    return (hash << 1) + gear[std::to_integer<std::size_t>(byte)];
}

std::uint64_t roll_over(std::uint64_t hash, View bytes) {
    for (const std::byte byte : bytes) hash = roll(hash, byte);
    return hash;
}

/// The hash of position `at`: from the gear_window bytes before it, where there are as many.
std::uint64_t hash_at(View segment, View before, std::size_t at) {
    const std::size_t own = std::min(at, gear_window);
    const std::size_t more = std::min(before.size(), gear_window - own);
    return roll_over(roll_over(0, before.last(more)), segment.subspan(at - own, own));
}

struct Scan {
    View segment;
    Limits limits;
    std::vector<Candidate> found;

    /// The plain scan of [from, to), where `hash` is that of `from`.
    void range(std::size_t from, std::size_t to, std::uint64_t hash) {
        std::size_t i = from;
        while (to - i >= 8) {  // without a look at the end for each byte: half as fast again
#pragma GCC unroll 8
            for (std::size_t j = 0; j < 8; ++j) hash = step(i + j, hash);
            i += 8;
        }
        for (; i < to; ++i) hash = step(i, hash);
    }

private:
    std::uint64_t step(std::size_t i, std::uint64_t hash) {
        hash = roll(hash, segment[i]);
        if (hash < limits.weak) [[unlikely]]
            found.push_back({static_cast<std::uint32_t>(i + 1), hash < limits.strong});
        return hash;
    }
};

#if defined(__x86_64__)

constexpr std::size_t lanes = 4;
constexpr std::size_t group = 8;  // positions of each lane between two looks at the smallest hash

/// Scans the first lanes * length bytes as four stretches of `length` side by side, one in each 64-bit part of a
/// register. All it sees is that one of 32 positions is a candidate, one group in 512; the plain scan then says which.
///
/// Measured on random bytes, one core of an AMD EPYC (Zen 4) at 3.6 GHz: 4.4 GiB/s, against 3.3 GiB/s of the plain
/// scan, whose limit is two loads for each byte. Tried and slower: several lanes in plain registers (2.8 to 3.5),
/// gather instructions of AVX2 (1.8) and AVX-512 (1.5), table look-up by AVX-512 VBMI permutations (2.4).
__attribute__((target("avx2"))) void scan_lanes(Scan& scan, View before, std::size_t length) {
    const std::byte* bytes = scan.segment.data();
    alignas(32) std::array<std::uint64_t, lanes> start;
    for (std::size_t k = 0; k < lanes; ++k) start[k] = hash_at(scan.segment, before, k * length);
    __m256i hash = _mm256_load_si256(reinterpret_cast<const __m256i*>(start.data()));
    // Only the upper 32 bits of the limit count, so that a minimum of 32-bit parts does.
    const __m256i mask = _mm256_set1_epi64x(static_cast<long long>(0 - scan.limits.weak));
    const auto gear_at = [&](std::size_t i) {
        return static_cast<long long>(gear[std::to_integer<std::size_t>(bytes[i])]);
    };

    for (std::size_t i = 0; i + group <= length; i += group) {
        const __m256i former = hash;
        __m256i least = _mm256_set1_epi32(-1);
#pragma GCC unroll 8
        for (std::size_t j = i; j < i + group; ++j) {
            const __m256i add =
                _mm256_set_epi64x(gear_at(3 * length + j), gear_at(2 * length + j), gear_at(length + j), gear_at(j));
            hash = _mm256_add_epi64(_mm256_add_epi64(hash, hash), add);
            least = _mm256_min_epu32(least, hash);
        }
        const __m256i hit = _mm256_cmpeq_epi64(_mm256_and_si256(least, mask), _mm256_setzero_si256());
        if (_mm256_testz_si256(hit, hit) == 0) [[unlikely]] {
            _mm256_store_si256(reinterpret_cast<__m256i*>(start.data()), former);
            for (std::size_t k = 0; k < lanes; ++k) scan.range(k * length + i, k * length + i + group, start[k]);
        }
    }
}

/// Length of each lane: 0 where lanes do not pay or the machine has none.
std::size_t lane_length(std::size_t size) {
    constexpr std::size_t least = 16 * gear_window;
    if (size < lanes * least || !__builtin_cpu_supports("avx2")) return 0;
    return size / lanes / group * group;
}

#else

constexpr std::size_t lanes = 1;
void scan_lanes(Scan&, View, std::size_t) {}
std::size_t lane_length(std::size_t) { return 0; }

#endif

}  // namespace

std::vector<Candidate> find_candidates(View segment, View before, const ChunkSizes& sizes) {
    check(segment.size() <= UINT32_MAX, "a segment is below 4 GiB");
    Scan scan{segment, Limits::of(sizes), {}};
    const std::size_t length = lane_length(segment.size());
    if (length > 0) scan_lanes(scan, before, length);
    const std::size_t done = lanes * length;
    std::sort(scan.found.begin(), scan.found.end(), [](Candidate a, Candidate b) { return a.end < b.end; });
    scan.range(done, segment.size(), hash_at(segment, before, done));
    return std::move(scan.found);
}

std::optional<std::uint64_t> next_cut(std::uint64_t start, std::uint64_t known, bool at_end,
                                      std::span<const Candidate> candidates, std::uint64_t candidates_base,
                                      const ChunkSizes& sizes) {
    const auto length = [&](const Candidate& c) { return candidates_base + c.end - start; };
    const auto too_short = [&](const Candidate& c) { return candidates_base + c.end < start + sizes.min; };
    auto c = std::partition_point(candidates.begin(), candidates.end(), too_short);
    while (c != candidates.end() && !c->strong && length(*c) < sizes.normal) ++c;
    if (c != candidates.end() && length(*c) <= sizes.max && candidates_base + c->end <= known)
        return candidates_base + c->end;
    if (known - start >= sizes.max) return start + sizes.max;
    return at_end ? std::optional(known) : std::nullopt;
}

std::vector<std::uint32_t> chunk_lengths(View content, const ChunkSizes& sizes) {
    constexpr std::size_t stretch = std::size_t{64} << 20;  // keeps the candidates few and their positions in 32 bits
    std::vector<std::uint32_t> lengths;
    std::size_t start = 0;
    while (start < content.size()) {
        const std::size_t base = start;
        const View known = content.subspan(base, std::min(stretch + sizes.max, content.size() - base));
        const bool at_end = base + known.size() == content.size();
        const auto candidates = find_candidates(known, content.first(base).last(std::min(base, gear_window)), sizes);
        while (start < content.size()) {
            const auto cut = next_cut(start, base + known.size(), at_end, candidates, base, sizes);
            if (!cut) break;
            lengths.push_back(static_cast<std::uint32_t>(*cut - start));
            start = *cut;
        }
    }
    return lengths;
}

}  // namespace ft::store

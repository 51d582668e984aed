#include "libcore/base/sha256_lanes.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "libcore/base/failure.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

namespace ft {
namespace {

constexpr std::size_t lane_count = 3;
constexpr std::size_t block_size = 64;  // bytes

/// FIPS 180-4, section 4.2.2.
alignas(64) constexpr std::array<std::uint32_t, 64> round_constants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// The hash value on its way, in the order of words that the instructions want: a, b, e, f and c, d, g, h, highest
/// first.
struct State {
    __m128i abef, cdgh;
};

/// FIPS 180-4, section 5.3.3.
State initial_state() {
    return {_mm_set_epi32(0x6a09e667, static_cast<int>(0xbb67ae85), 0x510e527f, static_cast<int>(0x9b05688c)),
            _mm_set_epi32(0x3c6ef372, static_cast<int>(0xa54ff53a), 0x1f83d9ab, 0x5be0cd19)};
}

Digest digest_from(const State& state) {
    alignas(16) std::array<std::uint32_t, 4> abef{}, cdgh{};
    _mm_store_si128(reinterpret_cast<__m128i*>(abef.data()), state.abef);
    _mm_store_si128(reinterpret_cast<__m128i*>(cdgh.data()), state.cdgh);
    const std::array<std::uint32_t, 8> words{abef[3], abef[2], cdgh[3], cdgh[2], abef[1], abef[0], cdgh[1], cdgh[0]};
    Digest digest;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::uint32_t big_endian = __builtin_bswap32(words[i]);
        std::memcpy(digest.bytes.data() + 4 * i, &big_endian, sizeof big_endian);
    }
    return digest;
}

/// `blocks` blocks of each of N contents, their rounds interleaved (Gulley et al., "Intel SHA Extensions", 2013).
template <std::size_t N>
__attribute__((target("sha,sse4.1"))) void compress(std::array<const std::byte*, lane_count> at, std::size_t blocks,
                                                    std::array<State, lane_count>& states) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i abef[N], cdgh[N];  // NOLINT: arrays of these in std::array lose their alignment attribute
    for (std::size_t lane = 0; lane < N; ++lane) abef[lane] = states[lane].abef, cdgh[lane] = states[lane].cdgh;
    for (; blocks != 0; --blocks) {
        __m128i words[N][4], old_abef[N], old_cdgh[N];  // NOLINT
        for (std::size_t lane = 0; lane < N; ++lane) {
            old_abef[lane] = abef[lane], old_cdgh[lane] = cdgh[lane];
#pragma GCC unroll 4
            for (std::size_t i = 0; i < 4; ++i)
                words[lane][i] =
                    _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at[lane] + 16 * i)), big_endian);
            at[lane] += block_size;
        }
#pragma GCC unroll 16
        for (std::size_t four = 0; four < 16; ++four) {  // rounds; words[four & 3] are theirs
            const __m128i constants = _mm_load_si128(reinterpret_cast<const __m128i*>(&round_constants[4 * four]));
#pragma GCC unroll 3
            for (std::size_t lane = 0; lane < N; ++lane) {
                const __m128i now = words[lane][four & 3];
                __m128i& next = words[lane][(four + 1) & 3];
                __m128i& before = words[lane][(four + 3) & 3];
                const __m128i sums = _mm_add_epi32(now, constants);
                cdgh[lane] = _mm_sha256rnds2_epu32(cdgh[lane], abef[lane], sums);
                if (four >= 3 && four < 15)
                    next = _mm_sha256msg2_epu32(_mm_add_epi32(next, _mm_alignr_epi8(now, before, 4)), now);
                abef[lane] = _mm_sha256rnds2_epu32(abef[lane], cdgh[lane], _mm_shuffle_epi32(sums, 0x0e));
                if (four >= 1 && four < 13) before = _mm_sha256msg1_epu32(before, now);
            }
        }
        for (std::size_t lane = 0; lane < N; ++lane) {
            abef[lane] = _mm_add_epi32(abef[lane], old_abef[lane]);
            cdgh[lane] = _mm_add_epi32(cdgh[lane], old_cdgh[lane]);
        }
    }
    for (std::size_t lane = 0; lane < N; ++lane) states[lane] = {abef[lane], cdgh[lane]};
}

/// One content on its way: first its whole blocks, then its end with the padding.
class Content {
public:
    void start(View content, std::size_t number) {
        number_ = number;
        in_end_ = false;
        at_ = content.data();
        blocks_ = content.size() / block_size;
        pad(content);
    }
    /// Blocks that can be worked on now; 0: the content is finished.
    [[nodiscard]] std::size_t blocks() {
        if (blocks_ == 0 && !in_end_) {
            in_end_ = true;
            blocks_ = end_blocks_;
        }
        return blocks_;
    }
    [[nodiscard]] const std::byte* at() const {
        return in_end_ ? end_.data() + (end_blocks_ - blocks_) * block_size : at_;
    }
    void advance(std::size_t blocks) {
        if (!in_end_) at_ += blocks * block_size;
        blocks_ -= blocks;
    }
    [[nodiscard]] std::size_t number() const { return number_; }

private:
    /// What is left of the content, a one, zeros, and the length in bits (FIPS 180-4, section 5.1.1).
    void pad(View content) {
        const View rest = content.last(content.size() % block_size);
        end_blocks_ = rest.size() + 9 <= block_size ? 1 : 2;
        end_.fill(std::byte{0});
        std::copy(rest.begin(), rest.end(), end_.begin());
        end_[rest.size()] = std::byte{0x80};
        const std::uint64_t bits = __builtin_bswap64(std::uint64_t{content.size()} * 8);
        std::memcpy(end_.data() + end_blocks_ * block_size - sizeof bits, &bits, sizeof bits);
    }

    const std::byte* at_ = nullptr;
    std::size_t blocks_ = 0, end_blocks_ = 0, number_ = 0;
    bool in_end_ = false;
    std::array<std::byte, 2 * block_size> end_{};
};

/// Keeps the lanes filled: whoever ends makes room for the next content.
class Lanes {
public:
    Lanes(std::span<const View> contents, std::span<Digest> digests)
        : contents_(contents), digests_(digests), order_(contents.size()) {
        // The longest first: at the end, when lanes stay empty, only short ones are left.
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::sort(order_.begin(), order_.end(),
                  [&](std::size_t a, std::size_t b) { return contents[a].size() > contents[b].size(); });
    }

    void run() {
        while (used_ < lane_count && next_ < contents_.size()) start(used_++);
        while (used_ != 0) {
            step();
            for (std::size_t lane = used_; lane-- > 0;)
                if (lanes_[lane].blocks() == 0) end(lane);
        }
    }

private:
    void start(std::size_t lane) {
        lanes_[lane].start(contents_[order_[next_]], order_[next_]);
        states_[lane] = initial_state();
        ++next_;
    }

    void end(std::size_t lane) {
        digests_[lanes_[lane].number()] = digest_from(states_[lane]);
        if (next_ < contents_.size()) return start(lane);
        --used_;
        lanes_[lane] = lanes_[used_];
        states_[lane] = states_[used_];
    }

    void step() {
        std::size_t blocks = lanes_[0].blocks();
        for (std::size_t lane = 1; lane < used_; ++lane) blocks = std::min(blocks, lanes_[lane].blocks());
        std::array<const std::byte*, lane_count> at{};
        for (std::size_t lane = 0; lane < used_; ++lane) at[lane] = lanes_[lane].at();
        switch (used_) {
            case 3:
                compress<3>(at, blocks, states_);
                break;
            case 2:
                compress<2>(at, blocks, states_);
                break;
            default:
                compress<1>(at, blocks, states_);
                break;
        }
        for (std::size_t lane = 0; lane < used_; ++lane) lanes_[lane].advance(blocks);
    }

    std::span<const View> contents_;
    std::span<Digest> digests_;
    std::vector<std::size_t> order_;
    std::size_t next_ = 0, used_ = 0;
    std::array<Content, lane_count> lanes_;
    std::array<State, lane_count> states_{};
};

}  // namespace

bool has_sha256_lanes() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSE4_1) == 0 || (c & bit_SSSE3) == 0) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

void sha256_lanes(std::span<const View> contents, std::span<Digest> digests) {
    check(contents.size() == digests.size(), "a digest for each content");
    Lanes(contents, digests).run();
}

}  // namespace ft

#else

namespace ft {

bool has_sha256_lanes() { return false; }

void sha256_lanes(std::span<const View>, std::span<Digest>) { check(false, "only where has_sha256_lanes()"); }

}  // namespace ft

#endif

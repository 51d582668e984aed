// The two hashes, and the encoder that writes metadata.
#include <benchmark/benchmark.h>

#include "libcore/base/hash.h"
#include "tests/bench/corpus.h"

namespace {

using namespace ft;

void digest(benchmark::State& state) {
    const Bytes content = bench::corpus(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) benchmark::DoNotOptimize(digest_of(content));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * content.size()));
}

void digests(benchmark::State& state) {
    const std::vector<Bytes> contents(32, bench::corpus(static_cast<std::size_t>(state.range(0))));
    const std::vector<View> views(contents.begin(), contents.end());
    for (auto _ : state) benchmark::DoNotOptimize(digests_of(views));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * views.size() * views.front().size()));
}

void checksum(benchmark::State& state) {
    const Bytes content = bench::corpus(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) benchmark::DoNotOptimize(checksum_of(content));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * content.size()));
}

/// An entry of metadata as a save writes it: a name, times, a few numbers, a digest.
void encode_entries(benchmark::State& state) {
    const Digest content = digest_of({});
    Encoder out;
    for (auto _ : state) {
        out.clear();
        for (std::uint64_t i = 0; i < 10'000; ++i) {
            out.text("some/path/of/usual/length.cpp");
            out.varint(1'795'428'005 + i);
            out.u32(static_cast<std::uint32_t>(i));
            for (std::uint64_t k = 0; k < 6; ++k) out.varint(i * k);
            out.raw(content.bytes);
        }
        benchmark::DoNotOptimize(out.view().data());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * out.size()));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * 10'000));
}

BENCHMARK(digest)->Arg(64)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20);
BENCHMARK(digests)->Arg(64)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20);
BENCHMARK(checksum)->Arg(4 << 10)->Arg(1 << 20);
BENCHMARK(encode_entries);

}  // namespace

BENCHMARK_MAIN();

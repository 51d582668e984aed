// Blocks made and undone, by size and by zstd's level; the share that is stored is printed beside the speed.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "libcore/store/block.h"
#include "tests/bench/corpus.h"

namespace {

using namespace ft;

constexpr std::size_t corpus_size = 64 << 20;

std::vector<View> blocks_of(View content, std::size_t size) {
    std::vector<View> blocks;
    for (std::size_t at = 0; at < content.size(); at += size)
        blocks.push_back(content.subspan(at, std::min(size, content.size() - at)));
    return blocks;
}

void encode(benchmark::State& state, const Bytes& content) {
    const auto blocks = blocks_of(content, static_cast<std::size_t>(state.range(0)));
    store::BlockEncoder encoder(static_cast<int>(state.range(1)));
    std::size_t stored = 0;
    for (auto _ : state) {
        stored = 0;
        for (const View block : blocks) stored += encoder.encode(block).size();
        benchmark::DoNotOptimize(stored);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * content.size()));
    state.counters["stored_percent"] = 100.0 * static_cast<double>(stored) / static_cast<double>(content.size());
}

void encode_corpus(benchmark::State& state) { encode(state, bench::corpus(corpus_size)); }
void encode_random(benchmark::State& state) { encode(state, bench::random_bytes(corpus_size)); }

void decode_corpus(benchmark::State& state) {
    const Bytes content = bench::corpus(corpus_size);
    store::BlockEncoder encoder(1);
    std::vector<Bytes> stored;
    for (const View block : blocks_of(content, static_cast<std::size_t>(state.range(0)))) {
        const View made = encoder.encode(block);
        stored.emplace_back(made.begin(), made.end());
    }
    store::BlockDecoder decoder;
    Scratch memory;
    for (auto _ : state)
        for (const Bytes& block : stored) benchmark::DoNotOptimize(decoder.decode(block, memory, "bench").data());
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * content.size()));
}

BENCHMARK(encode_corpus)
    ->ArgsProduct({{512 << 10, 1 << 20, 2 << 20}, {-3, -1, 1, 2, 3}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(encode_random)->Args({1 << 20, 1})->Unit(benchmark::kMillisecond);
BENCHMARK(decode_corpus)->Arg(512 << 10)->Arg(1 << 20)->Arg(2 << 20)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

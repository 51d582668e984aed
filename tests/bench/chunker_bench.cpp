// Candidates of cuts in segments of several sizes; below 4 KiB the plain scan runs, above it the one by lanes.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "libcore/store/chunker.h"
#include "tests/bench/corpus.h"

namespace {

using namespace ft;

constexpr std::size_t corpus_size = 16 << 20;

void find_in_segments(benchmark::State& state, const Bytes& content) {
    const auto segment = static_cast<std::size_t>(state.range(0));
    std::size_t found = 0;
    for (auto _ : state) {
        found = 0;
        for (std::size_t at = 0; at < content.size(); at += segment) {
            const View before = View(content).first(at).last(std::min(at, store::gear_window));
            const View part = View(content).subspan(at, std::min(segment, content.size() - at));
            found += store::find_candidates(part, before, {}).size();
        }
        benchmark::DoNotOptimize(found);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * content.size()));
    state.counters["candidates"] = static_cast<double>(found);
}

void candidates_of_corpus(benchmark::State& state) { find_in_segments(state, bench::corpus(corpus_size)); }
void candidates_of_random(benchmark::State& state) { find_in_segments(state, bench::random_bytes(corpus_size)); }

void whole_chunking(benchmark::State& state) {
    const Bytes content = bench::corpus(corpus_size);
    std::size_t chunks = 0;
    for (auto _ : state) benchmark::DoNotOptimize(chunks = store::chunk_lengths(content, {}).size());
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * content.size()));
    state.counters["average_size"] = static_cast<double>(content.size()) / static_cast<double>(chunks);
}

BENCHMARK(candidates_of_corpus)->Arg(2 << 10)->Arg(64 << 10)->Arg(1 << 20);
BENCHMARK(candidates_of_random)->Arg(2 << 10)->Arg(64 << 10)->Arg(1 << 20);
BENCHMARK(whole_chunking);

}  // namespace

BENCHMARK_MAIN();

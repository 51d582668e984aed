// A root whose lists of chunks are hostile: of any depth, cut anywhere, naming the same chunk again and again.
//
// The input builds chunks, each of bytes or of rows that name earlier chunks, and then a root over the last of them.
#include "libcore/store/root.h"

#include <fuzzer/FuzzedDataProvider.h>

#include "libcore/base/clock.h"
#include "tests/fuzz/memory_object.h"
#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

using Refs = std::vector<store::ChunkRef>;

Bytes make_chunk(FuzzedDataProvider& in, const Refs& earlier) {
    if (earlier.empty() || in.ConsumeBool()) {
        const auto literal = in.ConsumeBytes<std::uint8_t>(in.ConsumeIntegralInRange<std::size_t>(1, 100));
        return copy_of(std::as_bytes(std::span(literal)));
    }
    Encoder rows;
    for (int left = in.ConsumeIntegralInRange(1, 100); left > 0; --left)
        store::encode_ref(rows, earlier[in.ConsumeIntegralInRange<std::size_t>(0, earlier.size() - 1)]);
    Bytes bytes = rows.take();
    bytes.resize(bytes.size() - in.ConsumeIntegralInRange<std::size_t>(0, 40) % bytes.size());
    return bytes;
}

Refs store_chunks(FuzzedDataProvider& in, store::Store& store) {
    store::Writer writer(store, {.level = 1, .threaded = false});
    store::Writer::Lane lane(writer);
    Refs refs;
    for (int left = in.ConsumeIntegralInRange(1, 12); left > 0; --left) {
        const Bytes chunk = make_chunk(in, refs);
        if (chunk.empty()) continue;
        refs.push_back({digest_of(chunk), static_cast<std::uint32_t>(chunk.size())});
        lane.add(refs.back(), chunk);
    }
    lane.flush();
    writer.finish();
    return refs;
}

void read(store::Store& store, const store::Root& root) {
    constexpr std::uint64_t enough = 64U << 10;  // a root may well say that it is endless
    accepts([&] {
        store::Reader reader(store);
        store::RootReader stream(reader, root);
        std::uint64_t bytes = 0;
        for (Bytes piece = stream.next(); !piece.empty() && bytes < enough; piece = stream.next())
            bytes += piece.size();
        check(bytes == root.bytes || bytes >= enough, "a stream has the length that its root says");
    });
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider in(data, size);
    ft::SystemClock clock;
    ft::fuzz::MemoryBackend backend;
    ft::store::Store store = ft::store::Store::open_or_create(backend, clock);
    const ft::fuzz::Refs refs = ft::fuzz::store_chunks(in, store);
    ft::store::Root root{.depth = in.ConsumeIntegralInRange<std::uint8_t>(0, 9),
                         .bytes = in.ConsumeIntegral<std::uint16_t>()};
    for (int left = in.ConsumeIntegralInRange(0, 20); left > 0 && !refs.empty(); --left)
        root.chunks.push_back(refs[refs.size() - 1 - in.ConsumeIntegralInRange<std::size_t>(0, refs.size() - 1)]);
    ft::fuzz::read(store, root);
    return 0;
}

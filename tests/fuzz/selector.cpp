// NAME@SEL as a user types it: finds a checkpoint that is there, or is refused as malformed (2) or as missing (7).
#include "libcore/base/clock.h"
#include "libcore/store/store.h"
#include "tests/fuzz/memory_object.h"
#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

void add_checkpoint(MemoryBackend& backend, const store::Store& store, const store::CheckpointId& id) {
    const store::Manifest manifest{.store = store.format().uuid,
                                   .name = id.name,
                                   .sequence = id.sequence,
                                   .finished = {static_cast<std::int64_t>(id.sequence) * 1'000'000'000, 0}};
    backend.objects["checkpoints/" + id.name + "/" + std::to_string(id.sequence)] = store::encode_manifest(manifest);
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ft::SystemClock clock;
    ft::fuzz::MemoryBackend backend;
    ft::store::Store store = ft::store::Store::open_or_create(backend, clock);
    for (const std::uint64_t sequence : {1U, 2U, 10U}) ft::fuzz::add_checkpoint(backend, store, {"job", sequence});
    const std::string_view selector = ft::text_of(ft::fuzz::view_of_input(data, size));
    try {
        const ft::store::CheckpointId found = store.resolve(selector);
        ft::check(store.manifest(found).sequence == found.sequence, "a checkpoint that is there");
    } catch (const ft::Failure& failure) {
        ft::check(failure.exit() == ft::Exit::usage || failure.exit() == ft::Exit::no, "malformed or missing");
    }
    return 0;
}

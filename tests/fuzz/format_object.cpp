// The object "format" of a store: read, damaged (4), or of a newer version (1).
#include "libcore/base/clock.h"
#include "libcore/base/hash.h"
#include "libcore/store/store.h"
#include "tests/fuzz/memory_object.h"
#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

/// The version, the digest id and the features that this version knows.
bool is_known(View format) {
    Decoder in(format.subspan(8), "a format");
    const bool known = in.u32() == 1 && in.u32() == 1;
    in.u64();
    return known && in.u64() == 0;
}

void open(Bytes format) {
    SystemClock clock;
    const bool newer = format.size() == 56 && !is_known(format);
    MemoryBackend backend;
    backend.objects["format"] = std::move(format);
    const auto body = [&] { check(store::Store::open(backend, clock).format().version == 1, "version 1 is opened"); };
    const bool refused_as_newer = newer && u32_at(backend.objects["format"], 0) == u32_at(view_of("ftst"), 0);
    try {
        body();
    } catch (const Failure& failure) {
        check(failure.exit() == Exit::damage || (refused_as_newer && failure.exit() == Exit::failed),
              "damaged or newer");
    }
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ft::Bytes format = ft::fuzz::copy_of(ft::fuzz::view_of_input(data, size));
    ft::fuzz::open(format);
    if (size < 8) return 0;
    ft::fuzz::put_u64(format, size - 8, ft::checksum_of(ft::View(format).first(size - 8)));
    ft::fuzz::open(std::move(format));
    return 0;
}

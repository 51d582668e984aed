// Frames of another host: what is read is sent as the same bytes, or the stream is refused. The input as it is; then
// again with the checksums that an attacker would write, and his lengths where they are far too large.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "libcore/base/fd.h"
#include "libcore/base/hash.h"
#include "libcore/counter/frame.h"
#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

constexpr std::size_t head = 16;

/// The bytes as a stream.
proc::Input stream_of(View bytes, const Fd& file) {
    check(::ftruncate(file.get(), 0) == 0, "it is empty");
    check(::pwrite(file.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()), "it is written");
    return proc::Input::open("/proc/self/fd/" + std::to_string(file.get()), -1);
}

void read_all(View bytes) {
    const Fd file(::memfd_create("frames", MFD_CLOEXEC));
    Bytes again;
    accepts([&] {
        proc::Input in = stream_of(bytes, file);
        while (const std::optional<Bytes> payload = counter::receive(in, "another host"))
            counter::send(*payload, [&](View frame) { again.insert(again.end(), frame.begin(), frame.end()); });
        check(again.size() == bytes.size(), "nothing is left out");
    });
    check(again.size() <= bytes.size() && std::ranges::equal(again, bytes.first(again.size())),
          "a frame has one encoding");
}

/// Every frame's checksum as it should be.
Bytes mended(View input) {
    Bytes bytes = copy_of(input);
    for (std::size_t at = 0; at + head <= bytes.size();) {
        const std::size_t size = std::min<std::size_t>(u32_at(bytes, at + 4), bytes.size() - at - head);
        put_u64(bytes, at + 8, checksum_of(View(bytes).subspan(at + head, size)));
        at += head + size;
    }
    return bytes;
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ft;
    if (size == 0) return 0;
    const View input = fuzz::view_of_input(data, size);
    fuzz::read_all(input);
    fuzz::read_all(fuzz::mended(input));
    return 0;
}

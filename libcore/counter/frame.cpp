#include "libcore/counter/frame.h"

#include <array>

#include "libcore/base/hash.h"

namespace ft::counter {

namespace {

constexpr std::uint32_t frame_magic = 0x31637466;  // "ftc1"
constexpr std::size_t frame_head = 16;

}  // namespace

void send(View payload, const std::function<void(View)>& out) {
    Encoder frame;
    frame.u32(frame_magic);
    frame.u32(static_cast<std::uint32_t>(payload.size()));
    frame.u64(checksum_of(payload));
    frame.raw(payload);
    out(frame.view());
}

std::optional<Bytes> receive(proc::Input& in, const std::string& where) {
    std::array<std::byte, frame_head> head{};
    const std::size_t got = in.fill(head);
    if (got == 0) return std::nullopt;
    Decoder fields(View(head).first(got), where);
    if (fields.u32() != frame_magic) fields.fail("it does not speak as ftcounter agent does, in this version");
    const std::uint32_t size = fields.u32();
    const std::uint64_t checksum = fields.u64();
    if (size > longest_frame) fields.fail("a message is too long");
    Bytes payload(size);
    if (in.fill(payload) != size) fields.fail("a message is cut short");
    if (checksum_of(payload) != checksum) fields.fail("a message was damaged on its way");
    return payload;
}

}  // namespace ft::counter

// Messages on a stream of bytes: each in a frame with its length and a checksum. FORMAT.md, section 4.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "libcore/base/bytes.h"
#include "libcore/proc/input.h"

namespace ft::counter {

inline constexpr std::uint32_t longest_frame = 16 << 20;  ///< bytes of a message

void send(View payload, const std::function<void(View)>& out);
/// The next frame's payload; std::nullopt where the stream ends before it. fails  damage() for anything else.
[[nodiscard]] std::optional<Bytes> receive(proc::Input& in, const std::string& where);

}  // namespace ft::counter

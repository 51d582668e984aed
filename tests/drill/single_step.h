// A process killed after exactly n instructions of its work: every moment that a kill can meet, in order.
//
// The work runs in a forked child under ptrace(2), one instruction at a time. Nothing in the product knows of it.
//
//     for (std::uint64_t n = 0; kill_after(n, work) == Fate::killed; ++n) { ... look at what is left ... }
#pragma once

#include <cstdint>
#include <functional>

namespace ft::drill {

enum class Fate : std::uint8_t { killed, finished };

/// fails  std::runtime_error where the machine does not let a process trace its child.
[[nodiscard]] Fate kill_after(std::uint64_t instructions, const std::function<void()>& work);

}  // namespace ft::drill

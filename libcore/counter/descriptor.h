// A counter's name: the file that its user types. Either it is a replica itself, or a few lines of text that tell where
// the replicas are. FORMAT.md, section 3.
//
//     ftcounter 1
//     replica 6f0d... disk1/jobs
//     replica 91ac... pipe:ssh host ftcounter agent /srv/jobs
//
// or, for a counter in shared memory:
//
//     ftcounter 1
//     shared plain /hits
//     flush 100 /srv/hits
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcore/counter/state.h"
#include "libcore/io/dir.h"

namespace ft::counter {

inline constexpr std::size_t longest_descriptor = 64 * 1024;  ///< bytes

/// A counter in shared memory (shm/shared_counter.h), and how to make it again.
struct SharedName {
    bool exact = false;
    std::string segment;         ///< "/hits"
    std::uint32_t flush_ms = 0;  ///< 0: it has no file
    std::string file;            ///< to which it is flushed
    auto operator<=>(const SharedName&) const = default;
};

/// Where replicas are, as seen from this machine. It may be older than what the replicas know: they are asked.
struct Descriptor {
    std::vector<Member> replicas;  ///< at least one, unless it is in shared memory
    std::optional<SharedName> shared = {};
    auto operator<=>(const Descriptor&) const = default;
};

[[nodiscard]] std::string text_of(const Descriptor& descriptor);
/// fails  damage(), with the line that is not understood.
[[nodiscard]] Descriptor parse_descriptor(std::string_view text, std::string_view where);

struct Named {
    enum class Kind : std::uint8_t { replica, descriptor };
    Kind kind = Kind::replica;
    Descriptor descriptor;  ///< of a replica: itself alone
};
/// What is there; std::nullopt: nothing. fails  damage() where it is neither, or cannot be told.
[[nodiscard]] std::optional<Named> look_up(io::Dir& dir, const std::string& name);
/// Puts a descriptor there, durably: a reader sees the former one or this one.
void put_descriptor(io::Dir& dir, const std::string& name, const Descriptor& descriptor);

}  // namespace ft::counter

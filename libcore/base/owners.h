// Names of users and groups, as the machine knows them.
#pragma once

#include <cstdint>
#include <string>

namespace ft {

/// "" where the number has no name.
[[nodiscard]] std::string user_name(std::uint32_t uid);
[[nodiscard]] std::string group_name(std::uint32_t gid);
[[nodiscard]] std::string host_name();

}  // namespace ft

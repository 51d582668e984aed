#include "libcore/base/owners.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace ft {

namespace {
constexpr std::size_t room = 64U << 10;  // for the longest entry; a group may have many members
}

std::string user_name(std::uint32_t uid) {
    std::vector<char> buffer(room);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return "";
    return found->pw_name;
}

std::string group_name(std::uint32_t gid) {
    std::vector<char> buffer(room);
    group entry{};
    group* found = nullptr;
    if (::getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return "";
    return found->gr_name;
}

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string();
}

}  // namespace ft

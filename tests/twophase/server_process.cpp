#include "tests/twophase/server_process.h"

#include <pwd.h>
#include <unistd.h>

#include "libcore/base/bytes.h"
#include "tests/catch.h"

namespace ft::twophase {

std::string all_output(proc::Child& child) {
    std::string text;
    std::byte buffer[4096];
    while (const std::size_t got = child.read(buffer)) text += text_of({buffer, got});
    return text;
}

void ServerUser::give(const std::string& folder) const {
    if (::geteuid() != 0) return;
    const passwd* owner = ::getpwnam(name_.c_str());
    REQUIRE(owner != nullptr);
    REQUIRE(::chown(folder.c_str(), owner->pw_uid, owner->pw_gid) == 0);
}

std::vector<std::string> ServerUser::as_user(std::vector<std::string> command) const {
    std::vector<std::string> words{"setpriv", "--pdeathsig=" + signal_};
    if (::geteuid() == 0) words.insert(words.end(), {"--reuid=" + name_, "--regid=" + name_, "--clear-groups"});
    words.insert(words.end(), command.begin(), command.end());
    return words;
}

void ServerUser::run(const std::vector<std::string>& command, const std::string& folder) const {
    proc::Child child = proc::Child::start({.command = as_user(command), .capture_output = true, .folder = folder});
    const std::string said = all_output(child);
    INFO(said);
    REQUIRE(child.wait().succeeded());
}

std::string rows_of(proc::Child child, const std::string& sql) {
    std::string rows = all_output(child);
    INFO(sql);
    REQUIRE(child.wait().succeeded());
    while (rows.ends_with('\n')) rows.pop_back();
    return rows;
}

}  // namespace ft::twophase

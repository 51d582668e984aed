#include "tests/io/child.h"

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>

#include "libcore/base/failure.h"

namespace ft {

namespace {

int code_of(const std::function<bool()>& body) {
    try {
        return body() ? 0 : 1;
    } catch (const Failure& failure) {  // the child's edge
        std::fprintf(stderr, "child: %s\n", failure.what());
        return 2;
    }
}

}  // namespace

Ended run_in_child(const std::function<bool()>& body) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("cannot fork");
    if (child == 0) ::_exit(code_of(body));
    int status = 0;
    if (::waitpid(child, &status, 0) != child) throw std::runtime_error("cannot wait");
    if (WIFSIGNALED(status)) return {.signal = WTERMSIG(status)};
    return {.signal = std::nullopt, .code = WEXITSTATUS(status)};
}

Ended run_without_rights(const std::function<bool()>& body) {
    return run_in_child([&] {
        constexpr uid_t nobody = 65534;
        if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0))
            throw system_failure("cannot become", "nobody", errno);
        return body();
    });
}

}  // namespace ft

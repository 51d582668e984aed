// A name for a segment that no other test has, free before and after.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace ft::shm {

class OwnName {
public:
    OwnName() : name_("/ft-test-" + std::to_string(::getpid()) + "-" + std::to_string(++number())) {
        ::shm_unlink(name_.c_str());
    }
    OwnName(const OwnName&) = delete;
    OwnName& operator=(const OwnName&) = delete;
    ~OwnName() { ::shm_unlink(name_.c_str()); }

    operator const std::string&() const { return name_; }  // NOLINT: it is the name
    [[nodiscard]] std::string file() const { return "/dev/shm" + name_; }

private:
    static int& number() {
        static int number = 0;
        return number;
    }
    std::string name_;
};

}  // namespace ft::shm

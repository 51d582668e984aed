// What the servers of tests have in common: they refuse to run as root, and end with the test.
#pragma once

#include <string>
#include <vector>

#include "libcore/proc/child.h"

namespace ft::twophase {

/// All that it prints, until it closes its output.
[[nodiscard]] std::string all_output(proc::Child& child);

/// Whose a folder is and who runs commands, where the tests are run by root; else nobody else.
class ServerUser {
public:
    /// signal  what ends its commands when this process has ended: "QUIT"
    ServerUser(std::string name, std::string signal) : name_(std::move(name)), signal_(std::move(signal)) {}
    void give(const std::string& folder) const;
    [[nodiscard]] std::vector<std::string> as_user(std::vector<std::string> command) const;
    /// Runs to its end, which has to be a good one.
    void run(const std::vector<std::string>& command, const std::string& folder) const;

private:
    std::string name_, signal_;
};

/// The rows that a client program prints, without the last end of line. It has to succeed.
[[nodiscard]] std::string rows_of(proc::Child child, const std::string& sql);

}  // namespace ft::twophase

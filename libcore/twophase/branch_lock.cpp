#include "libcore/twophase/branch_lock.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/io/posix.h"

namespace ft::twophase {

namespace {
constexpr std::uint64_t longest_record = 4096;
}

BranchLock::BranchLock(io::Dir& locks, std::string branch, std::unique_ptr<io::File> file)
    : locks_(&locks), branch_(std::move(branch)), file_(std::move(file)) {}

std::optional<BranchLock> BranchLock::find(io::Dir& locks, const std::string& branch) {
    std::unique_ptr<io::File> file = locks.find_file(branch, io::Access::read_write);
    if (!file) return std::nullopt;
    return BranchLock(locks, branch, std::move(file));
}

BranchLock BranchLock::find_or_make(io::Dir& locks, const std::string& branch) {
    std::unique_ptr<io::File> file = locks.create_file(branch, 0600);
    if (!file) file = io::open_file(locks, branch, io::Access::read_write);
    return {locks, branch, std::move(file)};
}

int BranchLock::descriptor() const {
    const int descriptor = io::descriptor_of(*file_);
    check(descriptor >= 0, "programs run with locks of the machine's disk");
    return descriptor;
}

void BranchLock::record(pid_t leader) {
    const std::optional<proc::Identity> identity = proc::identity_of(leader);
    if (!identity) return;  // it has ended, and nothing of it began
    const std::string line = fmt::format("{} {} {}\n", identity->pid, identity->started, identity->boot);
    file_->write_at(view_of(line), 0);
    file_->set_size(line.size());
}

void BranchLock::let_go() {
    file_.reset();  // the lock stays with those that have inherited it
    file_ = io::open_file(*locks_, branch_, io::Access::read_write);
}

std::optional<proc::Identity> BranchLock::leader() const {
    const Bytes bytes = io::read_whole(*file_, longest_record);
    std::string_view line = text_of(bytes);
    if (!line.ends_with('\n')) return std::nullopt;
    line.remove_suffix(1);
    const auto pid = parse_number(take_word(line)), started = parse_number(take_word(line));
    if (!pid || *pid <= 1 || *pid > INT32_MAX || !started) return std::nullopt;
    return proc::Identity{static_cast<pid_t>(*pid), *started, std::string(line)};
}

bool BranchLock::has_leader() const {
    const std::optional<proc::Identity> recorded = leader();
    return recorded && proc::is_alive(*recorded);
}

std::vector<pid_t> BranchLock::holding() const {
    const io::Stat stat = file_->stat();
    return proc::holders_of({stat.dev, stat.ino});
}

void BranchLock::kill_group() const {
    const std::optional<proc::Identity> recorded = leader();
    if (!recorded) return;
    // The leader's number stays the group's as long as any of it lives; where the leader is gone, its lock proves it.
    const std::vector<pid_t> holders = holding();
    const bool is_the_one = proc::is_alive(*recorded) || std::any_of(holders.begin(), holders.end(), [&](pid_t holder) {
                                const std::optional<proc::Status> status = proc::status_of(holder);
                                return status && status->group == recorded->pid;
                            });
    if (is_the_one) ::kill(-recorded->pid, SIGKILL);
}

std::string BranchLock::holders() const {
    std::vector<pid_t> all = holding();
    const std::optional<proc::Identity> recorded = leader();
    if (recorded && proc::is_alive(*recorded) && std::find(all.begin(), all.end(), recorded->pid) == all.end())
        all.push_back(recorded->pid);
    std::string names;
    for (const pid_t holder : all) names += (names.empty() ? "" : ", ") + proc::name_of(holder);
    return names.empty() ? "a process of another user" : names;
}

void BranchLock::remove() { locks_->remove_file(branch_); }

}  // namespace ft::twophase

#include "libcore/twophase/branch_lock.h"

#include <algorithm>
#include <csignal>

#include "libcore/base/failure.h"
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

std::uint64_t BranchLock::make_record() {
    const std::string line = proc::current_boot() + "\n";
    file_->set_size(0);
    file_->write_at(view_of(line), 0);
    return line.size();
}

void BranchLock::let_go() {
    file_.reset();  // the lock stays with those that have inherited it
    file_ = io::open_file(*locks_, branch_, io::Access::read_write);
}

std::optional<proc::Identity> BranchLock::leader() const {
    const Bytes bytes = io::read_whole(*file_, longest_record);
    const std::string_view text = text_of(bytes);
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    std::optional<proc::Identity> leader =
        proc::identity_in(std::string(text.substr(end + 1)), std::string(text.substr(0, end)));
    if (leader && leader->pid <= 1) return std::nullopt;
    return leader;
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

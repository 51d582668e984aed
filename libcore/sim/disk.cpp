#include "libcore/sim/disk.h"

#include <algorithm>
#include <exception>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/sim/handles.h"

namespace ft::sim {

namespace {

constexpr std::chrono::nanoseconds call_time = std::chrono::microseconds(20);
constexpr std::chrono::nanoseconds boot_time = std::chrono::seconds(5);

}  // namespace

const char* name_of(Call call) {
    constexpr const char* names[] = {"open",   "stat",     "list",          "read",
                                     "map",    "lock",     "start writing", "ask for space of",
                                     "create", "make",     "name",          "link",
                                     "rename", "exchange", "remove",        "write",
                                     "resize", "punch",    "clone",         "change attributes of",
                                     "sync",   "sync",     "sync all of"};
    static_assert(std::size(names) == static_cast<std::size_t>(Call::sync_all) + 1);
    return names[static_cast<std::size_t>(call)];
}

std::string SimDisk::Object::path() const { return name.empty() ? dir : dir + "/" + std::string(name); }

SimDisk::SimDisk(Image image, std::uint64_t seed)
    : state_(std::move(image.state)), clock_(mix(seed, 0)), seed_(seed), acknowledged_(std::move(image.acknowledged)) {
    clock_.set(image.time);
}

SimDisk::~SimDisk() = default;

std::unique_ptr<io::Dir> SimDisk::root(ProcessId process) {
    return std::make_unique<SimDir>(*this, Caller{process, boot_}, root_ino, "");
}

void SimDisk::cut_at(std::uint64_t step, When when) {
    cut_step_ = step;
    cut_when_ = when;
}

void SimDisk::power_cut(std::uint64_t seed) {
    std::lock_guard lock(mutex_);
    state_ = state_.after_power_cut(seed);
    ++boot_;
    off_ = false;
    ending_ = Ending::none;
    half_ = false;
    cut_step_ = UINT64_MAX;
    processes_.clear();
    locks_.clear();
    handles_.clear();
    cached_.clear();
    clock_.advance(boot_time);
}

void SimDisk::kill(ProcessId process) {
    std::lock_guard lock(mutex_);
    processes_[process].killed = true;
    drop_locks_of(process);
}

void SimDisk::kill_at(ProcessId process, std::uint64_t step, When when) {
    std::lock_guard lock(mutex_);
    processes_[process].kill_step = step;
    processes_[process].kill_when = when;
}

bool SimDisk::is_dead(ProcessId process) const {
    const auto at = processes_.find(process);
    return at != processes_.end() && at->second.dead;
}

bool SimDisk::is_ghost(const Caller& caller) const {
    return std::uncaught_exceptions() > 0 && (caller.boot != boot_ || off_ || is_dead(caller.process));
}

void SimDisk::throw_if_gone(const Caller& caller) {
    if (caller.boot != boot_ || off_) throw PowerCut{};
    const auto at = processes_.find(caller.process);
    if (at == processes_.end()) return;
    if (at->second.killed || at->second.dead) end_process(caller.process);
}

void SimDisk::mark_dead(ProcessId process) {
    processes_[process].dead = true;
    drop_locks_of(process);
}

void SimDisk::end_process(ProcessId process) {
    mark_dead(process);
    throw Killed{};
}

void SimDisk::end_power() {
    off_ = true;
    throw PowerCut{};
}

void SimDisk::begin(const Caller& caller, Call call, Object object) {
    if (ending_ != Ending::none) (void)take_ending();  // the step that was to end with it failed
    throw_if_gone(caller);
    clock_.advance(call_time);
    if (tracing_) trace_.push_back(std::to_string(caller.process) + " " + name_of(call) + " " + object.path());
    if (changes_disk(call)) begin_step(caller, call);
    fault_.reset();
    if (!rules_.empty()) meet_faults(call, object);
}

void SimDisk::begin_step(const Caller& caller, Call call) {
    Process& process = processes_[caller.process];
    if (watch_) watch_(steps_);
    const bool cut = steps_++ == cut_step_;
    const bool kill = process.steps++ == process.kill_step;
    if (!cut && !kill) return;
    When when = cut ? cut_when_ : process.kill_when;
    if (when == When::half && call != Call::write) when = When::before;
    if (when == When::before) cut ? end_power() : end_process(caller.process);
    ending_ = cut ? Ending::power : Ending::kill;
    ending_process_ = caller.process;
    half_ = when == When::half;
}

SimDisk::Ending SimDisk::take_ending() {
    const Ending ending = std::exchange(ending_, Ending::none);
    half_ = false;
    if (ending == Ending::power) off_ = true;
    if (ending == Ending::kill) mark_dead(ending_process_);
    return ending;
}

void SimDisk::end(std::unique_lock<std::mutex>& lock) {
    const Ending ending = take_ending();
    lock.unlock();
    if (ending == Ending::power) throw PowerCut{};
    if (ending == Ending::kill) throw Killed{};
}

void SimDisk::meet_faults(Call call, Object object) {
    const std::string path = object.path();
    const std::string_view below_root = std::string_view(path).substr(path.starts_with('/') ? 1 : 0);
    for (Rule& rule : rules_) {
        const Fault& fault = rule.fault;
        if (fault.call && *fault.call != call) continue;
        if (!glob_match(fault.path, below_root)) continue;
        const std::uint64_t number = rule.seen++;
        if (number < fault.skip || number - fault.skip >= fault.times) continue;
        ++faults_met_;
        if (fault.lie) {
            fault_ = fault;
            continue;
        }
        const bool leaves_something =
            call == Call::write || call == Call::sync || call == Call::sync_dir || call == Call::sync_all;
        if (!leaves_something) throw system_failure(std::string("cannot ") + name_of(call), path, fault.error);
        fault_ = fault;
    }
}

SimDisk::Through SimDisk::let_through(Ino ino, std::uint64_t at, std::uint64_t length) {
    if (half_) return {length / 2, 0};
    if (const std::optional<Fault> fault = std::exchange(fault_, std::nullopt))
        return {std::min(fault->bytes, length), fault->error};
    if (capacity_ == UINT64_MAX) return {length, 0};
    const Content& content = state_.node(ino).content;
    const std::uint64_t free = capacity_ > state_.allocated() ? capacity_ - state_.allocated() : 0;
    if (content.growth(at, length) <= free) return {length, 0};
    std::uint64_t end = at;
    while (content.growth(at, end + 1 - at) <= free) end = (end / page_size + 1) * page_size;
    return {end - at, ENOSPC};
}

void SimDisk::need_space(std::uint64_t bytes, Object object) const {
    if (capacity_ != UINT64_MAX && state_.allocated() + bytes > capacity_)
        throw system_failure("cannot make", object.path(), ENOSPC);
}

int SimDisk::sync(Ino ino) {
    if (const std::optional<Fault> fault = std::exchange(fault_, std::nullopt)) {
        if (fault->lie) return 0;
        const Ino last = ino == no_ino ? static_cast<Ino>(state_.highest_ino()) : ino;
        for (Ino one = ino == no_ino ? root_ino : ino; one <= last; ++one) state_.fail_sync(one, mix(seed_, steps_));
        return fault->error;
    }
    if (ino == no_ino)
        state_.sync_all();
    else
        state_.sync(ino);
    return 0;
}

int SimDisk::sync(Ino ino, std::span<const io::Piece> pieces) {
    if (fault_) return sync(ino);
    for (const io::Piece& piece : pieces) state_.sync_range(ino, piece.at, piece.at + piece.bytes.size());
    return 0;
}

bool SimDisk::try_lock(const Caller& caller, Ino ino, const void* holder, bool exclusive) {
    if (const std::optional<Fault> fault = std::exchange(fault_, std::nullopt)) return true;  // a lie: nothing is held
    const auto mine = [&](const Held& held) { return held.holder == holder; };
    for (const Held& held : locks_)
        if (held.ino == ino && !mine(held) && (exclusive || held.exclusive)) return false;
    std::erase_if(locks_, mine);
    locks_.push_back({ino, holder, caller.process, exclusive});
    return true;
}

void SimDisk::drop_locks_of(ProcessId process) {
    std::erase_if(locks_, [&](const Held& held) { return held.process == process; });
}

void SimDisk::let_go(const Caller& caller, Ino ino, const void* holder) {
    std::lock_guard lock(mutex_);
    if (caller.boot != boot_) return;
    std::erase_if(locks_, [&](const Held& held) { return held.holder == holder; });
    if (--handles_[ino] != 0) return;
    handles_.erase(ino);
    release_if_unused(ino);
}

void SimDisk::release_if_unused(Ino ino) {
    if (state_.node(ino).links == 0 && !handles_.contains(ino)) state_.release(ino);
}

Ino SimDisk::find_path(const std::string& path) const {
    Ino ino = root_ino;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        ino = state_.find(ino, std::string_view(path).substr(at, end - at));
        if (ino == no_ino) throw system_failure("cannot damage", path, ENOENT);
        at = end + 1;
    }
    return ino;
}

void SimDisk::flip_bit(const std::string& path, std::uint64_t byte, unsigned bit) {
    state_.corrupt(find_path(path), [&](Content& content) {
        std::byte value{};
        content.read({&value, 1}, byte);
        value ^= static_cast<std::byte>(1U << bit);
        content.write_data_only({&value, 1}, byte);
    });
}

void SimDisk::zero(const std::string& path, std::uint64_t at, std::uint64_t length) {
    const Bytes zeros(length);
    state_.corrupt(find_path(path), [&](Content& content) {
        content.write_data_only(zeros, at);
        content.clip();
    });
}

void SimDisk::truncate(const std::string& path, std::uint64_t size) {
    state_.corrupt(find_path(path), [&](Content& content) { content.resize(size); });
}

void SimDisk::misdirect(const Place& from, const Place& to, std::uint64_t length) {
    Bytes bytes(length);
    bytes.resize(state_.node(find_path(from.path)).content.read(bytes, from.at));
    state_.corrupt(find_path(to.path), [&](Content& content) {
        content.write_data_only(bytes, to.at);
        content.clip();
    });
}

}  // namespace ft::sim

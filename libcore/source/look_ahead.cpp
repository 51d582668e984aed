#include "libcore/source/look_ahead.h"

#include <algorithm>
#include <utility>

namespace ft::source {
namespace {

// Directories and entries fetched but not asked for. What lies before the farthest one fetched may take more
// directories: else a row of siblings would keep the threads from what the first of them contains.
constexpr std::size_t dirs_ahead_limit = 64;
constexpr std::size_t near_dirs_ahead_limit = 256;
constexpr std::size_t entries_ahead_limit = 64U << 10;
constexpr std::size_t name_limit = 255;

std::string join(std::string_view above, std::string_view name) {
    std::string path;
    path.reserve(above.size() + 1 + name.size());
    return path.append(above).append(above.empty() ? "" : "/").append(name);
}

std::size_t slice_count(const Node& node) { return (node.names.size() + slice_size - 1) / slice_size; }

std::size_t slice_length(const Node& node, std::size_t slice) {
    return std::min(slice_size, node.names.size() - slice * slice_size);
}

}  // namespace

LookAhead::LookAhead(LookAheadRules rules, Notes& notes) : rules_(std::move(rules)), notes_(notes) {
    for (unsigned i = 0; i < rules_.threads; ++i) crew_.start([this] { work(); });
}

LookAhead::~LookAhead() {
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    crew_.join();
}

void LookAhead::need(const std::shared_ptr<Node>& node) { ask({.node = node, .list = true}); }

void LookAhead::need(const std::shared_ptr<Node>& node, std::size_t slice) { ask({.node = node, .slice = slice}); }

void LookAhead::set_dir(Node& node, std::shared_ptr<io::Dir> dir) {
    std::lock_guard lock(mutex_);
    node.dir.swap(dir);
}

void LookAhead::ask(const Task& task) {
    std::unique_lock lock(mutex_);
    Stage& stage = stage_of(task);
    if (stage == Stage::idle) {
        if (rules_.threads != 0) pending_.erase(key_of(task));
        stage = Stage::running;
        const std::shared_ptr<io::Dir> dir =
            task.list && task.node->parent != nullptr ? task.node->parent->dir : task.node->dir;
        lock.unlock();
        run(task, dir);
        lock.lock();
        publish(task);
    }
    while (!failure_ && stage != Stage::done) {
        // Another thread is at it: something useful meanwhile costs less than to sleep and be woken.
        if (has_work())
            work_once(lock);
        else
            done_.wait(lock);
    }
    if (failure_) std::rethrow_exception(failure_);
    if (!std::exchange(ahead_of(task), false)) return;
    count(task, false);
    if (has_work()) wake_.notify_one();
}

void LookAhead::work() {
    try {
        work_until_stopped();
    } catch (...) {  // a thread's edge: carried to the walk by ask()
        std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        stop_ = true;
        wake_.notify_all();
        done_.notify_all();
    }
}

void LookAhead::work_until_stopped() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [&] { return stop_ || has_work(); });
        if (stop_) return;
        work_once(lock);
    }
}

/// Does what is nearest to the walk; there is some. Lets go of the mutex meanwhile.
void LookAhead::work_once(std::unique_lock<std::mutex>& lock) {
    const Task task = std::move(pending_.extract(pending_.begin()).mapped());
    const std::shared_ptr<io::Dir> dir = task.list ? task.node->parent->dir : task.node->dir;
    if (dir == nullptr) return;  // closed by the walk, which will do this itself
    stage_of(task) = Stage::running;
    ahead_of(task) = true;
    if (task.list) ++dirs_ahead_;
    std::string key = key_of(task);
    if (compare_paths(farthest_, key) < 0) farthest_ = std::move(key);
    if (has_work()) wake_.notify_one();
    lock.unlock();
    run(task, dir);
    lock.lock();
    publish(task);
    if (task.list) --dirs_ahead_;
    count(task, true);
    done_.notify_one();  // only the walk's thread waits there
}

bool LookAhead::has_work() const {
    if (pending_.empty() || entries_ahead_ >= entries_ahead_limit) return false;
    const bool near = compare_paths(pending_.begin()->first, farthest_) < 0;
    return dirs_ahead_ < (near ? near_dirs_ahead_limit : dirs_ahead_limit);
}

void LookAhead::run(const Task& task, const std::shared_ptr<io::Dir>& dir) {
    if (task.list)
        list(*task.node, dir);
    else
        fetch(*task.node, task.slice, *dir);
}

void LookAhead::list(Node& node, const std::shared_ptr<io::Dir>& above) {
    try {
        std::shared_ptr<io::Dir> dir = node.parent == nullptr ? above : above->find_dir(node.name);
        if (dir == nullptr) return;  // gone since its stat: as if it had been empty
        node.names = dir->list();
        if (node.parent == nullptr || node.dev != node.parent->dev) node.on_disk = dir->on_disk();
        node.dir = std::move(dir);
    } catch (const Failure& failure) {  // the walk's contract: noted where the tree is at fault, and the walk goes on
        node.trouble = failure;
        return;
    }
    keep_wanted(node);
    std::sort(node.names.begin(), node.names.end(),
              [](const io::Listed& a, const io::Listed& b) { return a.name < b.name; });
    node.slices.resize(slice_count(node));
    if (node.slices.empty()) return;
    fetch(node, 0, *node.dir);
    node.slices[0].stage = Stage::done;
}

void LookAhead::keep_wanted(Node& node) {
    std::erase_if(node.names, [&](const io::Listed& listed) { return !is_wanted(node, listed); });
}

bool LookAhead::is_wanted(const Node& node, const io::Listed& listed) {
    if (!rules_.excludes.empty()) {
        std::optional<io::Kind> kind = listed.kind;
        if (!kind && rules_.excludes.ask_kind()) {
            const std::optional<io::Stat> stat = node.dir->stat(listed.name);
            if (stat) kind = stat->kind;
        }
        if (rules_.excludes.match(node.path, listed.name, kind == io::Kind::dir)) return false;
    }
    // Some file systems (vfat, ntfs) count characters, not bytes.
    const bool fits = listed.name.size() <= name_limit && node.path.size() + 1 + listed.name.size() <= path_limit;
    if (!fits) notes_.add("cannot save", node.dir->path() + "/" + listed.name, "the name is too long");
    return fits;
}

void LookAhead::fetch(Node& node, std::size_t slice, io::Dir& dir) {
    std::vector<Item>& items = node.slices[slice].items;
    const std::size_t length = slice_length(node, slice);
    items.reserve(length);
    for (std::size_t i = 0; i < length; ++i)
        items.push_back(fetch_one(node, node.names[slice * slice_size + i].name, dir));
}

Item LookAhead::fetch_one(Node& node, const std::string& name, io::Dir& dir) {
    Item item;
    try {
        item.stat = dir.stat(name);
    } catch (const Failure& failure) {  // the walk's contract: noted, left out, and the walk goes on
        notes_.add("cannot read", dir.path() + "/" + name, failure.parts().why);
        return item;
    }
    if (!item.stat || item.stat->kind != io::Kind::dir) return item;
    if (rules_.only_dev && item.stat->dev != *rules_.only_dev) return item;
    item.node = std::make_shared<Node>();
    item.node->parent = &node;
    item.node->name = name;
    item.node->path = join(node.path, name);
    item.node->dev = item.stat->dev;
    item.node->ino = item.stat->ino;
    item.node->on_disk = node.on_disk;
    return item;
}

// The caller holds the mutex.
void LookAhead::publish(const Task& task) {
    stage_of(task) = Stage::done;
    if (rules_.threads == 0) return;
    Node& node = *task.node;
    if (task.list)
        for (std::size_t i = 1; i < node.slices.size(); ++i) queue({.node = task.node, .slice = i});
    const std::size_t slice = task.list ? 0 : task.slice;
    if (slice < node.slices.size())
        for (const Item& item : node.slices[slice].items)
            if (item.node) queue({.node = item.node, .list = true});
    if (has_work()) wake_.notify_one();
}

void LookAhead::queue(Task task) {
    std::string key = key_of(task);
    pending_.emplace(std::move(key), std::move(task));
}

/// A place in path order: of the directory, or of the slice's first entry.
std::string LookAhead::key_of(const Task& task) {
    return task.list ? task.node->path : join(task.node->path, task.node->names[task.slice * slice_size].name);
}

Stage& LookAhead::stage_of(const Task& task) {
    return task.list ? task.node->stage : task.node->slices[task.slice].stage;
}

bool& LookAhead::ahead_of(const Task& task) {
    return task.list ? task.node->ahead : task.node->slices[task.slice].ahead;
}

void LookAhead::count(const Task& task, bool more) {
    const std::size_t dirs = task.list ? 1 : 0;
    const std::size_t slice = task.list ? 0 : task.slice;
    const std::size_t entries = slice < task.node->slices.size() ? slice_length(*task.node, slice) : 0;
    dirs_ahead_ = more ? dirs_ahead_ + dirs : dirs_ahead_ - dirs;
    entries_ahead_ = more ? entries_ahead_ + entries : entries_ahead_ - entries;
}

}  // namespace ft::source

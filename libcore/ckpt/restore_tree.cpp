#include "libcore/ckpt/restore_tree.h"

#include "libcore/base/failure.h"
#include "libcore/base/parallel.h"
#include "libcore/base/text.h"
#include "libcore/ckpt/content.h"
#include "libcore/ckpt/selection.h"

namespace ft::ckpt {
namespace {

using source::Entry;
using source::Run;

// What one worker takes at once. Two that work side by side wait for the same directory and the same block of the
// store, the more often the smaller these are.
constexpr std::uint64_t batch_bytes = 4U << 20;
constexpr std::size_t batch_entries = 256;

struct Item {
    Entry entry;
    std::shared_ptr<io::Dir> parent;  // shared by what is placed in it
    std::shared_ptr<io::Dir> dir;     // of a directory: itself
    std::string name;
    There there = There::unknown;
};

/// A large file while its pieces are written.
struct Large {
    Item item;
    std::shared_ptr<io::File> file;
};

struct Task {
    std::vector<Item> batch;
    // Or a piece of a large file:
    std::shared_ptr<Large> large;  // shared by its pieces
    std::uint64_t at = 0;
    std::vector<Run> runs;
    bool last = false;
};

std::string parent_path(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string last_component(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

/// What an entry adds to its batch: the bytes to place, and those that it holds in memory until then, which a hostile
/// checkpoint makes many of few.
std::uint64_t weight(const Entry& entry) {
    std::uint64_t bytes = entry.path.size() + (entry.kind == io::Kind::file ? entry.size : 0);
    for (const io::Xattr& xattr : entry.xattrs) bytes += xattr.name.size() + xattr.value.size();
    return bytes;
}

bool is_below(const std::string& path, const std::string& dir) {
    return dir.empty() || (path.starts_with(dir) && (path.size() == dir.size() || path[dir.size()] == '/'));
}

class Placing {
public:
    Placing(const TreeJob& job, store::Reader& reader, Placer& placer, std::shared_ptr<io::Dir> parent,
            std::string name, Progress& progress)
        : job_(job),
          placer_(placer),
          name_(std::move(name)),
          progress_(progress),
          entries_(reader, job.source, job.only, job.where) {
        making_.push_back({"", std::move(parent)});
    }

    Totals run() {
        ordered_pipeline<Task, Task>(
            {.workers = job_.jobs, .window = 4 * std::size_t{job_.jobs} + 4}, [this] { return next(); },
            [this](Task&& task, unsigned) { return work(std::move(task)); },
            [this](Task&& task) { end(std::move(task)); });
        leave_dirs("", true);
        return totals_;
    }

private:
    struct OpenDir {
        std::string path;
        std::shared_ptr<io::Dir> dir;
    };
    struct Unfinished {
        Entry entry;
        std::shared_ptr<io::Dir> dir;
    };

    // Producer's side: in path order.
    std::optional<Task> next();
    [[nodiscard]] Item locate(Entry entry);
    [[nodiscard]] Task next_piece();
    void begin_large(Item item);
    // Workers' side.
    Task work(Task&& task);
    void place(const std::vector<Item>& batch);
    // Consumer's side: in path order.
    void end(Task&& task);
    void link(Item& item);
    void count(const Entry& entry);
    void leave_dirs(const std::string& next_path, bool all);
    std::shared_ptr<io::Dir> made_dir(const std::string& path);

    const TreeJob& job_;
    Placer& placer_;
    std::string name_;
    Progress& progress_;
    SelectedEntries entries_;
    std::vector<OpenDir> making_;  // producer: the directories that lead to the entry at hand; [0] holds the root
    std::optional<Item> put_back_;
    std::shared_ptr<Large> large_;
    std::vector<Run> large_runs_;  // of the record at hand, not yet given out
    bool large_more_ = false;
    std::uint64_t large_at_ = 0;
    std::vector<Unfinished> unfinished_;  // consumer: directories whose content is being placed
    std::shared_ptr<io::Dir> root_;       // consumer
    Totals totals_;
};

Item Placing::locate(Entry entry) {
    Item item{.entry = std::move(entry)};
    if (item.entry.path.empty()) {
        item.parent = making_.front().dir;
        item.name = name_;
    } else {
        while (making_.size() > 1 && !is_below(item.entry.path, making_.back().path)) making_.pop_back();
        if (making_.size() < 2 || making_.back().path != parent_path(item.entry.path))
            throw damage(job_.where, "'" + printable(item.entry.path) + "' has no directory before it");
        item.parent = making_.back().dir;
        item.name = last_component(item.entry.path);
    }
    item.there = placer_.expect(*item.parent, item.name);
    if (item.entry.kind == io::Kind::dir) {
        item.dir = placer_.dir(*item.parent, item.name, item.entry);
        making_.push_back({item.entry.path, item.dir});
    }
    return item;
}

std::optional<Task> Placing::next() {
    progress_.step();
    if (large_) return next_piece();
    Task task;
    std::uint64_t bytes = 0;
    while (bytes < batch_bytes && task.batch.size() < batch_entries) {
        std::optional<Item> item = std::move(put_back_);
        put_back_.reset();
        if (!item) {
            std::optional<Entry> entry = entries_.next();
            if (!entry) break;
            item = locate(std::move(*entry));
        }
        const Entry& entry = item->entry;
        if (entry.kind == io::Kind::file && entry.hard_link.empty() && (entry.size > segment_size || entry.more)) {
            if (!task.batch.empty()) {
                put_back_ = std::move(item);
                break;
            }
            begin_large(std::move(*item));
            return next_piece();
        }
        bytes += weight(entry);
        task.batch.push_back(std::move(*item));
    }
    if (task.batch.empty()) return std::nullopt;
    return task;
}

void Placing::begin_large(Item item) {
    large_ = std::make_shared<Large>();
    large_runs_ = std::move(item.entry.runs);
    large_more_ = item.entry.more;
    large_at_ = 0;
    item.entry.runs.clear();
    large_->file = placer_.begin_large(*item.parent, item.name, item.entry);
    large_->item = std::move(item);
}

Task Placing::next_piece() {
    if (large_runs_.empty() && large_more_) {
        Entry rest = entries_.rest();
        large_runs_ = std::move(rest.runs);
        large_more_ = rest.more;
    }
    Task task{.large = large_, .at = large_at_};
    std::uint64_t bytes = 0;
    auto run = large_runs_.begin();
    for (; run != large_runs_.end() && bytes < segment_size; ++run) bytes += run->length == 0 ? 0 : run->length;
    task.runs.assign(large_runs_.begin(), run);
    large_runs_.erase(large_runs_.begin(), run);
    for (const Run& one : task.runs) large_at_ += one.size();
    task.last = large_runs_.empty() && !large_more_;
    if (task.last) large_.reset();
    return task;
}

Task Placing::work(Task&& task) {
    if (task.large) {
        try {
            placer_.large_piece(*task.large->file, task.at, task.runs);
        } catch (const Failure& f) {  // names what was being restored
            throw f.within("cannot restore '" + printable(task.large->item.entry.path) + "' of " + job_.where +
                           " from byte " + std::to_string(task.at));
        }
    }
    place(task.batch);
    return std::move(task);
}

void Placing::place(const std::vector<Item>& batch) {
    std::vector<FileJob> files;
    for (const Item& item : batch) {
        const Entry& entry = item.entry;
        if (entry.kind == io::Kind::dir || !entry.hard_link.empty()) continue;  // made already, or linked later
        if (entry.kind == io::Kind::file)
            files.push_back({*item.parent, item.name, entry, item.there});
        else
            placing(job_.where, entry, [&] { placer_.special(*item.parent, item.name, entry); });
    }
    placer_.files(files);
}

void Placing::end(Task&& task) {
    if (task.large) {
        if (!task.last) return;
        Item& item = task.large->item;
        leave_dirs(item.entry.path, false);
        placer_.end_large(*task.large->file, *item.parent, item.name, item.entry);
        return count(item.entry);
    }
    for (Item& item : task.batch) {
        leave_dirs(item.entry.path, false);
        if (item.entry.path.empty()) root_ = item.dir;
        if (item.dir) unfinished_.push_back({item.entry, item.dir});
        if (!item.entry.hard_link.empty()) link(item);
        count(item.entry);
    }
}

void Placing::count(const Entry& entry) {
    ++totals_.entries;
    ++progress_.items;
    if (entry.changed) ++totals_.changed;
    if (entry.kind != io::Kind::file || !entry.hard_link.empty()) return;
    ++totals_.files;
    totals_.bytes += entry.size;
}

void Placing::link(Item& item) {
    const std::shared_ptr<io::Dir> from = made_dir(parent_path(item.entry.hard_link));
    placer_.link(*from, last_component(item.entry.hard_link), *item.parent, item.name, item.entry);
}

/// A directory that was placed before, by path from the root.
std::shared_ptr<io::Dir> Placing::made_dir(const std::string& path) {
    if (!root_) throw damage(job_.where, "a hard link lies outside a directory");
    std::shared_ptr<io::Dir> dir = root_;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t slash = std::min(path.find('/', at), path.size());
        dir = io::open_dir(*dir, path.substr(at, slash - at));
        at = slash + 1;
    }
    return dir;
}

/// Ends the directories that `next_path` does not lie in: nothing more comes into them.
void Placing::leave_dirs(const std::string& next_path, bool all) {
    while (!unfinished_.empty() && (all || !is_below(next_path, unfinished_.back().entry.path))) {
        placer_.finish_dir(*unfinished_.back().dir, unfinished_.back().entry);
        unfinished_.pop_back();
    }
}

}  // namespace

Totals place_tree(const TreeJob& job, store::Reader& reader, Placer& placer, std::shared_ptr<io::Dir> parent,
                  const std::string& name, Progress& progress) {
    return Placing(job, reader, placer, std::move(parent), name, progress).run();
}

}  // namespace ft::ckpt

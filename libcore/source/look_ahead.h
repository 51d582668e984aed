// Lists directories and stats their entries before a walk asks for them: the threads behind TreeWalk.
//
// What is nearest to the walk in path order is fetched first. How much is fetched but not yet asked for is bounded
// (directories, because each is an open descriptor, and entries), and whatever the walk asks for that nobody has begun
// it fetches itself: so no order of events can make it wait for a place in a queue.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/base/notes.h"
#include "libcore/base/parallel.h"
#include "libcore/io/dir.h"
#include "libcore/source/entry.h"
#include "libcore/source/excludes.h"

namespace ft::source {

enum class Stage : std::uint8_t { idle, running, done };

struct Node;

/// One entry of a directory.
struct Item {
    std::optional<io::Stat> stat;  ///< absent: gone since it was listed, or not to be read (noted)
    std::shared_ptr<Node> node;    ///< a directory that is to be entered
};

/// A part of a directory's entries: so a huge directory is neither one thread's work nor in memory at once.
struct Slice {
    Stage stage = Stage::idle;
    bool ahead = false;  ///< counted as fetched but not asked for
    std::vector<Item> items;
};

inline constexpr std::size_t slice_size = 1024;  ///< entries

/// A directory of the tree. Who sets stage to running owns the rest until it is done; then the walk does.
struct Node {
    Node* parent = nullptr;  ///< used until this one is listed; it stays that long
    std::string name;        ///< in parent; "." for the root
    std::string path;
    std::uint64_t dev = 0, ino = 0;
    bool on_disk = true;

    Stage stage = Stage::idle;
    bool ahead = false;
    std::shared_ptr<io::Dir> dir;  ///< open once listed; guarded by the look-ahead's mutex, as the walk may close it
    std::optional<Failure> trouble;
    std::vector<io::Listed> names;  ///< sorted, without what is excluded
    std::vector<Slice> slices;      ///< of names, slice_size each; the first is fetched with the names
};

struct LookAheadRules {
    Excludes excludes;
    std::optional<std::uint64_t> only_dev;  ///< directories of other devices are not entered
    unsigned threads = 0;
};

class LookAhead {
public:
    LookAhead(LookAheadRules rules, Notes& notes);
    ~LookAhead();
    LookAhead(const LookAhead&) = delete;
    LookAhead& operator=(const LookAhead&) = delete;

    /// Returns when `node` is listed and its first slice is there: now by this thread, or before by another.
    void need(const std::shared_ptr<Node>& node);
    /// The same for a further slice; node.dir must be open.
    void need(const std::shared_ptr<Node>& node, std::size_t slice);
    /// Closes node.dir, or opens it again: only the walk knows which it still needs.
    void set_dir(Node& node, std::shared_ptr<io::Dir> dir);

private:
    struct Task {
        std::shared_ptr<Node> node;
        std::size_t slice = 0;
        bool list = false;
    };
    struct PathOrder {
        bool operator()(const std::string& a, const std::string& b) const { return compare_paths(a, b) < 0; }
    };

    void ask(const Task& task);
    void work();
    void work_until_stopped();
    void work_once(std::unique_lock<std::mutex>& lock);
    [[nodiscard]] bool has_work() const;
    void run(const Task& task, const std::shared_ptr<io::Dir>& dir);
    void list(Node& node, const std::shared_ptr<io::Dir>& above);
    void keep_wanted(Node& node);
    [[nodiscard]] bool is_wanted(const Node& node, const io::Listed& listed);
    void fetch(Node& node, std::size_t slice, io::Dir& dir);
    [[nodiscard]] Item fetch_one(Node& node, const std::string& name, io::Dir& dir);
    void publish(const Task& task);
    void queue(Task task);
    [[nodiscard]] static std::string key_of(const Task& task);
    [[nodiscard]] static Stage& stage_of(const Task& task);
    [[nodiscard]] static bool& ahead_of(const Task& task);
    void count(const Task& task, bool more);

    LookAheadRules rules_;
    Notes& notes_;
    std::mutex mutex_;  // guards what follows, and every stage, `ahead` and Node::dir
    std::condition_variable wake_, done_;
    std::map<std::string, Task, PathOrder> pending_;
    std::string farthest_;
    std::size_t dirs_ahead_ = 0, entries_ahead_ = 0;
    std::exception_ptr failure_;
    bool stop_ = false;
    parallel_detail::Crew crew_;  // last: its threads end before the rest goes
};

}  // namespace ft::source

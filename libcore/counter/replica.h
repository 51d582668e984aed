// One replica of a counter, wherever it is: asked one thing at a time, it answers. A dead, damaged or unreachable one
// answers too: every failure of a replica is a Reply, never an exception.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "libcore/counter/message.h"
#include "libcore/counter/replica_file.h"
#include "libcore/io/dir.h"

namespace ft::counter {

class Replica {
public:
    virtual ~Replica() = default;
    /// May wait for a disk or another host.
    [[nodiscard]] virtual Reply handle(const Request& request) = 0;
    /// From another thread, for good: a handle() that waits for another host waits no longer.
    virtual void interrupt() {}
};

/// A replica in a file of this machine. What it is asked must be asked under its lock.
class LocalReplica final : public Replica {
public:
    /// name  of the file in `dir`, which need not exist yet.
    LocalReplica(std::unique_ptr<io::Dir> dir, std::string name) : dir_(std::move(dir)), name_(std::move(name)) {}

    /// false where another holds it. true also where there is no file to lock: handle() says so.
    [[nodiscard]] bool try_lock();
    void unlock();
    [[nodiscard]] Reply handle(const Request& request) override;
    /// What lies there now; std::nullopt where nothing does, or it cannot be told.
    [[nodiscard]] std::optional<io::Stat> stat();
    [[nodiscard]] std::string path() const { return io::join_path(dir_->path(), name_); }
    /// Who has its lock, for people: "pid 17 (ftcounter)"; "another process" where that cannot be told.
    [[nodiscard]] std::string holder();

private:
    [[nodiscard]] Reply answer(const Request& request);
    [[nodiscard]] Reply prepare(const Request& request);
    [[nodiscard]] Reply accept(const Request& request);
    [[nodiscard]] Reply install(const Request& request);
    /// A new file with this content in place of the one that is there, old or new at every moment.
    [[nodiscard]] Reply replace_file(const Header& header, const Ballot& promise, const State& state);
    [[nodiscard]] Reply keys();
    [[nodiscard]] Reply remove(const Request& request);
    [[nodiscard]] Reply stands(Reply::Kind kind = Reply::Kind::sound) const;
    /// Reads what is locked. Why that cannot be; std::nullopt: replica_ is there.
    [[nodiscard]] std::optional<Reply> load();
    [[nodiscard]] bool refuses(const Ballot& ballot, std::uint64_t epoch) const;

    std::unique_ptr<io::Dir> dir_;
    std::string name_;
    std::unique_ptr<io::File> file_;        // locked
    std::unique_ptr<ReplicaFile> replica_;  // what was read under the lock
    std::optional<bool> on_disk_;           // known once there is a replica_
    std::optional<std::string> failed_;     // its disk has failed, for the life of this process: why
};

}  // namespace ft::counter

// Connections that outlive a transaction: what one participant has opened the next one of the same place goes on with.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ft::twophase {

class Connection {
public:
    virtual ~Connection() = default;
};

/// Thread-safe. It knows nothing of what it keeps: who takes one sees whether it still works.
class Connections {
public:
    /// key  says to what, and for whom. nullptr where none is kept.
    [[nodiscard]] std::unique_ptr<Connection> take(const std::string& key) {
        const std::lock_guard lock(mutex_);
        std::vector<std::unique_ptr<Connection>>& kept = kept_[key];
        if (kept.empty()) return nullptr;
        std::unique_ptr<Connection> last = std::move(kept.back());
        kept.pop_back();
        return last;
    }
    void give(const std::string& key, std::unique_ptr<Connection> connection) {
        const std::lock_guard lock(mutex_);
        kept_[key].push_back(std::move(connection));
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::vector<std::unique_ptr<Connection>>> kept_;
};

}  // namespace ft::twophase

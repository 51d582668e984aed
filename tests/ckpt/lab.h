// A small world for tests of saving and restoring: a simulated disk with a tree "data" and a store "store", one thread,
// no waiting.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libcore/base/progress.h"
#include "libcore/ckpt/restore.h"
#include "libcore/ckpt/save.h"
#include "libcore/ckpt/verbs.h"
#include "libcore/sim/disk.h"
#include "libcore/source/source.h"
#include "libcore/source/tree_remove.h"
#include "libcore/store/store.h"

namespace ft::test {

using Tree = std::map<std::string, std::string>;  ///< path -> content of files, "<dir>" of directories

/// Pseudo-random text that does not compress to nothing; the same for the same seed.
[[nodiscard]] std::string noise(std::uint64_t seed, std::size_t size);

class Lab {
public:
    explicit Lab(std::uint64_t seed = 1);
    /// A copy of another lab's disk.
    explicit Lab(const sim::Image& image);

    /// Writes a file below data/, making its directories.
    void write(const std::string& path, const std::string& content);
    void remove(const std::string& path);
    /// What lies at `name` in the disk's root.
    [[nodiscard]] Tree tree(const std::string& name);

    /// Each call opens the store anew, as a new process would.
    ckpt::SaveReport save(const std::string& name, ckpt::SaveRequest request = {});
    ckpt::SaveReport save_stream(const std::string& name, const std::string& content, bool allow_empty = false);
    ckpt::RestoreReport restore(const std::string& selector, const std::string& destination,
                                ckpt::Placement placement = ckpt::Placement::fresh);
    [[nodiscard]] std::string stream(const std::string& selector);
    [[nodiscard]] ckpt::VerifyReport verify(ckpt::VerifyRequest request = {});
    ckpt::PruneReport prune(ckpt::PruneRequest request = {});

    /// The store, opened anew; valid until the next call of any of these.
    [[nodiscard]] store::Store& store();
    [[nodiscard]] store::Backend& backend() { return *backend_; }
    [[nodiscard]] io::Dir& root() { return *root_; }
    [[nodiscard]] sim::SimDisk& disk() { return disk_; }
    /// Changes one byte of a store's object.
    void rot(const std::string& object, std::uint64_t at);
    /// Names of all objects below a prefix, two levels deep at most.
    [[nodiscard]] std::vector<std::string> objects(const std::string& prefix);

private:
    void open_all();
    [[nodiscard]] source::Source data_source();
    sim::SimDisk disk_;
    std::unique_ptr<io::Dir> root_;
    std::unique_ptr<store::Backend> backend_;
    std::unique_ptr<store::Store> store_;
    Progress progress_;
};

}  // namespace ft::test

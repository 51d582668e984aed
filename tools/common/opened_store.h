// The store that --store, FT_STORE or the default names, opened with all that it stands on.
//
//     OpenedStore opened(env, disk, options.store, Opening::existing);
//     opened.store().resolve("job@latest");
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "libcore/store/store.h"
#include "libcore/ui/env.h"
#include "libcore/ui/flags.h"
#include "tools/common/disk.h"

namespace ft::tools {

struct StoreOptions {
    std::optional<std::string> path;
};

void declare_store(ui::Flags& flags, StoreOptions& options);

/// --store, else FT_STORE, else $XDG_STATE_HOME/ft/store, else ~/.local/state/ft/store.
[[nodiscard]] std::string store_path(const StoreOptions& options);

enum class Opening { existing, create };

class OpenedStore {
public:
    /// fails  where there is no store (existing), or none can be made.
    OpenedStore(ui::Env& env, Disk& disk, const StoreOptions& options, Opening opening);
    /// Leaves the store, if that was not done before.
    ~OpenedStore() { store_->leave(); }
    OpenedStore(const OpenedStore&) = delete;
    OpenedStore& operator=(const OpenedStore&) = delete;
    [[nodiscard]] store::Store& store() { return *store_; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
    std::unique_ptr<store::Backend> backend_;
    std::optional<store::Store> store_;
};

}  // namespace ft::tools

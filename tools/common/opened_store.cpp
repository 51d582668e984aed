#include "tools/common/opened_store.h"

#include "libcore/base/failure.h"

namespace ft::tools {

void declare_store(ui::Flags& flags, StoreOptions& options) {
    flags.option("-s, --store", options.path, "DIR", "the store (else FT_STORE, else ~/.local/state/ft/store)");
}

std::string store_path(const StoreOptions& options) {
    if (options.path) return *options.path;
    return store::default_path();
}

OpenedStore::OpenedStore(ui::Env& env, Disk& disk, const StoreOptions& options, Opening opening)
    : path_(store_path(options)) {
    std::unique_ptr<io::Dir> dir = disk.find(path_);
    if (opening == Opening::create && (!dir || !store::holds_store(*dir))) dir = disk.make(path_);
    if (!dir)
        throw Failure({.what = "no store",
                       .where = path_,
                       .why = "there is no such directory",
                       .todo = "name one with --store, or make one by 'ftckpt save'"});
    backend_ = store::directory_backend(std::move(dir), env.clock());
    store_ = opening == Opening::create ? store::Store::open_or_create(*backend_, env.clock())
                                        : store::Store::open(*backend_, env.clock());
}

}  // namespace ft::tools

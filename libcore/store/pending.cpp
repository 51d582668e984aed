#include "libcore/store/pending.h"

#include <algorithm>

#include "libcore/base/failure.h"

namespace ft::store {

namespace {

const std::string folder = "pending";
std::string name_of(const std::string& id) { return folder + "/" + id; }

/// The checkpoint that a transaction has made, from the newest to number `from`.
std::optional<std::uint64_t> find_published(Store& store, const std::string& id, const std::string& name,
                                            std::uint64_t from) {
    const std::vector<std::uint64_t> sequences = store.sequences(name);
    for (auto sequence = sequences.rbegin(); sequence != sequences.rend() && *sequence >= from; ++sequence)
        if (store.manifest({name, *sequence}).transaction == id) return *sequence;
    return std::nullopt;
}

std::uint64_t publish(Store& store, Manifest manifest) {
    const std::string prefix = "checkpoints/" + manifest.name + "/";
    for (;;) {
        manifest.sequence = store.next_sequence(manifest.name);
        if (store.backend().put_if_absent(prefix + std::to_string(manifest.sequence), encode_manifest(manifest)))
            return manifest.sequence;
    }
}

}  // namespace

std::vector<std::string> pending(Store& store) {
    std::vector<std::string> ids = store.backend().list(folder);
    std::erase_if(ids, [](const std::string& id) { return !is_valid_name(id); });
    return ids;
}

std::optional<Manifest> find_pending(Store& store, const std::string& id) {
    const std::optional<Bytes> bytes = store.backend().get(name_of(id), manifest_limit);
    if (!bytes) return std::nullopt;
    const std::string where = store.backend().path() + "/" + name_of(id);
    Manifest manifest = decode_manifest(*bytes, where);
    if (manifest.transaction != id || manifest.store != store.format().uuid)
        throw damage(where, "it is the manifest of another transaction");
    return manifest;
}

void put_pending(Store& store, Manifest manifest) {
    check(is_valid_name(manifest.transaction), "a transaction has a name");
    manifest.store = store.format().uuid;
    manifest.sequence = store.next_sequence(manifest.name);  // it cannot get a lower one
    if (!store.backend().put_if_absent(name_of(manifest.transaction), encode_manifest(manifest)))
        throw Failure({.what = "cannot prepare the checkpoint",
                       .where = store.backend().path() + "/" + name_of(manifest.transaction),
                       .why = "it is there already"});
}

std::optional<std::uint64_t> publish_pending(Store& store, const std::string& id, const std::string& name) {
    const std::optional<Manifest> manifest = find_pending(store, id);
    std::optional<std::uint64_t> sequence = find_published(store, id, name, manifest ? manifest->sequence : 1);
    if (sequence)
        store.backend().settle("checkpoints/" + name);  // it was only seen
    else if (manifest)
        sequence = publish(store, *manifest);
    drop_pending(store, id);
    return sequence;
}

void drop_pending(Store& store, const std::string& id) {
    const bool was = store.backend().size_of(name_of(id)).has_value();
    const std::string names[] = {name_of(id)};
    store.backend().remove(names);
    if (!was) store.backend().settle(folder);  // that it is gone was only seen
}

}  // namespace ft::store

// Checkpoints that a transaction has prepared and that is not decided yet: "pending/TXID" holds the whole manifest.
// What it needs is kept as if it were published; nobody sees it.
//
//     writer.finish();  put_pending(store, manifest);            // durable: a yes
//     publish_pending(store, id, "app");  or  drop_pending(store, id);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libcore/store/store.h"

namespace ft::store {

/// Ids of the transactions, sorted. To be listed before checkpoints are: what is in neither list has been dropped.
[[nodiscard]] std::vector<std::string> pending(Store& store);
/// std::nullopt where there is none. fails  damage().
[[nodiscard]] std::optional<Manifest> find_pending(Store& store, const std::string& id);
/// Keeps what Writer::finish() made durable under manifest.transaction, durably. Once for each id.
void put_pending(Store& store, Manifest manifest);
/// Makes it the next checkpoint of its name, durably, unless there is one of that transaction already. Can be done
/// again. returns  its sequence; std::nullopt where there is neither.
[[nodiscard]] std::optional<std::uint64_t> publish_pending(Store& store, const std::string& id,
                                                           const std::string& name);
/// Takes it away, durably; a missing one is fine. Its space comes back with the next prune.
void drop_pending(Store& store, const std::string& id);

}  // namespace ft::store

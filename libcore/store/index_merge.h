// Merges index objects, so that a look-up stays cheap after thousands of saves and prune can drop packs.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "libcore/store/backend.h"
#include "libcore/store/index.h"

namespace ft::store {

struct MergeRequest {
    std::set<Digest> without;         ///< packs whose entries are left out
    std::function<void()> step = {};  ///< called now and then; its failure ends the merge, which then changed nothing
};

/// Puts one object with the entries of `segments` of `index`, without damaged copies; of several sound copies of a
/// chunk one stays. returns  its name; "" where nothing is left.
std::string merge_segments(Backend& backend, const Index& index, const std::vector<const IndexSegment*>& segments,
                           const MergeRequest& request);

/// Merges the small index objects when there are many. Does nothing while another maintains the store.
void merge_small_indexes(Backend& backend);

}  // namespace ft::store

// Merges index objects, so that a look-up stays cheap after thousands of saves and prune can drop packs.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "libcore/store/backend.h"
#include "libcore/store/index.h"

namespace ft::store {

/// Puts one object with the entries of `segments` of `index`, but those in the packs `without` and damaged copies; of
/// several sound copies of a chunk one stays. returns  its name; "" where nothing is left.
std::string merge_segments(Backend& backend, const Index& index, const std::vector<const IndexSegment*>& segments,
                           const std::set<Digest>& without);

/// Merges the small index objects when there are many. Does nothing while another maintains the store.
void merge_small_indexes(Backend& backend);

}  // namespace ft::store

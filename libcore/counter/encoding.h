// The bytes of a counter's values, the same in replicas and in messages: fixed little-endian numbers; lists and texts
// with their length in front.
#pragma once

#include "libcore/base/bytes.h"
#include "libcore/counter/state.h"

namespace ft::counter {

void put(Encoder& out, const Ballot& ballot);
void put(Encoder& out, const Version& version);
void put(Encoder& out, const Head& head);
void put(Encoder& out, const Entry& entry);
void put(Encoder& out, const Annex& annex);

/// They throw damage for what cannot be.
[[nodiscard]] Uuid take_uuid(Decoder& in);
[[nodiscard]] Ballot take_ballot(Decoder& in);
[[nodiscard]] Version take_version(Decoder& in);
[[nodiscard]] Head take_head(Decoder& in);
[[nodiscard]] Entry take_entry(Decoder& in);
[[nodiscard]] Annex take_annex(Decoder& in);

}  // namespace ft::counter

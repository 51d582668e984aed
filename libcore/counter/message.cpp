#include "libcore/counter/message.h"

#include <algorithm>

#include "libcore/counter/encoding.h"

namespace ft::counter {

namespace {

constexpr std::size_t longest_why = 1024;

template <class Take>
auto take_optional(Decoder& in, Take take) -> std::optional<decltype(take(in))> {
    if (in.bounded(1, "presence") == 0) return std::nullopt;
    return take(in);
}

void put(Encoder& out, const std::vector<Entry>& entries) {
    out.varint(entries.size());
    for (const Entry& entry : entries) counter::put(out, entry);
}

std::vector<Entry> take_entries(Decoder& in) {
    constexpr std::size_t entry_size = 32;
    std::vector<Entry> entries(in.bounded(in.left() / entry_size, "keys"));
    for (Entry& entry : entries) entry = take_entry(in);
    return entries;
}

void put(Encoder& out, const KeyWindow& window) {
    out.u64(window.first);
    put(out, window.entries);
}

KeyWindow take_window(Decoder& in) {
    const std::uint64_t first = in.u64();
    return {first, take_entries(in)};
}

bool ends_with(const KeyWindow& window, const Head& head) {
    return window.first <= head.keyed && head.keyed - window.first == window.entries.size();
}

void put(Encoder& out, const State& state) {
    counter::put(out, state.version);
    counter::put(out, state.head);
    counter::put(out, state.annex);
    put(out, state.window);
}

State take_state(Decoder& in) {
    State state;
    state.version = take_version(in);
    state.head = take_head(in);
    state.annex = take_annex(in);
    state.window = take_window(in);
    const std::uint64_t keyed = state.head.keyed;
    if (!ends_with(state.window, state.head)) in.fail("keys that do not end with the last one");
    if (state.window.first > keyed - keyed % keys_per_block) in.fail("keys without all of their last block");
    return state;
}

/// value  an optional or a pointer.
template <class Value, class Put>
void put_optional(Encoder& out, const Value& value, Put put_value) {
    out.u8(value ? 1 : 0);
    if (value) put_value(out, *value);
}

void put(Encoder& out, const Change& change) {
    counter::put(out, change.base);
    counter::put(out, change.next);
    counter::put(out, change.head);
    put(out, change.appended);
    put_optional(out, change.annex, [](Encoder& to, const auto& value) { counter::put(to, value); });
}

std::shared_ptr<const Change> take_change(Decoder& in) {
    const auto change = std::make_shared<Change>();
    change->base = take_version(in);
    change->next = take_version(in);
    change->head = take_head(in);
    change->appended = take_entries(in);
    if (change->appended.size() > most_operations) in.fail("more operations than one commit takes");
    change->annex = take_optional(in, take_annex);
    return change;
}

void put(Encoder& out, const Standing& standing) {
    counter::put(out, standing.header);
    counter::put(out, standing.promise);
    counter::put(out, standing.version);
    counter::put(out, standing.head);
    counter::put(out, standing.annex);
    out.u8(standing.on_disk ? 1 : 0);
}

Standing take_standing(Decoder& in) {
    Standing standing;
    standing.header = take_header(in);
    standing.promise = take_ballot(in);
    standing.version = take_version(in);
    standing.head = take_head(in);
    standing.annex = take_annex(in);
    standing.on_disk = in.bounded(1, "on disk") == 1;
    return standing;
}

template <class Kind>
Kind take_kind(Decoder& in, Kind last) {
    const std::uint8_t kind = in.u8();
    if (kind < 1 || kind > static_cast<std::uint8_t>(last)) in.fail("a message of no known kind");
    return static_cast<Kind>(kind);
}

}  // namespace

Bytes encode(const Request& request) {
    Encoder out;
    out.u8(static_cast<std::uint8_t>(request.kind));
    put(out, request.ballot);
    out.u64(request.epoch);
    put_optional(out, request.change, [](Encoder& to, const auto& value) { put(to, value); });
    put_optional(out, request.state, [](Encoder& to, const auto& value) { put(to, value); });
    put_optional(out, request.header, [](Encoder& to, const auto& value) { counter::put(to, value); });
    return out.take();
}

Request decode_request(View bytes, std::string_view where) {
    Decoder in(bytes, where);
    Request request;
    request.kind = take_kind(in, Request::Kind::remove);
    request.ballot = take_ballot(in);
    request.epoch = in.u64();
    request.change = take_optional(in, take_change).value_or(nullptr);
    request.state = take_optional(in, take_state);
    request.header = take_optional(in, take_header);
    in.end();
    if (request.kind == Request::Kind::accept && !request.change) in.fail("a change without a change");
    if (request.kind == Request::Kind::install && !request.state) in.fail("a state without a state");
    return request;
}

Bytes encode(const Reply& reply) {
    Encoder out;
    out.u8(static_cast<std::uint8_t>(reply.kind));
    put_optional(out, reply.standing, [](Encoder& to, const auto& value) { put(to, value); });
    put_optional(out, reply.keys, [](Encoder& to, const auto& value) { put(to, value); });
    out.text(std::string_view(reply.why).substr(0, longest_why));
    return out.take();
}

Reply decode_reply(View bytes, std::string_view where) {
    Decoder in(bytes, where);
    Reply reply;
    reply.kind = take_kind(in, Reply::Kind::unreachable);
    reply.standing = take_optional(in, take_standing);
    reply.keys = take_optional(in, take_window);
    reply.why = in.text(longest_why);
    in.end();
    if (reply.is_sound() != (reply.kind <= Reply::Kind::behind)) in.fail("a reply that does not say how it stands");
    if (reply.keys && !(reply.is_sound() && ends_with(*reply.keys, reply.standing->head)))
        in.fail("keys that do not end with the last one");
    return reply;
}

}  // namespace ft::counter

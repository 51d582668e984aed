// Goal: what is sent is what arrives; what another host sends may be anything and is refused where it cannot be.
#include "libcore/counter/message.h"

#include "libcore/base/failure.h"
#include "tests/catch.h"
#include "tests/counter/samples.h"

namespace ft::counter {

namespace {

Change change() {
    return {.base = {{1, 2}, 3},
            .next = {{4, 5}, 6},
            .head = state(7).head,
            .appended = window(3, 7).entries,
            .annex = annex(4)};
}

Standing standing(std::uint64_t keyed = 7) {
    return {.header = header(55),
            .promise = {9, 8},
            .version = {{1, 2}, 3},
            .head = state(keyed).head,
            .annex = annex(2),
            .on_disk = false};
}

std::vector<Request> requests() {
    using Kind = Request::Kind;
    return {{.kind = Kind::look},
            {.kind = Kind::prepare, .ballot = {7, 8}, .epoch = 9},
            {.kind = Kind::accept, .ballot = {7, 8}, .epoch = 9, .change = std::make_shared<const Change>(change())},
            {.kind = Kind::install, .ballot = {1, 1}, .state = state(300, 3), .header = header()},
            {.kind = Kind::install, .state = state()},
            {.kind = Kind::keys},
            {.kind = Kind::inspect},
            {.kind = Kind::remove, .epoch = 5}};
}

std::vector<Reply> replies() {
    using Kind = Reply::Kind;
    return {{.kind = Kind::sound, .standing = standing()},
            {.kind = Kind::sound, .standing = standing(), .keys = window(2, 7)},
            {.kind = Kind::refused, .standing = standing()},
            {.kind = Kind::behind, .standing = standing()},
            {.kind = Kind::damaged, .why = "its newest commit is damaged"},
            {.kind = Kind::failed, .why = "Input/output error"},
            {.kind = Kind::missing},
            {.kind = Kind::busy, .why = "pid 5"},
            {.kind = Kind::unreachable, .why = "Connection refused"}};
}

/// Two values that encode alike are alike, where the encoding leaves nothing out; what it holds is compared field by
/// field in the tests.
template <class Message, class Decode>
void survives(const Message& message, Decode decode) {
    const Bytes bytes = encode(message);
    CHECK(encode(decode(bytes)) == bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        REQUIRE(damage_of([&] { return decode(View(bytes).first(size)); }) != "");
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    CHECK(damage_of([&] { return decode(longer); }) != "");
}

Request sent(const Request& request) { return decode_request(encode(request), "x"); }
Reply sent(const Reply& reply) { return decode_reply(encode(reply), "x"); }

}  // namespace

TEST_CASE("every request and reply survives its bytes, and no part of it is taken for the whole", "[counter]") {
    for (const Request& request : requests()) {
        CHECK(sent(request).kind == request.kind);
        survives(request, [](View bytes) { return decode_request(bytes, "x"); });
    }
    for (const Reply& reply : replies()) {
        CHECK(sent(reply).kind == reply.kind);
        CHECK(sent(reply).why == reply.why);
        survives(reply, [](View bytes) { return decode_reply(bytes, "x"); });
    }
}

TEST_CASE("every field of a request arrives", "[counter]") {
    const Request accept = sent(requests()[2]);
    CHECK(accept.ballot == Ballot{7, 8});
    CHECK(accept.epoch == 9);
    CHECK_FALSE(accept.state);
    CHECK_FALSE(accept.header);
    REQUIRE(accept.change);
    CHECK(accept.change->base == change().base);
    CHECK(accept.change->next == change().next);
    CHECK(accept.change->head == change().head);
    CHECK(accept.change->appended == change().appended);
    CHECK(accept.change->annex == change().annex);
    const Request install = sent(requests()[3]);
    REQUIRE((install.state && install.header));
    CHECK(install.state->version == state().version);
    CHECK(install.state->head == state(300).head);
    CHECK(install.state->annex == annex(3));
    CHECK(install.state->window == window(0, 300));
    CHECK(install.header->replica == header().replica);
    CHECK(install.header->identity.counter == header().identity.counter);
    CHECK(install.header->identity.keys == header().identity.keys);
    CHECK(install.header->identity.created == header().identity.created);
}

TEST_CASE("every field of a reply arrives", "[counter]") {
    const Reply reply = sent(replies()[1]);
    REQUIRE((reply.standing && reply.keys));
    CHECK(reply.standing->header.identity.keys == 55);
    CHECK(reply.standing->promise == standing().promise);
    CHECK(reply.standing->version == standing().version);
    CHECK(reply.standing->head == standing().head);
    CHECK(reply.standing->annex == standing().annex);
    CHECK_FALSE(reply.standing->on_disk);
    CHECK(*reply.keys == window(2, 7));
}

TEST_CASE("a long reason is cut, so that the reply arrives", "[counter]") {
    CHECK(sent(Reply{.kind = Reply::Kind::failed, .why = std::string(5000, 'x')}).why == std::string(1024, 'x'));
}

TEST_CASE("a request that cannot be is refused with its reason", "[counter]") {
    const auto refusal = [](const Request& request) { return damage_of([&] { return sent(request); }); };
    CHECK(refusal({.kind = Request::Kind::accept}) == "a change without a change");
    CHECK(refusal({.kind = Request::Kind::install}) == "a state without a state");
    CHECK(refusal({.kind = Request::Kind{0}}) == "a message of no known kind");
    CHECK(refusal({.kind = Request::Kind{8}}) == "a message of no known kind");
    CHECK(refusal({.kind = Request::Kind::look, .header = header(most_keys + 1)}) ==
          "more keys than any counter remembers");
    Change large = change();
    large.appended.resize(most_operations + 1);
    CHECK(refusal({.kind = Request::Kind::accept, .change = std::make_shared<const Change>(large)}) ==
          "more operations than one commit takes");
    State broken = state(300);
    broken.window.entries.pop_back();
    CHECK(refusal({.kind = Request::Kind::install, .state = broken}) == "keys that do not end with the last one");
    broken.window.first = broken.head.keyed + 1;
    CHECK(refusal({.kind = Request::Kind::install, .state = broken}) == "keys that do not end with the last one");
    broken.window = window(2 * keys_per_block + 1, 300);
    CHECK(refusal({.kind = Request::Kind::install, .state = broken}) == "keys without all of their last block");
    broken.window = window(2 * keys_per_block, 300);
    CHECK(refusal({.kind = Request::Kind::install, .state = broken}).empty());
}

TEST_CASE("a reply that cannot be is refused with its reason", "[counter]") {
    const auto refusal = [](const Reply& reply) { return damage_of([&] { return sent(reply); }); };
    CHECK(refusal({.kind = Reply::Kind{0}}) == "a message of no known kind");
    CHECK(refusal({.kind = Reply::Kind{9}}) == "a message of no known kind");
    CHECK(refusal({.kind = Reply::Kind::sound}) == "a reply that does not say how it stands");
    CHECK(refusal({.kind = Reply::Kind::damaged, .standing = standing()}) == "a reply that does not say how it stands");
    CHECK(refusal({.kind = Reply::Kind::missing, .keys = window(0, 1)}) == "keys that do not end with the last one");
    CHECK(refusal({.kind = Reply::Kind::sound, .standing = standing(), .keys = window(0, 6)}) ==
          "keys that do not end with the last one");
}

}  // namespace ft::counter

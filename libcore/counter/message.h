// What a coordinator asks of a replica and what it hears, as values, and as bytes for replicas on other hosts.
// FORMAT.md, section 4.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "libcore/base/bytes.h"
#include "libcore/counter/layout.h"
#include "libcore/counter/state.h"

namespace ft::counter {

struct Request {
    enum class Kind : std::uint8_t {
        look = 1,  ///< how do you stand?
        prepare,   ///< take no write below `ballot` from now on
        accept,    ///< make `change`, under the ballot of its version
        install,   ///< become `state`, under `ballot`, in a new file; `header` where you are missing
        keys,      ///< the keys that you keep
        inspect,   ///< as look, after reading everything that you hold
        remove,    ///< if you are `header`'s replica: you are a member no more, go
    };
    Kind kind = Kind::look;
    Ballot ballot;
    std::uint64_t epoch = 0;               ///< of the charter that the asker goes by
    std::shared_ptr<const Change> change;  ///< shared by the requests to all replicas: it may be large
    std::optional<State> state;
    std::optional<Header> header;
};

/// How a sound replica stands.
struct Standing {
    Header header;
    Ballot promise;
    Version version;
    Head head;
    Annex annex;
    bool on_disk = true;  ///< false: in memory, gone with the power
};

struct Reply {
    enum class Kind : std::uint8_t {
        sound = 1,    ///< done, and durable; how it stands now
        refused,      ///< sound, but it has promised more, or knows a newer epoch: how it stands
        behind,       ///< sound, but not at the change's base
        damaged,      ///< it has no vote until it is repaired
        failed,       ///< its disk refused: nothing of it is believed by this process any more
        missing,      ///< there is no such file
        busy,         ///< locked by another
        unreachable,  ///< no word from it, the request may have been done or may yet be
    };
    Kind kind = Kind::unreachable;
    std::optional<Standing> standing;
    std::optional<KeyWindow> keys;
    std::string why;
    [[nodiscard]] bool is_sound() const { return standing.has_value(); }
};

[[nodiscard]] Bytes encode(const Request& request);
[[nodiscard]] Bytes encode(const Reply& reply);
[[nodiscard]] Request decode_request(View bytes, std::string_view where);
[[nodiscard]] Reply decode_reply(View bytes, std::string_view where);

}  // namespace ft::counter

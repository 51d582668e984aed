// Requests and replies of another host (the first byte says which): what is read encodes to the same bytes, or it is
// refused.
#include <algorithm>

#include "libcore/counter/message.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ft;
    if (size == 0) return 0;
    const View message = fuzz::view_of_input(data + 1, size - 1);
    fuzz::accepts([&] {
        const Bytes again = data[0] % 2 == 0 ? encode(counter::decode_request(message, "another host"))
                                             : encode(counter::decode_reply(message, "another host"));
        check(std::ranges::equal(again, message), "a message has one encoding");
    });
    return 0;
}

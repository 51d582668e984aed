// What a counter's name leads to, and places in words: what is taken is written and read again as it was.
#include "libcore/counter/descriptor.h"
#include "libcore/counter/locator.h"
#include "tests/fuzz/target.h"

namespace {

void look_at(std::string_view words) {
    using namespace ft::counter;
    const std::string kept = kept_locator(words, "/home/x", "/home/x/d");
    ft::check(kept_locator(kept, "/home/x", "/home/x") == kept, "what is kept is kept as it is");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = ft::text_of(ft::fuzz::view_of_input(data, size));
    try {
        const ft::counter::Descriptor read = ft::counter::parse_descriptor(text, "input");
        ft::check(ft::counter::parse_descriptor(text_of(read), "written") == read, "a name is written as it is read");
        for (const ft::counter::Member& member : read.replicas) look_at(member.locator);
    } catch (const ft::Failure& failure) {
        ft::check(failure.exit() == ft::Exit::damage || failure.exit() == ft::Exit::usage, "damage, or no place");
    }
    try {
        look_at(text);
    } catch (const ft::Failure& failure) {
        ft::check(failure.exit() == ft::Exit::usage, "no place");
    }
    return 0;
}

// Names of branches, as other systems list them: what is taken for one of ours is exactly what we would have written.
#include "libcore/twophase/participant.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto branch = ft::twophase::Branch::from_id(text)) {
        ft::check(branch->id() == text, "a branch has one name");
        ft::check(text.size() <= 64, "it fits where XA's ids have to");
    }
    return 0;
}

// FT_FAULTS as somebody types it: rules that can be met any number of times, or a usage failure.
#include "libcore/io/fault_script.h"

#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = ft::text_of(ft::fuzz::view_of_input(data, size));
    const std::string paths[] = {"packs/ab/abc", "checkpoints/job/1"};
    const auto parse_and_meet = [&] {
        ft::io::FaultScript script(text);
        for (int i = 0; i <= static_cast<int>(ft::io::Operation::sync_file_system); ++i) {
            const ft::io::Fault fault = script.meet(static_cast<ft::io::Operation>(i), paths);
            if (fault.action == ft::io::Fault::Action::error) ft::check(fault.error > 0, "an error has a number");
        }
    };
    ft::fuzz::accepts(parse_and_meet, ft::Exit::usage);
    return 0;
}

// Plans: any text is a plan whose participants can be named, or refused as a mistake of its writer, in few lines.
#include "libcore/twophase/plan.h"

#include <algorithm>

#include "libcore/twophase/journal.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    ft::fuzz::accepts(
        [&] {
            const ft::twophase::Plan plan =
                ft::twophase::parse_plan(text, "plan.toml", "/folder", [](const std::string& path) { return path; });
            ft::check(!plan.parts.empty() && plan.parts.size() <= ft::twophase::most_parts, "a plan has participants");
            for (const ft::twophase::Spec& spec : plan.parts) {
                ft::check(spec.label.starts_with(spec.kind + ":"), "a participant is named by its kind");
                for (const char* path : {"dest", "new", "link", "generation", "folder"})
                    ft::check(!spec.fields.contains(path) || spec.fields.at(path).starts_with('/'), "paths are whole");
            }
        },
        ft::Exit::usage);
    return 0;
}

#include "libcore/ui/report.h"

#include <fmt/format.h>

#include "libcore/base/text.h"

namespace ft::ui {

std::string failure_line(std::string_view tool, const Failure& failure) {
    return fmt::format("{}: {}\n", tool, printable(failure.what()));
}

Answer failure_answer(const Failure& failure) {
    const Failure::Parts& parts = failure.parts();
    Answer answer;
    answer.number("exit", static_cast<std::uint64_t>(parts.exit));
    answer.text("what", parts.what).text("where", parts.where).text("why", parts.why).text("todo", parts.todo);
    return answer.text("message", printable(failure.what()));
}

}  // namespace ft::ui

#include "libcore/io/fault_script.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"

namespace ft::io {

namespace {

struct Described {
    std::string_view name;
    std::string_view phrase;
    bool changes;
};

/// In the order of Operation.
constexpr std::array<Described, 33> operations{{
    {"read", "read", false},
    {"write", "write", true},
    {"set_size", "set the size", true},
    {"punch_hole", "make a hole", true},
    {"clone_from", "share blocks", true},
    {"sync", "write to the disk", true},
    {"start_writeback", "start writing", false},
    {"next_data", "find the holes", false},
    {"try_lock", "lock", false},
    {"map", "map", false},
    {"find_file", "open", false},
    {"find_dir", "open the directory", false},
    {"create_file", "create", true},
    {"create_unnamed", "create a file", true},
    {"publish", "create", true},
    {"make_dir", "create the directory", true},
    {"make_symlink", "create the link", true},
    {"make_node", "create", true},
    {"make_link", "link", true},
    {"rename", "rename", true},
    {"exchange", "exchange", true},
    {"remove_file", "remove", true},
    {"remove_dir", "remove the directory", true},
    {"stat", "stat", false},
    {"read_symlink", "read the link", false},
    {"list", "list", false},
    {"set_owner", "set the owner", true},
    {"set_mode", "set the mode", true},
    {"set_mtime", "set the time", true},
    {"xattrs", "read the attributes", false},
    {"set_xattr", "set an attribute", true},
    {"remove_xattr", "remove an attribute", true},
    {"sync_file_system", "write to the disk", true},
}};
static_assert(operations.size() == static_cast<std::size_t>(Operation::sync_file_system) + 1);

const Described& described(Operation operation) { return operations[static_cast<std::size_t>(operation)]; }

std::optional<Operation> operation_called(std::string_view name) {
    for (std::size_t i = 0; i < operations.size(); ++i)
        if (operations[i].name == name) return static_cast<Operation>(i);
    return std::nullopt;
}

std::optional<int> errno_called(std::string_view name) {
    for (int error = 1; error < 256; ++error) {
        const char* known = strerrorname_np(error);
        if (known != nullptr && name == known) return error;
    }
    return std::nullopt;
}

/// One rule's text on its way to a Rule.
class RuleParser {
public:
    RuleParser(std::string_view script, std::string_view rule) : script_(script), rule_(rule) {}

    FaultScript::Rule parse() const {
        const std::size_t equals = rule_.rfind('=');
        if (equals == std::string_view::npos) fail(rule_, "a rule is OPERATION[~GLOB][@N]=ACTION");
        std::string_view subject = rule_.substr(0, equals);
        FaultScript::Rule rule;
        if (std::size_t at = subject.rfind('@'); at != std::string_view::npos) {
            rule.ordinal = ordinal(subject.substr(at + 1));
            subject = subject.substr(0, at);
        }
        if (std::size_t tilde = subject.find('~'); tilde != std::string_view::npos) {
            rule.glob = subject.substr(tilde + 1);
            if (rule.glob.empty()) fail(subject, "a glob has to follow '~'");
            subject = subject.substr(0, tilde);
        }
        name_operation(subject, rule);
        name_action(rule_.substr(equals + 1), rule);
        return rule;
    }

private:
    [[noreturn]] void fail(std::string_view at, const std::string& why, std::string todo = {}) const {
        const auto column = static_cast<std::size_t>(at.data() - script_.data()) + 1;
        throw Failure({.what = "cannot understand the fault script",
                       .where = "column " + std::to_string(column),
                       .why = why,
                       .todo = std::move(todo),
                       .exit = Exit::usage});
    }

    std::uint64_t ordinal(std::string_view text) const {
        std::optional<std::uint64_t> number = parse_number(text);
        if (!number || *number == 0) fail(text, "'" + std::string(text) + "' is not a number from 1");
        return *number;
    }

    void name_operation(std::string_view name, FaultScript::Rule& rule) const {
        rule.operation = operation_called(name);
        rule.only_changes = name == "change";
        if (rule.operation || rule.only_changes || name == "*") return;
        std::vector<std::string> words{"change"};
        for (const Described& known : operations) words.emplace_back(known.name);
        std::optional<std::string> meant = did_you_mean(name, words);
        fail(name, "unknown operation '" + std::string(name) + "'", meant ? "did you mean '" + *meant + "'?" : "");
    }

    void name_action(std::string_view name, FaultScript::Rule& rule) const {
        using Action = Fault::Action;
        if (name.ends_with('+')) {
            rule.and_later = true;
            name.remove_suffix(1);
        }
        if (name == "kill")
            rule.fault = {.action = Action::kill};
        else if (name == "killafter")
            rule.fault = {.action = Action::kill_after};
        else if (name == "short")
            rule.fault = {.action = Action::short_write, .error = ENOSPC};
        else if (name == "half")
            rule.fault = {.action = Action::half_write};
        else if (auto error = errno_called(name))
            rule.fault = {.action = Action::error, .error = *error};
        else
            fail(name, "unknown action '" + std::string(name) + "'",
                 "use an errno's name, short, half, kill or killafter");
        const bool divides = rule.fault.action == Action::short_write || rule.fault.action == Action::half_write;
        if (divides && rule.operation != Operation::write)
            fail(rule_, "only a write can be '" + std::string(name) + "'");
    }

    std::string_view script_, rule_;
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Whether the glob matches the path or what follows any '/' in it.
bool meets_end(const std::string& glob, std::string_view path) {
    for (;;) {
        if (glob_match(glob, path)) return true;
        const std::size_t slash = path.find('/');
        if (slash == std::string_view::npos) return false;
        path.remove_prefix(slash + 1);
    }
}

bool concerns(const FaultScript::Rule& rule, Operation operation, std::span<const std::string> paths) {
    if (rule.operation && *rule.operation != operation) return false;
    if (rule.only_changes && !described(operation).changes) return false;
    return rule.glob.empty() ||
           std::any_of(paths.begin(), paths.end(), [&](auto& p) { return meets_end(rule.glob, p); });
}

}  // namespace

FaultScript::FaultScript(std::string_view text) {
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find(';', start), text.size());
        const std::string_view rule = trimmed(text.substr(start, end - start));
        if (!rule.empty()) rules_.push_back(RuleParser(text, rule).parse());
        start = end + 1;
    }
}

Fault FaultScript::meet(Operation operation, std::span<const std::string> paths) {
    std::lock_guard lock(mutex_);
    Fault first;
    for (Rule& rule : rules_) {
        if (!concerns(rule, operation, paths)) continue;
        ++rule.met;
        const bool strikes = rule.met == rule.ordinal || (rule.and_later && rule.met > rule.ordinal);
        if (strikes && first.action == Fault::Action::none) first = rule.fault;
    }
    return first;
}

std::string failing(Operation operation) { return "cannot " + std::string(described(operation).phrase); }

}  // namespace ft::io

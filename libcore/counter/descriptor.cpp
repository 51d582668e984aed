#include "libcore/counter/descriptor.h"

#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/counter/replica_file.h"

namespace ft::counter {

namespace {

constexpr std::string_view first_line = "ftcounter 1\n", first_word = "ftcounter ";

/// A member as it stands after "replica ".
std::optional<Member> member_of(std::string_view words) {
    const std::optional<Uuid> uuid = Uuid::from_hex(take_word(words));
    if (!uuid || words.empty() || words.size() > longest_locator) return std::nullopt;
    return Member{*uuid, std::string(words)};
}

/// Takes a line about shared memory; false where it is none.
bool take_shared(std::string_view line, std::optional<SharedName>& shared) {
    const std::string_view verb = take_word(line);
    const std::string_view first = take_word(line);
    if (line.empty() || line.size() > longest_locator || !line.starts_with('/')) return false;
    if (verb == "shared" && !shared && (first == "plain" || first == "exact")) {
        shared = SharedName{.exact = first == "exact", .segment = std::string(line)};
        return true;
    }
    const std::optional<std::uint64_t> period = parse_number(first);
    if (verb != "flush" || !shared || !shared->file.empty() || !period || *period == 0 || *period > UINT32_MAX)
        return false;
    shared->flush_ms = static_cast<std::uint32_t>(*period);
    shared->file = line;
    return true;
}

/// Takes one line; false where it is none that belongs there.
bool take_line(std::string_view line, Descriptor& descriptor) {
    constexpr std::string_view replica = "replica ";
    if (line.starts_with(replica) && !descriptor.shared) {
        const std::optional<Member> member = member_of(line.substr(replica.size()));
        if (member) descriptor.replicas.push_back(*member);
        return member.has_value();
    }
    return descriptor.replicas.empty() && take_shared(line, descriptor.shared);
}

}  // namespace

std::string text_of(const Descriptor& descriptor) {
    std::string text(first_line);
    for (const Member& member : descriptor.replicas)
        text += fmt::format("replica {} {}\n", member.replica.hex(), member.locator);
    if (const std::optional<SharedName>& shared = descriptor.shared) {
        text += fmt::format("shared {} {}\n", shared->exact ? "exact" : "plain", shared->segment);
        if (shared->flush_ms > 0) text += fmt::format("flush {} {}\n", shared->flush_ms, shared->file);
    }
    return text;
}

Descriptor parse_descriptor(std::string_view text, std::string_view where) {
    if (!text.starts_with(first_line))
        throw damage(where, text.starts_with(first_word) ? "a counter of a newer version: use a newer ftcounter"
                                                         : "it is no counter");
    text.remove_prefix(first_line.size());
    Descriptor descriptor;
    for (std::size_t number = 2; !text.empty(); ++number) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.empty() || line.starts_with('#')) continue;
        if (!take_line(line, descriptor))
            throw damage(where, fmt::format("line {} is not one that belongs there", number));
        if (descriptor.replicas.size() > most_members) throw damage(where, "it has too many replicas");
    }
    if (descriptor.replicas.empty() && !descriptor.shared) throw damage(where, "it names no replica");
    return descriptor;
}

std::optional<Named> look_up(io::Dir& dir, const std::string& name) {
    const std::unique_ptr<io::File> file = dir.find_file(name, io::Access::read);
    if (!file) return std::nullopt;
    const std::string where = io::join_path(dir.path(), name);
    if (const std::optional<Header> header = header_of(*file))
        return Named{Named::Kind::replica, {{Member{header->replica, name}}}};
    const Bytes bytes = io::read_whole(*file, longest_descriptor);
    return Named{Named::Kind::descriptor, parse_descriptor(ft::text_of(bytes), where)};
}

void put_descriptor(io::Dir& dir, const std::string& name, const Descriptor& descriptor) {
    io::replace_file(dir, name, view_of(text_of(descriptor)));
}

}  // namespace ft::counter

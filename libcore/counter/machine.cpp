#include "libcore/counter/machine.h"

#include <algorithm>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/counter/locator.h"
#include "libcore/counter/remote.h"

namespace ft::counter {

namespace {

constexpr auto glance = std::chrono::milliseconds(50);  // between looks at whether the user wants to stop

/// A replica that there is no way to.
class NoReplica final : public Replica {
public:
    explicit NoReplica(std::string why) : why_(std::move(why)) {}
    Reply handle(const Request&) override { return {.kind = Reply::Kind::unreachable, .why = why_}; }

private:
    std::string why_;
};

}  // namespace

Machine::Machine(Locate locate, Clock& clock, const Progress& progress, Hints hints)
    : locate_(std::move(locate)), clock_(clock), progress_(progress), hints_(std::move(hints)) {}

std::string Machine::locator(const Member& member) const {
    const Member* hint = find(hints_.descriptor.replicas, member.replica);
    return hint != nullptr ? hint->locator : member.locator;
}

std::string Machine::place(const Member& member) const {
    const std::string words = locator(member);
    const Locator parsed = parse_locator(words);
    return parsed.kind == Locator::Kind::file ? path_of(parsed, hints_.folder) : words;
}

std::unique_ptr<Link> Machine::link(const Member& member) {
    try {
        const Locator where = parse_locator(locator(member));
        if (where.kind == Locator::Kind::file) return file_link(path_of(where, hints_.folder));
        return threaded_link(remote_replica(where.text, hints_.folder), nullptr, bell_);
    } catch (const Failure& failure) {  // one replica's failure is its reply
        progress_.step();
        return inline_link(std::make_unique<NoReplica>(failure.parts().why), nullptr);
    }
}

std::unique_ptr<Link> Machine::file_link(const std::string& path) {
    io::Located place = locate_(path);
    auto replica = std::make_unique<LocalReplica>(std::move(place.dir), place.name);
    LocalReplica* local = replica.get();
    if (has_inline_) return threaded_link(std::move(replica), local, bell_);
    has_inline_ = true;
    return inline_link(std::move(replica), local);
}

bool Machine::wait(std::chrono::nanoseconds at_most, const std::function<bool()>& done) {
    const auto until = clock_.monotonic() + at_most;
    for (;;) {
        const auto left = until - clock_.monotonic();
        if (bell_.wait(std::min<std::chrono::nanoseconds>(left, glance), done)) return true;
        progress_.step();
        if (left <= glance) return false;
    }
}

void Machine::learn(const Charter& charter) {
    if (!hints_.is_replica || charter.epoch == 0) return;
    const Member& own = hints_.descriptor.replicas.front();
    const Member* kept = find(charter.members, own.replica);
    if (kept == nullptr) return;
    const std::string path = plain_path(io::join_path(hints_.folder, own.locator));
    if (kept->locator.starts_with('/') || !path.ends_with("/" + kept->locator)) return;
    hints_.descriptor.replicas.front().locator = kept->locator;
    hints_.folder = path.substr(0, path.size() - kept->locator.size() - 1);
    if (hints_.folder.empty()) hints_.folder = "/";
    hints_.is_replica = false;
}

std::vector<Member> Machine::named_members() {
    if (hints_.name.empty()) return {};
    const io::Located at = locate_(io::join_path(hints_.folder, hints_.name));
    std::optional<Named> named = look_up(*at.dir, at.name);
    if (!named || named->kind != Named::Kind::descriptor) return {};
    hints_.descriptor = std::move(named->descriptor);
    return hints_.descriptor.replicas;
}

}  // namespace ft::counter

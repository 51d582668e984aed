// What of the un-synced changes a disk keeps: sync (all of them), a failed sync and a power cut (any part of them).
#include <algorithm>

#include "libcore/sim/chance.h"
#include "libcore/sim/disk_state.h"

namespace ft::sim {

namespace {

enum class Fate { lost, size_only, torn, data_only, kept };

/// Decides for each change in turn whether it survives. A seed chooses one of the plans first, because the losses that
/// matter most are "all but this one" and "only this one", which independent coins hardly ever show.
class Survival {
public:
    Survival(std::uint64_t seed, std::size_t changes) : chance_(seed) {
        if (seed < 2) {
            plan_ = seed == 0 ? Plan::none : Plan::all;
            return;
        }
        const std::uint64_t roll = chance_.below(10);
        plan_ = roll < 3 ? Plan::all_but_one : roll < 6 ? Plan::only_one : Plan::coins;
        chosen_ = changes == 0 ? 0 : chance_.below(changes);
        constexpr unsigned densities[] = {10, 30, 50, 70, 90};
        percent_ = densities[chance_.below(5)];
        tear_percent_ = static_cast<unsigned>(chance_.below(3)) * 25;
        whole_pages_ = chance_.one_in(2);
        garbage_ = chance_.one_in(4);
    }

    bool keeps() {
        const bool is_chosen = next_++ == chosen_;
        switch (plan_) {
            case Plan::none:
                return false;
            case Plan::all:
                return true;
            case Plan::all_but_one:
                return !is_chosen;
            case Plan::only_one:
                return is_chosen;
            case Plan::coins:
                break;
        }
        return chance_.percent(percent_);
    }

    Fate of_content() {
        const bool kept = keeps();
        if (plan_ == Plan::none || plan_ == Plan::all) return kept ? Fate::kept : Fate::lost;
        if (!kept) return chance_.one_in(4) ? Fate::size_only : Fate::lost;
        if (chance_.percent(tear_percent_)) return Fate::torn;
        return plan_ == Plan::coins && chance_.one_in(8) ? Fate::data_only : Fate::kept;
    }

    bool coin() { return plan_ == Plan::all || (plan_ != Plan::none && chance_.one_in(2)); }
    [[nodiscard]] std::uint64_t tear_unit() const { return whole_pages_ ? page_size : sector_size; }
    [[nodiscard]] bool garbage() const { return garbage_; }
    Chance& chance() { return chance_; }

private:
    enum class Plan { none, all, all_but_one, only_one, coins };
    Chance chance_;
    Plan plan_ = Plan::coins;
    std::uint64_t chosen_ = 0, next_ = 0;
    unsigned percent_ = 0, tear_percent_ = 0;
    bool whole_pages_ = false, garbage_ = false;
};

/// Bytes [from, to) of a write.
void keep_range(const ContentChange& write, std::uint64_t from, std::uint64_t to, Content& content) {
    while (from < to) {
        const std::uint64_t index = from / page_size, offset = from % page_size;
        const std::uint64_t part = std::min(to - from, page_size - offset);
        const PageRef& page = write.pages[index - write.start / page_size];
        if (part == page_size || (!page && offset == 0 && to == write.end))
            content.set_page(index, page);
        else if (page)
            content.write_data_only(View(page->data() + offset, part), from);
        else
            content.punch(from, part);
        from += part;
    }
}

void keep_torn(const ContentChange& write, Survival& survival, Content& content) {
    const std::uint64_t unit = survival.tear_unit();
    Chance& chance = survival.chance();
    std::uint64_t last = write.start;
    const bool prefix = chance.one_in(2);
    const std::uint64_t units = write.end / unit - write.start / unit + 1, prefix_units = chance.below(units + 1);
    std::uint64_t number = 0;
    for (std::uint64_t at = write.start; at < write.end; ++number) {
        const std::uint64_t end = std::min(write.end, (at / unit + 1) * unit);
        if (prefix ? number < prefix_units : chance.one_in(2)) {
            keep_range(write, at, end, content);
            last = end;
        }
        at = end;
    }
    const std::uint64_t size = chance.one_in(2) ? write.end : last;
    if (size > content.size()) content.set_size_only(size);
}

/// The size grew and the bytes never came: zeros, or what some deleted file left there.
void keep_size_only(const ContentChange& change, Survival& survival, Content& content) {
    const std::uint64_t former = content.size();
    if (change.size_after <= former) return;
    content.set_size_only(change.size_after);
    const std::uint64_t from = std::max(former, change.start);
    if (!survival.garbage() || change.what != ContentChange::What::write || from >= change.end) return;
    Bytes stale(std::min<std::uint64_t>(change.end - from, 64 * page_size));
    for (std::byte& b : stale) b = static_cast<std::byte>(survival.chance().next());
    content.write_data_only(stale, from);
}

void keep(const ContentChange& change, Content& content) {
    switch (change.what) {
        case ContentChange::What::size:
            content.resize(change.end);
            return;
        case ContentChange::What::punch:
            content.punch(change.start, change.end - change.start);
            return;
        case ContentChange::What::write:
            break;
    }
    keep_range(change, change.start, change.end, content);
    if (change.end > content.size()) content.set_size_only(change.end);
}

void keep_some(const ContentChange& change, Survival& survival, Content& content) {
    const bool is_write = change.what == ContentChange::What::write;
    switch (survival.of_content()) {
        case Fate::lost:
            return;
        case Fate::size_only:
            return keep_size_only(change, survival, content);
        case Fate::torn:
            return is_write ? keep_torn(change, survival, content) : keep(change, content);
        case Fate::data_only:
            return is_write ? keep_range(change, change.start, change.end, content) : keep(change, content);
        case Fate::kept:
            return keep(change, content);
    }
}

/// `to` is the durable node; `seen` has the changes.
void keep_some(const Node& seen, Survival& survival, Node& to) {
    for (const auto& change : seen.content_changes) keep_some(*change, survival, to.content);
    to.content.clip();
    for (const AttributeChange& change : seen.attribute_changes)
        if (survival.keeps()) apply(change, to.attributes);
    if (survival.coin()) {
        to.attributes.mtime = seen.attributes.mtime;
        to.attributes.ctime = seen.attributes.ctime;
    }
}

}  // namespace

bool DiskState::has_unsynced_names(Ino dir) const {
    return std::any_of(name_changes_.begin(), name_changes_.end(), [&](const auto& change) {
        return std::any_of(change->parts.begin(), change->parts.end(),
                           [&](const Assignment& part) { return part.dir == dir; });
    });
}

void DiskState::sync_names(Ino dir) {
    std::erase_if(name_changes_, [&](const auto& change) {
        if (change->parts.back().dir != dir) return false;
        for (const Assignment& part : change->parts) own(durable_, part.dir).names.set(part.name, part.to);
        return true;
    });
}

void DiskState::sync(Ino ino) {
    const bool is_dir = seen_[ino]->kind == io::Kind::dir;
    if (is_dir) sync_names(ino);
    if (seen_[ino] == durable_[ino]) return;
    Node& node = own(seen_, ino);
    if (node.diverged || (is_dir && has_unsynced_names(ino))) {
        Node& durable = own(durable_, ino);
        for (const auto& change : node.content_changes) keep(*change, durable.content);
        durable.content.clip();
        for (const AttributeChange& change : node.attribute_changes) apply(change, durable.attributes);
        durable.attributes.mtime = node.attributes.mtime;
        durable.attributes.ctime = node.attributes.ctime;
    }
    node.content_changes.clear();
    node.attribute_changes.clear();
    if (!node.diverged && !(is_dir && has_unsynced_names(ino))) durable_[ino] = seen_[ino];
}

void DiskState::sync_range(Ino ino, std::uint64_t start, std::uint64_t end) {
    const auto inside = [&](const auto& change) {
        return change->what == ContentChange::What::write && change->start >= start && change->end <= end;
    };
    const auto beside = [&](const auto& change) { return change->end <= start || change->start >= end; };
    const auto& changes = seen_[ino]->content_changes;
    if (!std::all_of(changes.begin(), changes.end(), [&](const auto& c) { return inside(c) || beside(c); }))
        return sync(ino);  // more becomes durable than was asked for
    Node& node = own(seen_, ino);
    Node& durable = own(durable_, ino);
    for (const auto& change : node.content_changes)
        if (inside(change)) keep(*change, durable.content);
    std::erase_if(node.content_changes, inside);
    if (node.content_changes.empty()) sync(ino);
}

std::size_t DiskState::read_disk(Ino ino, std::span<std::byte> into, std::uint64_t at) const {
    if (!seen_[ino]->diverged) return seen_[ino]->content.read(into, at);
    Content content = durable_[ino]->content;
    for (const auto& change : seen_[ino]->content_changes) keep(*change, content);
    content.clip();
    return content.read(into, at);
}

void DiskState::sync_all() {
    for (const auto& change : name_changes_)
        for (const Assignment& part : change->parts) own(durable_, part.dir).names.set(part.name, part.to);
    name_changes_.clear();
    for (Ino ino = root_ino; ino < seen_.size(); ++ino)
        if (seen_[ino] != durable_[ino]) sync(ino);
}

void DiskState::fail_sync(Ino ino, std::uint64_t seed) {
    if (!seen_[ino] || seen_[ino]->kind == io::Kind::dir) return;  // a free number; names wait for the next sync
    Node& node = own(seen_, ino);
    Node& durable = own(durable_, ino);
    Survival survival(mix(seed, ino) | 2, node.content_changes.size() + node.attribute_changes.size());
    keep_some(node, survival, durable);
    node.content_changes.clear();
    node.attribute_changes.clear();
    node.diverged = true;
}

DiskState DiskState::after_power_cut(std::uint64_t seed) const {
    std::size_t changes = name_changes_.size();
    for (Ino ino = root_ino; ino < seen_.size(); ++ino)
        if (seen_[ino] != durable_[ino])
            changes += seen_[ino]->content_changes.size() + seen_[ino]->attribute_changes.size();
    Survival survival(seed, changes);
    DiskState after;
    after.seen_ = durable_;
    for (Ino ino = root_ino; ino < seen_.size(); ++ino)
        if (seen_[ino] != durable_[ino]) keep_some(*seen_[ino], survival, own(after.seen_, ino));
    bool moved = true;  // directory moves survive in order: otherwise two of them could make a loop
    for (const auto& change : name_changes_) {
        const bool kept = survival.keeps();
        if (change->moves_directory) moved = moved && kept;
        if (change->moves_directory ? !moved : !kept) continue;
        for (const Assignment& part : change->parts) own(after.seen_, part.dir).names.set(part.name, part.to);
    }
    after.reclaim();
    return after;
}

/// Drops what no name leads to, counts links and space anew, as a file system's own recovery does.
void DiskState::reclaim() {
    std::vector<std::uint32_t> links(seen_.size(), 0);
    std::vector<Ino> todo{root_ino};
    links[root_ino] = 1;
    while (!todo.empty()) {
        const Ino dir = todo.back();
        todo.pop_back();
        for (const auto& [name, to] : seen_[dir]->names.all())
            if (links[to]++ == 0 && seen_[to]->kind == io::Kind::dir) todo.push_back(to);
    }
    allocated_ = 0;
    free_.clear();
    for (Ino ino = static_cast<Ino>(seen_.size() - 1); ino >= root_ino; --ino) {
        if (links[ino] == 0) {
            seen_[ino] = nullptr;
            free_.push_back(ino);
            continue;
        }
        const Node& node = *seen_[ino];
        if (node.links != links[ino] || node.diverged || !node.content_changes.empty() ||
            !node.attribute_changes.empty()) {
            Node& mine = own(seen_, ino);
            mine.links = links[ino];
            mine.diverged = false;
            mine.content_changes.clear();
            mine.attribute_changes.clear();
        }
        allocated_ += seen_[ino]->kind == io::Kind::dir ? page_size : seen_[ino]->content.allocated();
    }
    durable_ = seen_;
}

}  // namespace ft::sim

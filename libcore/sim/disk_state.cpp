#include "libcore/sim/disk_state.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/base/hash.h"
#include "libcore/sim/chance.h"

namespace ft::sim {

Ino Names::find(std::string_view name) const {
    auto at = std::lower_bound(all_.begin(), all_.end(), name,
                               [](const auto& one, std::string_view n) { return one.first < n; });
    return at != all_.end() && at->first == name ? at->second : no_ino;
}

void Names::set(const std::string& name, Ino to) {
    auto at = std::lower_bound(all_.begin(), all_.end(), name,
                               [](const auto& one, const std::string& n) { return one.first < n; });
    const bool there = at != all_.end() && at->first == name;
    if (there && to == no_ino)
        all_.erase(at);
    else if (there)
        at->second = to;
    else if (to != no_ino)
        all_.emplace(at, name, to);
}

void apply(const AttributeChange& change, Attributes& to) {
    const Attributes& after = *change.after;
    switch (change.field) {
        case Field::owner:
            to.uid = after.uid;
            to.gid = after.gid;
            return;
        case Field::mode:
            to.mode = after.mode;
            return;
        case Field::mtime:
            to.mtime = after.mtime;
            return;
        case Field::xattr:
            break;
    }
    const auto named = [&](const io::Xattr& x) { return x.name == change.xattr; };
    std::erase_if(to.xattrs, named);
    const auto now = std::find_if(after.xattrs.begin(), after.xattrs.end(), named);
    if (now != after.xattrs.end()) to.xattrs.insert(std::upper_bound(to.xattrs.begin(), to.xattrs.end(), *now), *now);
}

DiskState::DiskState() : seen_(root_ino + 1) {
    seen_[root_ino] = std::make_shared<Node>();
    seen_[root_ino]->kind = io::Kind::dir;
    seen_[root_ino]->attributes.mode = 0755;
    seen_[root_ino]->links = 1;
    durable_ = seen_;
}

Node& DiskState::own(Nodes& nodes, Ino ino) {
    std::shared_ptr<Node>& node = nodes[ino];
    if (node.use_count() != 1) node = std::make_shared<Node>(*node);
    return *node;
}

bool DiskState::settled() const {
    if (!name_changes_.empty()) return false;
    for (Ino ino = root_ino; ino < seen_.size(); ++ino) {
        if (seen_[ino] == durable_[ino]) continue;
        const Node& node = *seen_[ino];
        if (!node.content_changes.empty() || !node.attribute_changes.empty() || node.diverged) return false;
        if (node.attributes.mtime != durable_[ino]->attributes.mtime) return false;
    }
    return true;
}

Ino DiskState::add(Node node) {
    if (node.kind == io::Kind::dir) allocated_ += page_size;
    auto made = std::make_shared<Node>(std::move(node));
    if (!free_.empty()) {
        const Ino ino = free_.back();
        free_.pop_back();
        seen_[ino] = durable_[ino] = std::move(made);
        return ino;
    }
    seen_.push_back(made);
    durable_.push_back(std::move(made));
    return static_cast<Ino>(seen_.size() - 1);
}

void DiskState::assign(std::vector<Assignment> changes, Time now) {
    bool moves = false;
    for (const Assignment& change : changes) {
        Node& dir = own(seen_, change.dir);
        if (const Ino former = dir.names.find(change.name); former != no_ino) {
            Node& node = own(seen_, former);
            --node.links;
            node.attributes.ctime = now;
        }
        dir.names.set(change.name, change.to);
        dir.attributes.mtime = dir.attributes.ctime = now;
        if (change.to == no_ino) continue;
        Node& node = own(seen_, change.to);
        ++node.links;
        node.attributes.ctime = now;
        moves = moves || (changes.size() > 1 && node.kind == io::Kind::dir);
    }
    name_changes_.push_back(std::make_shared<const NameChange>(NameChange{std::move(changes), moves}));
}

void DiskState::release(Ino ino) {
    const Node& node = *seen_[ino];
    allocated_ -= node.kind == io::Kind::dir ? page_size : node.content.allocated();
}

void DiskState::record(Node& node, ContentChange change, std::uint64_t allocated_before, Time now) {
    allocated_ += node.content.allocated() - allocated_before;
    node.attributes.mtime = node.attributes.ctime = now;
    change.size_after = node.content.size();
    node.content_changes.push_back(std::make_shared<const ContentChange>(std::move(change)));
}

void DiskState::write(Ino ino, View bytes, std::uint64_t at, Time now) {
    if (bytes.empty()) return;
    Node& node = own(seen_, ino);
    const std::uint64_t before = node.content.allocated(), end = at + bytes.size();
    node.content.write(bytes, at);
    ContentChange change{ContentChange::What::write, at, end, 0, {}};
    for (std::uint64_t index = at / page_size; index * page_size < end; ++index)
        change.pages.push_back(node.content.page(index));
    record(node, std::move(change), before, now);
}

void DiskState::resize(Ino ino, std::uint64_t size, Time now) {
    Node& node = own(seen_, ino);
    const std::uint64_t before = node.content.allocated();
    node.content.resize(size);
    record(node, {ContentChange::What::size, 0, size, 0, {}}, before, now);
}

void DiskState::punch(Ino ino, std::uint64_t at, std::uint64_t length, Time now) {
    Node& node = own(seen_, ino);
    const std::uint64_t before = node.content.allocated();
    node.content.punch(at, length);
    record(node, {ContentChange::What::punch, at, at + length, 0, {}}, before, now);
}

void DiskState::clone(Ino ino, Ino from, Time now) {
    Node& node = own(seen_, ino);
    const std::uint64_t before = node.content.allocated();
    node.content = seen_[from]->content;
    ContentChange change{ContentChange::What::write, 0, node.content.size(), 0, {}};
    for (std::uint64_t index = 0; index * page_size < change.end; ++index)
        change.pages.push_back(node.content.page(index));
    record(node, std::move(change), before, now);
}

void DiskState::set_attribute(Ino ino, Field field, const Attributes& after, const std::string& xattr) {
    Node& node = own(seen_, ino);
    AttributeChange change{field, xattr, std::make_shared<const Attributes>(after)};
    apply(change, node.attributes);
    node.attributes.ctime = after.ctime;
    node.attribute_changes.push_back(std::move(change));
}

void DiskState::corrupt(Ino ino, const std::function<void(Content&)>& damage) {
    const bool same = seen_[ino] == durable_[ino];
    damage(own(seen_, ino).content);
    if (same)
        durable_[ino] = seen_[ino];
    else
        damage(own(durable_, ino).content);
}

std::uint64_t DiskState::fingerprint() const { return fingerprint_of(root_ino, 0); }

std::uint64_t DiskState::fingerprint_of(Ino ino, std::uint64_t hash) const {
    const Node& node = *seen_[ino];
    Encoder out;
    out.u64(hash);
    out.u8(static_cast<std::uint8_t>(node.kind));
    const Attributes& a = node.attributes;
    for (std::uint64_t number :
         {std::uint64_t{a.mode}, std::uint64_t{a.uid}, std::uint64_t{a.gid}, node.rdev, node.content.size(),
          std::uint64_t{node.links}, static_cast<std::uint64_t>(a.mtime.s), std::uint64_t{a.mtime.ns}})
        out.u64(number);
    out.text(node.target);
    for (const io::Xattr& xattr : a.xattrs) {
        out.text(xattr.name);
        out.text(xattr.value);
    }
    Bytes content(node.content.size());
    node.content.read(content, 0);
    out.raw(content);
    std::uint64_t all = checksum_of(out.view());
    for (const auto& [name, to] : node.names.all()) all = fingerprint_of(to, mix(all, checksum_of(view_of(name))));
    return all;
}

}  // namespace ft::sim

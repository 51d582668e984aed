#include "tests/sim/small_verbs.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "libcore/store/index.h"

namespace ft::sim {

namespace {

/// Paths of the files below store/PREFIX.
std::vector<std::string> objects_below(SimDisk& disk, const std::string& prefix) {
    std::vector<std::string> found, dirs{"store/" + prefix};
    while (!dirs.empty()) {
        const std::string path = dirs.back();
        dirs.pop_back();
        std::unique_ptr<io::Dir> dir = disk.root();
        for (std::size_t at = 0; at <= path.size();) {
            const std::size_t end = std::min(path.find('/', at), path.size());
            dir = io::open_dir(*dir, path.substr(at, end - at));
            at = end + 1;
        }
        for (const io::Listed& one : dir->list())
            (one.kind == io::Kind::dir ? dirs : found).push_back(path + "/" + one.name);
    }
    return found;
}

/// Puts what an index object tells of each chunk into an object of its own.
void split_index(store::Backend& backend, const store::IndexSegment& segment) {
    for (std::size_t page = 0; page < segment.pages(); ++page)
        for (store::IndexEntry& entry : segment.page(page)) {
            store::IndexBuilder builder(backend, {segment.packs()[entry.place.pack]});
            entry.place.pack = 0;
            builder.add(entry.digest, entry.place);
            (void)builder.finish();
        }
}

bool was_told(SimDisk& disk, const std::string& what) {
    const std::vector<std::string>& told = disk.acknowledged();
    return std::find(told.begin(), told.end(), what) != told.end();
}

}  // namespace

const Image& with_pin() {
    static const Image image = [] {
        SimDisk disk(with_four_checkpoints(), 1);
        pin(hands_of(disk));
        disk.root()->sync_file_system();
        return disk.image();
    }();
    return image;
}

const Image& with_rot() {
    static const Image image = [] {
        SimDisk disk(with_four_checkpoints(), 1);
        save_v(hands_of(disk));
        disk.root()->sync_file_system();
        for (const std::string& pack : objects_below(disk, "packs")) disk.flip_bit(pack, 100, 1);
        return disk.image();
    }();
    return image;
}

const Image& with_rotten_index() {
    static const Image image = [] {
        SimDisk disk(with_four_checkpoints(), 1);
        disk.flip_bit(objects_below(disk, "index").front(), 1, 1);
        return disk.image();
    }();
    return image;
}

const Image& with_many_indexes() {
    static const Image image = [] {
        SimDisk disk(with_four_checkpoints(), 1);
        Hands hands = hands_of(disk);
        const OpenStore open = open_store(hands);
        const store::Index index(*open.backend);
        std::vector<std::string> old;
        for (const store::IndexSegment* segment : index.segments()) {
            split_index(*open.backend, *segment);
            old.push_back(segment->name());
        }
        open.backend->remove(old);
        disk.root()->sync_file_system();
        return disk.image();
    }();
    return image;
}

const Image& with_rotten_list() {
    static const Image image = [] {
        SimDisk disk(with_four_checkpoints(), 1);
        Hands hands = hands_of(disk);
        (void)open_store(hands).backend->put_if_absent("damage/rotten", view_of("not such a list"));
        disk.root()->sync_file_system();
        return disk.image();
    }();
    return image;
}

const Act remove_first = [](Hands hands) { remove(std::move(hands), {"t", 1}); };
const Act remove_last = [](Hands hands) {
    const bool there = open_store(hands).store.sequences("t").back() == 3;
    if (there) remove(std::move(hands), {"t", 3});
};
const Act save_tree = [](Hands hands) { save(std::move(hands), {"t", "src2"}); };
const Act save_u = [](Hands hands) { save(std::move(hands), {"u", "src1"}); };
const Act save_v = [](Hands hands) { save(std::move(hands), {"v", "src3"}); };
const Act prune_t = [](Hands hands) { prune(std::move(hands), "t", 1); };
const Act prune_u = [](Hands hands) { prune(std::move(hands), "u", 1); };
const Act pin = [](Hands hands) { pin_newest(std::move(hands), "t"); };
const Act unpin = [](Hands hands) { unpin_newest(std::move(hands), "t"); };
const Act repair_store = [](Hands hands) { repair(std::move(hands)); };

const Act verify_rot = [](Hands hands) {
    OpenStore open = open_store(hands);
    Progress progress;
    if (ckpt::verify(open.store, {}, hands.clock, progress).damaged_count != 0) hands.disk.acknowledge("found damage");
};

Complaints complaints_about_healing(SimDisk& disk) {
    if (!was_told(disk, "found damage")) return {};
    try {
        save_v(hands_of(disk));
        restore(hands_of(disk), {"v", 2}, "out", ckpt::Placement::fresh);
    } catch (const Failure& failure) {
        return {failure.what()};
    }
    return description_of(*disk.root(), "out") == expected_tree("src3") ? none : Complaints{"v@2 differs"};
}

Complaints complaints_about_repair(SimDisk& disk) {
    if (!was_told(disk, "repaired")) return {};
    try {
        verify(hands_of(disk));
        save_v(hands_of(disk));
    } catch (const Failure& failure) {
        return {failure.what()};
    }
    return {};
}

}  // namespace ft::sim

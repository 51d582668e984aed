#include "tests/sim/destination_oracle.h"

#include <algorithm>
#include <set>

#include "libcore/base/failure.h"
#include "libcore/ckpt/beside.h"
#include "libcore/source/tree_remove.h"

namespace ft::sim {

namespace {

bool was_restored(SimDisk& disk, const std::string& id) {
    const std::vector<std::string>& told = disk.acknowledged();
    return std::find(told.begin(), told.end(), "restored dest " + id) != told.end();
}

bool is_marked(SimDisk& disk) { return ckpt::unfinished_restore(*disk.root(), "dest").has_value(); }

/// Which of the trees dest may be.
std::set<std::string> allowed_trees(SimDisk& disk) {
    if (was_restored(disk, "t@3")) return {expected_tree("src3")};
    if (was_restored(disk, "t@2")) return {expected_tree("src2"), expected_tree("src3")};
    return {expected_tree("src1"), expected_tree("src2"), expected_tree("src3")};
}

Complaints complaints_now(SimDisk& disk) {
    const std::string found = description_of(*disk.root(), "dest");
    const std::optional<std::string> mark = ckpt::unfinished_restore(*disk.root(), "dest");
    if (mark && *mark != "t@2 of /store" && *mark != "t@3 of /store") return {"the mark says '" + *mark + "'"};
    if (mark && !was_restored(disk, "t@3")) return {};
    if (allowed_trees(disk).contains(found)) return {};
    return {"dest is neither old nor new: " + found};
}

/// The next restore works and leaves nothing behind but the destination, and what was to be kept.
Complaints complaints_about_next(SimDisk& disk, ckpt::Placement placement) {
    const std::unique_ptr<io::Dir> root = disk.root();
    Complaints complaints;
    try {
        restore(hands_of(disk), {"t", 3}, "dest", placement);
    } catch (const Failure& failure) {
        return {std::string("the next restore: ") + failure.what()};
    }
    if (description_of(*root, "dest") != expected_tree("src3")) complaints.push_back("the next restore is wrong");
    const std::set<std::string> expected{"dest", "kept", "src1", "src2", "src3", "store"};
    for (const io::Listed& one : root->list())
        if (!expected.contains(one.name)) complaints.push_back("left: " + one.name);
    return complaints;
}

/// Another process: makes "kept" as soon as dest is exchanged.
class TakesTheName final : public Scheduler {
public:
    explicit TakesTheName(SimDisk& disk) : disk_(disk), before_(disk.root()->stat("dest")->ino) {
        disk_.set_scheduler(this);
    }
    void turn(ProcessId) override {
        disk_.set_scheduler(nullptr);
        const std::unique_ptr<io::Dir> root = disk_.root(8);
        if (root->stat("dest")->ino == before_)
            disk_.set_scheduler(this);
        else
            root->make_dir("kept", 0755);
    }

private:
    SimDisk& disk_;
    std::uint64_t before_;
};

void append(Complaints& all, const Complaints& more) { all.insert(all.end(), more.begin(), more.end()); }

}  // namespace

const Image& with_unfinished_destination() {
    static const Image image = [] {
        SimDisk disk(with_destination(), 1);
        constexpr ProcessId victim = 7;
        disk.kill_at(victim, 12);
        try {
            make_equal({disk, disk.root(victim), disk.clock()});
        } catch (const Killed&) {  // as it was to be
        }
        io::open_dir(*disk.root(), "dest")->remove_file("same");
        disk.root()->remove_file(".dest.ft-lock");
        disk.root()->sync_file_system();
        return disk.image();
    }();
    return image;
}

Act restoring(std::uint64_t sequence, ckpt::Placement placement, std::optional<std::string> keep_old) {
    return [=](Hands hands) { restore(std::move(hands), {"t", sequence}, "dest", placement, keep_old); };
}

const Act replace = restoring(2, ckpt::Placement::replace);
const Act replace_and_keep = restoring(2, ckpt::Placement::replace, "kept");
const Act make_equal = restoring(2, ckpt::Placement::in_place);
const Act make_new = [](Hands hands) {
    if (!hands.root->stat("dest")) restoring(2, ckpt::Placement::fresh)(std::move(hands));
};
const Act replace_again = restoring(3, ckpt::Placement::replace);
const Act make_equal_again = restoring(3, ckpt::Placement::in_place);

const Act replace_and_keep_in_vain = [](Hands hands) {
    SimDisk& disk = hands.disk;
    TakesTheName other(disk);
    try {
        replace_and_keep(std::move(hands));
    } catch (const Failure&) {
        disk.acknowledge("nothing changed");
    }
    disk.set_scheduler(nullptr);
};

Complaints complaints_about_mark(SimDisk& disk) {
    if (!was_restored(disk, "t@2") || !is_marked(disk)) return {};
    return {"dest is restored, but marked as unfinished"};
}

Complaints complaints_after_replace(SimDisk& disk) {
    Complaints complaints = complaints_now(disk);
    append(complaints, complaints_about_mark(disk));
    append(complaints, complaints_about_next(disk, ckpt::Placement::replace));
    return complaints;
}

Complaints complaints_after_make_equal(SimDisk& disk) {
    Complaints complaints = complaints_now(disk);
    append(complaints, complaints_about_next(disk, ckpt::Placement::in_place));
    return complaints;
}

Complaints complaints_after_make_new(SimDisk& disk) {
    const std::unique_ptr<io::Dir> root = disk.root();
    const std::string found = description_of(*root, "dest");
    Complaints complaints;
    if (found != expected_tree("src2") && (was_restored(disk, "t@2") || found != "missing"))
        complaints.push_back("dest is neither whole nor missing: " + found);
    if (found != "missing") source::remove_tree(*root, "dest");
    append(complaints, complaints_about_next(disk, ckpt::Placement::fresh));
    return complaints;
}

Complaints complaints_after_keep(SimDisk& disk) {
    const std::unique_ptr<io::Dir> root = disk.root();
    const std::string before = description_of(*root, "dest");
    Complaints complaints = complaints_now(disk);
    if (was_restored(disk, "t@2") && description_of(*root, "kept") != expected_tree("src1"))
        complaints.push_back("the former tree is not kept");
    append(complaints, complaints_about_next(disk, ckpt::Placement::replace));
    const std::string kept = description_of(*root, "kept");
    if (before == expected_tree("src2") && kept == "missing") complaints.push_back("the former tree is gone");
    if (kept != expected_tree("src1") && kept != "missing") complaints.push_back("something else is kept: " + kept);
    return complaints;
}

Complaints complaints_after_vain(SimDisk& disk) {
    const std::unique_ptr<io::Dir> root = disk.root();
    const std::vector<std::string>& told = disk.acknowledged();
    const std::string found = description_of(*root, "dest");
    if (found == expected_tree("src1")) return complaints_now(disk);
    if (std::find(told.begin(), told.end(), "nothing changed") != told.end()) return {"dest changed: " + found};
    if (found != expected_tree("src2")) return {"dest is neither old nor new: " + found};
    // Cut between the two exchanges: the next restore must not take the former tree for its own.
    const bool works = complaints_about_next(disk, ckpt::Placement::replace).empty();
    const std::string former = description_of(*root, works ? "kept" : ".dest.ft-new");
    return former == expected_tree("src1") ? none : Complaints{"the former tree is not kept: " + former};
}

}  // namespace ft::sim

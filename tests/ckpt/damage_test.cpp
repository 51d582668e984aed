#include "tests/catch.h"
#include "tests/ckpt/lab.h"

#include "libcore/base/failure.h"
#include "libcore/store/lists.h"

namespace ft::test {
namespace {

Exit exit_of_restore(Lab& lab) {
    try {
        lab.restore("t", "out");
    } catch (const Failure& f) {
        return f.exit();
    }
    return Exit::done;
}

}  // namespace

TEST_CASE("every changed byte of a store is found, and never restored", "[ckpt]") {
    Lab lab;
    for (int i = 0; i < 5; ++i) lab.write("d/f" + std::to_string(i), noise(static_cast<std::uint64_t>(i), 700));
    lab.save("t");
    const Tree saved = lab.tree("data");
    for (const char* prefix : {"packs", "index", "checkpoints"}) {
        for (const std::string& object : lab.objects(prefix)) {
            const std::uint64_t size = *lab.backend().size_of(object);
            for (std::uint64_t at = 0; at < size; at += 7) {
                lab.rot(object, at);
                INFO(object << " byte " << at);
                bool found = false;
                try {
                    found = lab.verify().damaged_count != 0;
                } catch (const Failure& f) {
                    found = f.exit() == Exit::damage;
                }
                const Exit exit = exit_of_restore(lab);
                const bool right = exit == Exit::done && lab.tree("out") == saved;
                CHECK((right || exit == Exit::damage));
                CHECK((found || right));
                if (exit == Exit::done) source::remove_tree(lab.root(), "out");
                CHECK(lab.tree("out").empty());
                lab.rot(object, at);
                for (const std::string& list : lab.objects("damage")) lab.backend().remove(std::span(&list, 1));
            }
        }
    }
}

TEST_CASE("what verify found damaged is stored again by the next save", "[ckpt]") {
    Lab lab;
    lab.write("f", noise(1, 50'000));
    lab.save("t");
    const std::string pack = lab.objects("packs").front();
    lab.rot(pack, 5000);
    CHECK(lab.verify().damaged_count != 0);
    CHECK(lab.save("t").bytes_read == 50'000);  // although its times say unchanged
    lab.restore("t", "out");
    CHECK(lab.tree("out") == lab.tree("data"));
    // The copy that is sound serves the older checkpoint too.
    lab.restore("t@1", "older");
    CHECK(lab.tree("older") == lab.tree("data"));
}

TEST_CASE("a mark or list of damage that is rotten keeps nobody from reading, and repair removes it", "[ckpt]") {
    for (const std::string prefix : {"marks", "damage"}) {
        Lab lab;
        lab.write("f", noise(1, 50'000));
        lab.save("t");
        const std::string list = prefix + "/some";
        (void)lab.backend().put_if_absent(
            list, prefix == "marks" ? store::encode_mark({Digest{}}) : store::encode_damage({store::DamagedChunk{}}));
        CHECK(lab.verify().damaged_count == 0);
        lab.rot(list, 20);
        INFO(list);
        CHECK(exit_of_restore(lab) == Exit::done);
        CHECK(lab.tree("out") == lab.tree("data"));
        CHECK(lab.verify().damaged_count == 1);
        CHECK_THROWS_WITH(lab.save("t"), "damaged: /store/" + list + ": it cannot be read; try 'ftckpt repair'");
        CHECK_THROWS_WITH(lab.prune(), "damaged: /store/" + list + ": it cannot be read; try 'ftckpt repair'");
        Progress progress;
        CHECK(ckpt::repair(lab.store(), 0, lab.disk().clock(), progress).lists_removed == 1);
        CHECK(lab.verify().damaged_count == 0);
        CHECK(lab.save("t").sequence == 2);
        (void)lab.prune();
    }
}

TEST_CASE("a lost index is written anew by repair", "[ckpt]") {
    Lab lab;
    lab.write("f", noise(1, 50'000));
    lab.save("t");
    const std::vector<std::string> indexes = lab.objects("index");
    lab.backend().remove(indexes);
    CHECK(exit_of_restore(lab) == Exit::damage);
    Progress progress;
    const ckpt::RepairReport report = ckpt::repair(lab.store(), 0, lab.disk().clock(), progress);
    CHECK(report.lost.empty());
    CHECK(report.checkpoints_whole == 1);
    CHECK(exit_of_restore(lab) == Exit::done);
    CHECK(lab.tree("out") == lab.tree("data"));
}

TEST_CASE("repair names the checkpoints that lost data", "[ckpt]") {
    Lab lab;
    lab.write("f", noise(1, 50'000));
    lab.save("t");
    lab.write("g", noise(2, 50'000));
    lab.save("t");
    const std::vector<std::string> packs = lab.objects("packs");
    // The pack that holds g: the one that was not there after the first save. Remove both and keep none.
    lab.backend().remove(packs);
    Progress progress;
    const ckpt::RepairReport report = ckpt::repair(lab.store(), 0, lab.disk().clock(), progress);
    CHECK(report.lost.size() == 2);
    CHECK(report.checkpoints_whole == 0);
}

}  // namespace ft::test

// Goal: a checkpoint as a participant keeps every promise of participant.h.
// Method: a tree and a store on a simulated disk, which kills their coordinator at each of its steps.
#include "libcore/sim/disk.h"
#include "libcore/store/pending.h"
#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/conformance/participant_suite.h"

namespace ft::conformance {

namespace {

/// Objects are the names "a", "b" and "c"; each branch makes a checkpoint of "/src" more.
class Checkpoints final : public TestedKind {
public:
    Checkpoints() {
        const auto root = disk_.root();
        root->make_dir("src", 0755);
        const auto src = io::open_dir(*root, "src");
        for (const std::string name : {"one", "two"}) src->create_file(name, 0644)->write_at(view_of(name), 0);
    }

    std::unique_ptr<Participant> make(const Branch& branch, unsigned object) override {
        return make_in(0, branch, object);
    }
    unsigned changes(unsigned object) override {
        unsigned count = 0;
        with_store(
            [&](store::Store& store) { count = static_cast<unsigned>(store.sequences(name_of(object)).size()); });
        return count;
    }
    std::vector<std::string> traces() override {
        std::vector<std::string> found;
        with_store([&](store::Store& store) { found = store::pending(store); });
        return found;
    }
    [[nodiscard]] bool is_exclusive() const override { return false; }

    bool kill_in(Stage stage, const Branch& branch, unsigned object, unsigned step) override {
        const sim::ProcessId victim = ++last_process_;
        disk_.kill_at(victim, step);
        try {
            const auto participant = make_in(victim, branch, object);
            if (stage == Stage::prepare) (void)participant->prepare();
            if (stage == Stage::commit) (void)participant->commit("");
            if (stage == Stage::abort) (void)participant->abort();
        } catch (const sim::Killed&) {
            return true;
        }
        return false;
    }

private:
    static std::string name_of(unsigned object) { return std::string(1, static_cast<char>('a' + object)); }
    void with_store(const std::function<void(store::Store&)>& look) {
        std::unique_ptr<io::Dir> dir = disk_.root()->find_dir("store");
        if (!dir || !store::holds_store(*dir)) return;
        const auto backend = store::directory_backend(std::move(dir), disk_.clock());
        store::Store store = store::Store::open(*backend, disk_.clock());
        look(store);
    }
    std::unique_ptr<Participant> make_in(sim::ProcessId process, const Branch& branch, unsigned object) {
        roots_.push_back(disk_.root(process));
        io::Dir& root = *roots_.back();
        const auto locate = [&root](const std::string& path) {
            const std::string name = path.substr(1, path.find('/', 1) - 1);
            if (!path.ends_with("/.")) return io::Located{root.find_dir("."), name};
            return io::Located{io::open_dir(root, name), "."};
        };
        const twophase::Spec spec{
            .kind = "ckpt",
            .label = "ckpt",
            .fields = {{"name", name_of(object)}, {"path", "/src"}, {"store", "/store"}, {"origin", "src"}}};
        return twophase::ckpt_kind().make(spec, branch, {.locate = locate, .clock = disk_.clock(), .locks = *locks_});
    }

    sim::SimDisk disk_;
    std::unique_ptr<io::Dir> locks_ = disk_.root();
    std::vector<std::unique_ptr<io::Dir>> roots_;
    sim::ProcessId last_process_ = 10;
};

}  // namespace

TEST_CASE("a checkpoint keeps the promises of a participant", "[twophase][conformance]") {
    keep_participant_promises([] { return std::make_unique<Checkpoints>(); });
}

}  // namespace ft::conformance

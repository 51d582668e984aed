// Goal: a checkpoint as a participant keeps every promise of participant.h.
// Method: a tree and a store on a simulated disk, which kills their coordinator at each of its steps.
#include "libcore/store/pending.h"
#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/conformance/simulated_kind.h"

namespace ft::conformance {

namespace {

/// Objects are the names "a", "b" and "c"; each branch makes a checkpoint of "/src" more.
class Checkpoints final : public SimulatedKind {
public:
    Checkpoints() {
        const auto root = disk().root();
        root->make_dir("src", 0755);
        const auto src = io::open_dir(*root, "src");
        for (const std::string name : {"one", "two"}) src->create_file(name, 0644)->write_at(view_of(name), 0);
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

private:
    void with_store(const std::function<void(store::Store&)>& look) {
        std::unique_ptr<io::Dir> dir = disk().root()->find_dir("store");
        if (!dir || !store::holds_store(*dir)) return;
        const auto backend = store::directory_backend(std::move(dir), disk().clock());
        store::Store store = store::Store::open(*backend, disk().clock());
        look(store);
    }
    std::unique_ptr<Participant> make_in(sim::ProcessId process, const Branch& branch, unsigned object) override {
        roots_.push_back(disk().root(process));
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
        return twophase::ckpt_kind().make(spec, branch, {.locate = locate, .clock = disk().clock(), .locks = locks()});
    }

    std::vector<std::unique_ptr<io::Dir>> roots_;
};

}  // namespace

TEST_CASE("a checkpoint keeps the promises of a participant", "[twophase][conformance]") {
    keep_participant_promises([] { return std::make_unique<Checkpoints>(); });
}

}  // namespace ft::conformance

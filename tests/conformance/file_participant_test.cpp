// Goal: files and links as participants keep every promise of participant.h.
// Method: on a simulated disk, which kills their coordinator at each of its steps.
#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/conformance/simulated_kind.h"

namespace ft::conformance {

namespace {

/// Objects are names in "/d"; what is new is the text or the target "new".
class OnSimDisk final : public SimulatedKind {
public:
    enum class Object { file, new_file, removed_file, link };

    explicit OnSimDisk(Object object) : object_(object) {
        const auto d = below(0);
        for (const std::string name : {"a", "b", "c"}) put_old(*d, name);
        put(*d, "new");
        d->make_dir("gen", 0755);
    }

    unsigned changes(unsigned object) override {
        const auto d = below(0);
        const std::optional<io::Stat> stat = d->stat(name_of(object));
        if (object_ == Object::removed_file) return stat ? 0 : 1;
        if (!stat) return 0;
        const std::string now = stat->kind == io::Kind::symlink
                                    ? d->read_symlink(name_of(object))
                                    : std::string(text_of(io::read_whole(*io::open_file(*d, name_of(object)), 99)));
        return now == "new" || now == "gen" ? 1 : 0;
    }
    std::vector<std::string> traces() override {
        std::vector<std::string> found;
        for (const io::Listed& listed : below(0)->list())
            if (listed.name.starts_with('.')) found.push_back(listed.name);
        return found;
    }
    [[nodiscard]] bool is_exclusive() const override { return true; }

private:
    static void put(io::Dir& dir, const std::string& name) { dir.create_file(name, 0644)->write_at(view_of(name), 0); }
    void put_old(io::Dir& dir, const std::string& name) const {
        if (object_ == Object::link) dir.make_symlink(name, "old");
        if (object_ == Object::file || object_ == Object::removed_file) put(dir, name);
    }
    std::unique_ptr<Participant> make_in(sim::ProcessId process, const Branch& branch, unsigned object) override {
        const auto locate = [this, process](const std::string& path) {
            return io::Located{below(process), path.substr(path.rfind('/') + 1)};
        };
        const twophase::Kind kind = object_ == Object::link ? twophase::switch_kind() : twophase::file_kind();
        const std::string target = object_ == Object::link ? "gen" : object_ == Object::removed_file ? "" : "new";
        return kind.make(kind.parse(name_of(object) + "=" + target, "/d"), branch,
                         {.locate = locate, .clock = disk().clock(), .locks = locks()});
    }

    Object object_;
};

MakeKind objects(OnSimDisk::Object object) {
    return [object] { return std::make_unique<OnSimDisk>(object); };
}

}  // namespace

TEST_CASE("a replaced file keeps the promises of a participant", "[twophase][conformance]") {
    keep_participant_promises(objects(OnSimDisk::Object::file));
}
TEST_CASE("a new file keeps the promises of a participant", "[twophase][conformance]") {
    keep_participant_promises(objects(OnSimDisk::Object::new_file));
}
TEST_CASE("a removed file keeps the promises of a participant", "[twophase][conformance]") {
    keep_participant_promises(objects(OnSimDisk::Object::removed_file));
}
TEST_CASE("a switched link keeps the promises of a participant", "[twophase][conformance]") {
    keep_participant_promises(objects(OnSimDisk::Object::link));
}

}  // namespace ft::conformance

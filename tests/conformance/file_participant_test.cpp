// Goal: files and links as participants keep every promise of participant.h.
// Method: on a simulated disk, which kills their coordinator at each of its steps.
#include "libcore/sim/disk.h"
#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/conformance/participant_suite.h"

namespace ft::conformance {

namespace {

/// Objects are names in "/d"; what is new is the text or the target "new".
class OnSimDisk final : public TestedKind {
public:
    enum class Object { file, new_file, removed_file, link };

    explicit OnSimDisk(Object object) : object_(object) {
        const auto d = below(0);
        for (const std::string name : {"a", "b", "c"}) put_old(*d, name);
        put(*d, "new");
        d->make_dir("gen", 0755);
    }

    std::unique_ptr<Participant> make(const Branch& branch, unsigned object) override {
        return make_in(0, branch, object);
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
    static void put(io::Dir& dir, const std::string& name) { dir.create_file(name, 0644)->write_at(view_of(name), 0); }
    void put_old(io::Dir& dir, const std::string& name) const {
        if (object_ == Object::link) dir.make_symlink(name, "old");
        if (object_ == Object::file || object_ == Object::removed_file) put(dir, name);
    }
    std::unique_ptr<io::Dir> below(sim::ProcessId process) {
        const auto root = disk_.root(process);
        root->make_dir("d", 0755);
        return io::open_dir(*root, "d");
    }
    std::unique_ptr<Participant> make_in(sim::ProcessId process, const Branch& branch, unsigned object) {
        const auto locate = [this, process](const std::string& path) {
            return io::Located{below(process), path.substr(path.rfind('/') + 1)};
        };
        const twophase::Kind kind = object_ == Object::link ? twophase::switch_kind() : twophase::file_kind();
        const std::string target = object_ == Object::link ? "gen" : object_ == Object::removed_file ? "" : "new";
        return kind.make(kind.parse(name_of(object) + "=" + target, "/d"), branch,
                         {.locate = locate, .clock = disk_.clock(), .locks = *locks_});
    }

    Object object_;
    sim::SimDisk disk_;
    std::unique_ptr<io::Dir> locks_ = disk_.root();
    sim::ProcessId last_process_ = 10;
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

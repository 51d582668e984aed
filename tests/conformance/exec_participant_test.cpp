// Goal: programs as participants keep every promise of participant.h: the example of ft-participant(7) does.
// Method: scripts/examples/spool.sh with every command that it runs behind a wrapper, which kills the coordinator, a
// process of its own, before the n-th of them; what the script has started then goes on until it is fenced.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "libcore/base/failure.h"
#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/conformance/participant_suite.h"
#include "tests/io/scratch.h"

namespace ft::conformance {

namespace {

namespace fs = std::filesystem;

constexpr const char* wrapper = R"(#!/bin/sh
# $CUT_AT: how many commands are run before the coordinator dies.
n=$(cat "$CUT/n"); echo $((n + 1)) >"$CUT/n"
if [ "$n" = "$CUT_AT" ]; then kill -9 "$COORDINATOR"; fi
exec "/bin/${0##*/}" "$@"
)";

class Spool final : public TestedKind {
public:
    Spool() : spool_(folder_.path() + "/spool"), cut_(folder_.path() + "/cut"), locks_path_(folder_.path() + "/locks") {
        for (const std::string& folder : {spool_, cut_, locks_path_}) fs::create_directory(folder);
        for (const char* object : {"0", "1", "2"}) {
            fs::create_directory(spool_ + "/" + object);
            std::ofstream(folder_.path() + "/order" + object) << "order";
        }
        for (const char* command : {"cp", "mv", "rm", "sync"}) {
            std::ofstream(cut_ + "/" + command) << wrapper;
            fs::permissions(cut_ + "/" + command, fs::perms::owner_all);
        }
        locks_ = io::open_root(locks_path_);
    }

    std::unique_ptr<Participant> make(const Branch& branch, unsigned object) override {
        const twophase::Kind kind = twophase::exec_kind();
        const std::string number = std::to_string(object);
        return kind.make(
            kind.parse(FT_ROOT "/scripts/examples/spool.sh order" + number + " spool/" + number, folder_.path()),
            branch, {.locate = io::locate, .clock = clock_, .locks = *locks_});
    }
    unsigned changes(unsigned object) override { return count(spool_ + "/" + std::to_string(object), false); }
    std::vector<std::string> traces() override {
        std::vector<std::string> found;
        for (const char* object : {"0", "1", "2"})
            for (const auto& entry : fs::directory_iterator(spool_ + "/" + object))
                if (entry.path().filename().string().starts_with('.')) found.push_back(entry.path());
        for (const auto& entry : fs::directory_iterator(locks_path_)) found.push_back(entry.path());
        return found;
    }
    [[nodiscard]] bool is_exclusive() const override { return false; }

    bool kill_in(Stage stage, const Branch& branch, unsigned object, unsigned step) override {
        std::ofstream(cut_ + "/n") << "0";
        const pid_t coordinator = ::fork();
        REQUIRE(coordinator >= 0);
        if (coordinator == 0) act(stage, branch, object, step);
        int status = 0;
        REQUIRE(::waitpid(coordinator, &status, 0) == coordinator);
        REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
        return WIFSIGNALED(status);
    }

private:
    static unsigned count(const std::string& folder, bool hidden) {
        unsigned found = 0;
        for (const auto& entry : fs::directory_iterator(folder))
            found += entry.path().filename().string().starts_with('.') == hidden ? 1 : 0;
        return found;
    }
    /// In the child.
    [[noreturn]] void act(Stage stage, const Branch& branch, unsigned object, unsigned step) {
        ::setenv("CUT", cut_.c_str(), 1);
        ::setenv("CUT_AT", std::to_string(step).c_str(), 1);
        ::setenv("COORDINATOR", std::to_string(::getpid()).c_str(), 1);
        ::setenv("PATH", (cut_ + ":" + std::getenv("PATH")).c_str(), 1);
        const auto participant = make(branch, object);
        bool well = true;
        if (stage == Stage::prepare) well = participant->prepare().vote == twophase::Vote::yes;
        if (stage == Stage::commit) well = participant->commit("").ack == twophase::Ack::done;
        if (stage == Stage::abort) well = participant->abort().ack == twophase::Ack::done;
        ::_exit(well ? 0 : 1);
    }

    ScratchFolder folder_;
    std::string spool_, cut_, locks_path_;
    SystemClock clock_;
    std::unique_ptr<io::Dir> locks_;
};

}  // namespace

TEST_CASE("the example of a program keeps the promises of a participant", "[twophase][conformance]") {
    keep_participant_promises([] { return std::make_unique<Spool>(); });
}

}  // namespace ft::conformance

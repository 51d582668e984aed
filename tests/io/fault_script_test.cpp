// Goal: a fault script means what it says, and what it does not say is refused with its place.
#include "libcore/io/fault_script.h"

#include <atomic>
#include <cerrno>

#include "libcore/base/failure.h"
#include "libcore/base/parallel.h"
#include "tests/catch.h"

namespace ft::io {

namespace {

using Action = Fault::Action;

Fault meet(FaultScript& script, Operation operation, const std::string& path = "/data/file") {
    const std::vector<std::string> paths{path};
    return script.meet(operation, paths);
}

/// Which of so many calls (counted from 1) meet the action.
std::vector<int> struck(FaultScript& script, Operation operation, int calls, Action action = Action::error) {
    std::vector<int> found;
    for (int call = 1; call <= calls; ++call)
        if (meet(script, operation).action == action) found.push_back(call);
    return found;
}

std::string refusal(const std::string& text) {
    try {
        FaultScript script(text);
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::usage);
        return failure.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("a rule strikes at its ordinal only", "[io][faults]") {
    FaultScript script("write@3=EIO");
    CHECK(struck(script, Operation::read, 5).empty());
    CHECK(struck(script, Operation::write, 6) == std::vector<int>{3});
}

TEST_CASE("a rule without an ordinal strikes at the first call", "[io][faults]") {
    FaultScript script("sync=ENOSPC");
    const Fault fault = meet(script, Operation::sync);
    CHECK(fault.action == Action::error);
    CHECK(fault.error == ENOSPC);
    CHECK(meet(script, Operation::sync).action == Action::none);
}

TEST_CASE("a plus strikes at all later calls too", "[io][faults]") {
    FaultScript script("write@3=EDQUOT+");
    CHECK(struck(script, Operation::write, 5) == std::vector<int>{3, 4, 5});
}

TEST_CASE("rules are counted each for itself, and the first that strikes wins", "[io][faults]") {
    FaultScript script(" write@2=EIO ;\n *@2=kill; change@3=killafter;");
    CHECK(meet(script, Operation::read).action == Action::none);
    CHECK(meet(script, Operation::write).action == Action::kill);
    CHECK(meet(script, Operation::write).action == Action::error);
    CHECK(meet(script, Operation::stat).action == Action::none);
    CHECK(meet(script, Operation::rename).action == Action::kill_after);
}

TEST_CASE("a glob meets the end of a path, or one of two", "[io][faults]") {
    FaultScript script("write~packs/*@1=EIO+; rename~manifests/7=kill; read~**/deep/**=EIO");
    CHECK(meet(script, Operation::write, "/store/index/a").action == Action::none);
    CHECK(meet(script, Operation::write, "/store/my-packs/a").action == Action::none);
    CHECK(meet(script, Operation::write, "/store/packs/a/b").action == Action::none);
    CHECK(meet(script, Operation::write, "/store/packs/a").action == Action::error);
    CHECK(meet(script, Operation::write, "packs/a").action == Action::error);
    CHECK(meet(script, Operation::read, "/x/deep/y/z").action == Action::error);
    const std::vector<std::string> from_and_to{"/store/tmp/x", "/store/manifests/7"};
    CHECK(script.meet(Operation::rename, from_and_to).action == Action::kill);
}

TEST_CASE("a glob may hold an at sign", "[io][faults]") {
    FaultScript script("write~job@1@2=EIO");
    CHECK(meet(script, Operation::write, "/store/job@1").action == Action::none);
    CHECK(meet(script, Operation::write, "/store/job@1").action == Action::error);
}

TEST_CASE("writes can be cut short", "[io][faults]") {
    FaultScript script("write@1=short; write@2=half");
    const Fault fault = meet(script, Operation::write);
    CHECK(fault.action == Action::short_write);
    CHECK(fault.error == ENOSPC);
    CHECK(meet(script, Operation::write).action == Action::half_write);
}

TEST_CASE("an empty script strikes at nothing", "[io][faults]") {
    FaultScript script(" ; \n");
    CHECK(struck(script, Operation::write, 100).empty());
}

TEST_CASE("what a script does not say well is refused with its column", "[io][faults]") {
    CHECK(refusal("wrte@1=EIO") ==
          "cannot understand the fault script: column 1: unknown operation 'wrte'; did you mean 'write'?");
    CHECK(refusal("sync=EIO; write@0=EIO").find("column 17: '0' is not a number from 1") != std::string::npos);
    CHECK(refusal("write@=EIO").find("column 7: '' is not a number from 1") != std::string::npos);
    CHECK(refusal("write@x=EIO").find("column 7: 'x' is not a number") != std::string::npos);
    CHECK(refusal("write@1=EWHAT").find("column 9: unknown action 'EWHAT'") != std::string::npos);
    CHECK(refusal("write@1=").find("column 9: unknown action ''") != std::string::npos);
    CHECK(refusal("write").find("column 1: a rule is OPERATION[~GLOB][@N]=ACTION") != std::string::npos);
    CHECK(refusal("write~@1=EIO").find("a glob has to follow '~'") != std::string::npos);
    CHECK(refusal("=EIO").find("unknown operation ''") != std::string::npos);
    CHECK(refusal("sync@1=short").find("only a write can be 'short'") != std::string::npos);
    CHECK(refusal("*=half").find("only a write can be 'half'") != std::string::npos);
}

TEST_CASE("calls of many threads are counted once each", "[io][faults]") {
    FaultScript script("write@500=EIO+");
    std::atomic<int> errors{0};
    parallel_for(4, 1000, [&](std::size_t) {
        if (meet(script, Operation::write).action == Action::error) ++errors;
    });
    CHECK(errors == 501);
}

TEST_CASE("every operation has a name and words for its failure", "[io][faults]") {
    CHECK(failing(Operation::read) == "cannot read");
    CHECK(failing(Operation::rename) == "cannot rename");
    CHECK(failing(Operation::sync_file_system) == "cannot write to the disk");
}

}  // namespace ft::io

// Goal: whatever a command does, the program ends with the right code, and says so once.
// Method: run sample_tool.cpp, a real program, through a shell, and look at its code and its words.
#include <csignal>
#include <string>

#include "libcore/base/bytes.h"
#include "libcore/proc/child.h"
#include "tests/catch.h"

namespace ft::ui {

namespace {

struct Result {
    proc::Ending ending;
    std::string said;  ///< stdout; stderr too where the line says 2>&1
};

proc::Child start(const std::string& line) {
    return proc::Child::start({.command = {"bash", "-c", line},
                               .capture_output = true,
                               .environment = {{"sample", FT_SAMPLE_TOOL}},
                               .descriptor_limit = {}});
}

std::string read_all(proc::Child& child) {
    std::string said;
    std::byte buffer[4096];
    while (const std::size_t got = child.read(buffer)) said += text_of({buffer, got});
    return said;
}

Result run(const std::string& line) {
    proc::Child child = start(line);
    std::string said = read_all(child);
    return {child.wait(), std::move(said)};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A child that wrote "ready".
proc::Child ready(const std::string& line) {
    proc::Child child = start(line);
    std::byte buffer[6];
    std::size_t got = 0;
    while (got < sizeof buffer) {
        const std::size_t more = child.read(std::span(buffer).subspan(got));
        REQUIRE(more > 0);
        got += more;
    }
    CHECK(text_of(buffer) == "ready\n");
    return child;
}

}  // namespace

TEST_CASE("an answer is printed and the program ends with 0", "[ui]") {
    const Result result = run("$sample echo a b -- -c d");
    CHECK(result.ending.succeeded());
    CHECK(result.said == "a\nb\nrest -c\nrest d\n");
}

TEST_CASE("quiet prints no answer", "[ui]") { CHECK(run("$sample echo -q a 2>&1").said.empty()); }

TEST_CASE("a failure is one line on stderr and its exit code", "[ui]") {
    for (int code = 1; code <= 7; ++code) {
        const Result result = run("$sample fail " + std::to_string(code) + " 2>&1 >/dev/null");
        CHECK(result.ending.code == code);
        CHECK(result.said == "sample: cannot save 'job': a\\nb: No space left on device; nothing changed\n");
    }
}

TEST_CASE("with --json a failure is one object on stdout, and nothing on stderr", "[ui]") {
    const Result result = run("$sample fail 5 --json 2>&1");
    CHECK(result.ending.code == 5);
    CHECK(result.said == R"({"v":1,"tool":"sample","type":"error","exit":5,"what":"cannot save 'job'","where":"a\nb",)"
                         R"("why":"No space left on device","todo":"nothing changed",)"
                         R"("message":"cannot save 'job': a\\nb: No space left on device; nothing changed"})"
                         "\n");
}

TEST_CASE("no memory and a library's exception are failures like any other", "[ui]") {
    CHECK(run("$sample fail memory 2>&1").said == "sample: out of memory; free some, or give fewer --jobs\n");
    const Result result = run("$sample fail library 2>&1");
    CHECK(result.said == "sample: cannot go on: a library's words\n");
    CHECK(result.ending.code == 1);
}

TEST_CASE("mistyped commands and flags are named with what was meant, exit 2", "[ui]") {
    const auto refused = [](const std::string& words, const std::string& message) {
        const Result result = run("$sample " + words + " 2>&1");
        CHECK(result.ending.code == 2);
        CHECK(result.said == "sample: " + message + "\n");
    };
    refused("ehco a", "unknown command 'ehco'; did you mean 'echo'?");
    refused("frobnicate", "unknown command 'frobnicate'; see 'sample --help'");
    refused("", "no command given; see 'sample --help'");
    refused("--json2 echo", "unknown flag '--json2'; flags come after the command; see 'sample --help'");
    refused("echo --stroe x", "unknown flag '--stroe'; did you mean '--store'?");
    refused("echo -x", "unknown flag '-x'; see 'sample echo --help'");
    refused("echo --level 20", "--level: 20 is not between 1 and 19; see 'sample echo --help'");
    refused("echo --level loud", "--level: 'loud' is not a whole number; see 'sample echo --help'");
    refused("echo --store a --store b", "--store: given more than once; give it once");
    refused("echo --progress sometimes",
            "--progress: 'sometimes' is none of auto, always, never, json; see 'sample echo --help'");
    refused("completion", "completion: which shell?; try 'sample completion bash'");
}

TEST_CASE("stdout that cannot be written is a failure", "[ui]") {
    const Result result = run("$sample echo a 2>&1 >/dev/full");
    CHECK(result.ending.code == 1);
    CHECK(result.said == "sample: cannot write: stdout: No space left on device\n");
    CHECK(run("$sample echo a 2>/dev/null >&-").ending.code == 1);
    CHECK(run("$sample --help 2>/dev/null >/dev/full").ending.code == 1);
}

TEST_CASE("work that was done is not called failed where only its answer is lost", "[ui]") {
    const Result result = run("$sample change 2>&1 >/dev/full");
    CHECK(result.ending.code == 3);
    CHECK(result.said == "sample: saved job@7, but cannot write the answer: stdout: No space left on device\n");
    CHECK(run("$sample change --json 2>&1 >/dev/full").ending.code == 3);
}

TEST_CASE("a reader that goes away ends the program quietly, by SIGPIPE", "[ui]") {
    CHECK(run("$sample much 2>&1 | head -1; echo ${PIPESTATUS[0]}").said == "a line that fills a pipe\n141\n");
}

TEST_CASE("a signal stops the command, and the program dies by it", "[ui]") {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        proc::Child child = ready("exec $sample wait 2>&1");
        child.signal(number);
        const std::string said = read_all(child);
        CHECK(child.wait().signal == number);
        CHECK(said == std::string("sample: stopped by SIG") + ::sigabbrev_np(number) + "\n");
    }
}

TEST_CASE("a second signal ends a command that does not stop", "[ui]") {
    proc::Child child = ready("exec $sample wait stubborn 2>&1");
    child.signal(SIGTERM);
    std::byte buffer[9];
    REQUIRE(child.read(buffer) == 9);
    child.signal(SIGTERM);
    CHECK(child.wait().signal == SIGTERM);
}

TEST_CASE("a signal that the caller ignores stays ignored", "[ui]") {
    proc::Child child = ready("trap '' HUP; exec $sample wait 2>&1");
    child.signal(SIGHUP);
    child.signal(SIGTERM);
    read_all(child);
    CHECK(child.wait().signal == SIGTERM);
}

TEST_CASE("a mapped file that is cut short is damage, with its name", "[ui]") {
    const std::string in_folder = "d=$(mktemp -d); cd \"$d\"; $sample bus ./file";
    const Result text = run(in_folder + " 2>&1; code=$?; rm -r \"$d\"; exit $code");
    CHECK(text.ending.code == 4);
    CHECK(has(text.said, "damaged: /"));
    CHECK(has(text.said, "/file: the file was cut short"));
    const Result json = run(in_folder + " --json; code=$?; rm -r \"$d\"; exit $code");
    CHECK(json.ending.code == 4);
    CHECK(has(json.said, R"("type":"error","exit":4,"what":"damaged","where":"/)"));
}

TEST_CASE("the limit of open files is raised as far as it goes", "[ui]") {
    CHECK(run("ulimit -Sn 64; $sample limit").said == "raised\n");
}

TEST_CASE("progress is drawn where it was asked for, and erased", "[ui]") {
    proc::Child child = ready("exec $sample wait --progress always 2>&1");
    std::string said;
    std::byte buffer[256];
    while (!has(said, "\rwaiting  0 bytes\x1b[K")) said += text_of({buffer, child.read(buffer)});
    child.signal(SIGTERM);
    CHECK(has(read_all(child), "\r\x1b[Ksample: stopped by SIGTERM\n"));
}

TEST_CASE("progress for programs is a line of JSON at a time", "[ui]") {
    proc::Child child = ready("exec $sample wait --json --progress json 2>/dev/null");
    std::string said;
    std::byte buffer[256];
    while (!has(said, "\n")) said += text_of({buffer, child.read(buffer)});
    CHECK(said.starts_with(R"({"v":1,"tool":"sample","type":"progress","items":0,"bytes":0,)"));
}

TEST_CASE("without a terminal there is no progress", "[ui]") {
    proc::Child child = ready("exec $sample wait 2>&1");
    child.signal(SIGTERM);
    CHECK(read_all(child) == "sample: stopped by SIGTERM\n");
}

TEST_CASE("help and version are answers", "[ui]") {
    CHECK(run("$sample --version").said == "sample 1.2.3\n");
    CHECK(run("$sample --help").said.starts_with("Example: sample echo word\n"));
    CHECK(run("$sample help echo").said == run("$sample echo --help").said);
    CHECK(run("$sample echo -- --help").said == "rest --help\n");
}

TEST_CASE("bash completes commands, flags, values and names", "[ui]") {
    const auto completions = [](const std::string& line) {
        return run("source <($sample completion bash); COMP_LINE='" + line +
                   "'; COMP_POINT=${#COMP_LINE}; _sample; echo \"${COMPREPLY[*]}\"")
            .said;
    };
    CHECK(completions("sample ec") == "echo\n");
    CHECK(completions("sample echo --st") == "--store\n");
    CHECK(completions("sample echo --progress n") == "never\n");
    CHECK(completions("sample completion ") == "bash zsh fish\n");
    CHECK(completions("sample echo --store /usr/includ") == "/usr/include\n");
    CHECK(completions("sample name ") == "job job@7\n");
    CHECK(completions("sample name --store /x job@") == "7\n");
}

}  // namespace ft::ui

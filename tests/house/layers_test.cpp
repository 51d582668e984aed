// Goal: who may include whom, and where failures are caught, stays as the list says.
// Method: read every #include and every catch of libcore and tools.
#include <map>
#include <regex>
#include <set>

#include "tests/catch.h"
#include "tests/house/checkout.h"

namespace ft::house {

namespace {

using Names = std::set<std::string>;

// The rooms, from the ground up. The standard library and the system's headers are not meant here.
const std::map<std::string, Names> may_include = {
    {"base", {}},
    {"io", {"base"}},
    {"proc", {"base"}},
    {"store", {"base", "io", "proc"}},
    {"source", {"base", "io"}},
    {"ckpt", {"base", "io", "store", "source"}},
    {"counter", {"base", "io", "proc"}},
    {"shm", {"base", "io", "counter"}},
    {"wal", {"base", "io"}},
    {"twophase", {"base", "io", "proc", "wal", "counter", "store", "source", "ckpt"}},
    {"ui", {"base", "io"}},
    {"sim", {"base", "io", "proc"}},
    {"tools", {"base", "io", "proc", "store", "source", "ckpt", "counter", "shm", "wal", "twophase", "ui"}},
};

// Where a failure may end instead of going up to run_tool. Any handler may add context and throw again.
const std::map<std::string, std::string> may_catch = {
    {"libcore/base/parallel.h", "a thread's edge: carried to the thread that waits"},
    {"libcore/base/parallel.cpp", "a thread's edge: carried to the thread that waits"},
    {"libcore/base/background.cpp", "a thread's edge: carried to the thread that waits"},
    {"libcore/ckpt/beside.cpp", "what cannot be cleaned after a failure is told with that failure"},
    {"libcore/ckpt/save_plan.cpp", "one unreadable file is not the checkpoint: it becomes a note and exit 3"},
    {"libcore/ckpt/tar.cpp", "carried over the frames of a C library, which cannot be unwound, and thrown again"},
    {"libcore/counter/link.cpp", "one replica's failure is its reply, also on a thread of its own"},
    {"libcore/counter/machine.cpp", "a replica that there is no way to is a reply"},
    {"libcore/counter/remote.cpp", "one replica's failure is its reply"},
    {"libcore/counter/replica.cpp", "one replica's failure is its reply"},
    {"libcore/sim/world.cpp", "the edge of a simulated process's thread: its end becomes a value"},
    {"libcore/source/look_ahead.cpp", "a thread's edge, and names that cannot be read become notes and exit 3"},
    {"libcore/store/directory_backend.cpp", "the trace of a claim that has ended harms nobody"},
    {"libcore/twophase/agent.cpp", "a failure is what the coordinator hears, and not the agent's end"},
    {"libcore/twophase/coordinator.cpp", "a milestone that could not be written is an event of the protocol"},
    {"libcore/twophase/desk.cpp", "one participant's failure is its vote or its answer, on a thread of its own"},
    {"libcore/twophase/plan.cpp", "the TOML library's word for bad input becomes a Failure"},
    {"libcore/twophase/repair.cpp", "a damaged journal is what was looked for"},
    {"libcore/twophase/recover.cpp", "one transaction's trouble is not another's"},
    {"libcore/twophase/recover_ledger.cpp", "one transaction's or place's trouble is not another's"},
    {"libcore/twophase/server.cpp", "what is decided is told, and left to recovery where it cannot be kept"},
    {"libcore/twophase/pg_session.cpp", "a connection that was lost while nobody used it is nobody's failure"},
    {"tools/ft2pc/serve.cpp", "a bad line is answered"},
    {"tools/ft2pc/list.cpp", "one damaged journal does not hide the others"},
    {"tools/common/shared_counting.cpp", "what was counted in memory stays counted where its file cannot follow"},
    {"tools/ftcounter/list.cpp", "one counter's failure is its line in the list"},
    {"libcore/twophase/exec_participant.cpp", "a program that cannot be started is an answer"},
    {"libcore/twophase/mariadb_ledger.cpp", "one session's failure is the answer for its branches"},
    {"libcore/twophase/mariadb_session.cpp", "a kept connection that has gone is replaced"},
    {"libcore/twophase/mysql_participant.cpp", "one participant's failure is its vote or its answer"},
    {"libcore/twophase/pg_participant.cpp", "one participant's failure is its vote or its answer"},
    {"libcore/twophase/replacement.cpp", "one participant's failure is its vote or its answer"},
    {"libcore/twophase/ckpt_participant.cpp", "one participant's failure is its vote"},
    {"libcore/twophase/counter_participant.cpp", "one participant's failure is its vote"},
    {"libcore/ui/run_tool.cpp", "the one place where a failure becomes a message and an exit code"},
};

// Libraries that are slow to compile, or that one day are replaced: one door each.
const std::map<std::string, Names> doors = {
    {"CLI/", {"libcore/ui/parse.cpp"}},
    {"openssl/", {"libcore/base/digest.cpp"}},
    {"xxhash", {"libcore/base/checksum.cpp"}},
    {"zstd", {"libcore/store/block.cpp"}},
    {"archive", {"libcore/ckpt/tar.cpp"}},
    {"libpq", {"libcore/twophase/pg_session.cpp"}},
    {"mysql", {"libcore/twophase/mariadb_session.cpp"}},
};

struct Include {
    std::string path;
    std::size_t offset = 0;
};

std::vector<Include> includes_of(const SourceFile& file) {
    static const std::regex line("(^|\n)[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]+)[>\"]");
    std::vector<Include> found;
    for (std::sregex_iterator match(file.text.begin(), file.text.end(), line), end; match != end; ++match)
        found.push_back({(*match)[2], static_cast<std::size_t>(match->position(2))});
    return found;
}

bool is_ours(const std::string& include) {
    return include.starts_with("libcore/") || include.starts_with("tools/") || include.starts_with("tests/");
}

std::string told(const SourceFile& file, const Include& include) {
    return place(file, include.offset) + " includes " + include.path;
}

/// A handler's text: from its opening brace to the closing one.
std::string block_after(const std::string& code, std::size_t at) {
    const std::size_t open = code.find('{', at);
    int depth = 0;
    for (std::size_t end = open; end < code.size(); ++end) {
        if (code[end] == '{') ++depth;
        if (code[end] == '}' && --depth == 0) return code.substr(open, end - open);
    }
    return {};
}

}  // namespace

TEST_CASE("each folder includes only the folders that it stands on") {
    std::vector<std::string> wrong;
    for (const SourceFile& file : sources_below({"libcore", "tools"})) {
        const std::string layer = layer_of(file.path);
        INFO(file.path);
        REQUIRE(may_include.contains(layer));
        for (const Include& include : includes_of(file)) {
            const std::string other = is_ours(include.path) ? layer_of(include.path) : layer;
            if (other != layer && !may_include.at(layer).contains(other)) wrong.push_back(told(file, include));
        }
    }
    CHECK(wrong == std::vector<std::string>{});
}

TEST_CASE("a program includes nothing of another program but what they have in common") {
    static const std::regex program("^tools/([a-z0-9]+)/.*");
    std::vector<std::string> wrong;
    for (const SourceFile& file : sources_below({"tools"})) {
        const std::string own = std::regex_replace(file.path, program, "$1");
        for (const Include& include : includes_of(file)) {
            std::smatch match;
            if (std::regex_match(include.path, match, program) && match[1] != own && match[1] != "common")
                wrong.push_back(told(file, include));
        }
    }
    CHECK(wrong == std::vector<std::string>{});
}

TEST_CASE("each library is included through its own door only") {
    std::vector<std::string> wrong;
    for (const SourceFile& file : sources_below({"libcore", "tools"})) {
        for (const Include& include : includes_of(file)) {
            for (const auto& [library, files] : doors)
                if (include.path.starts_with(library) && !files.contains(file.path))
                    wrong.push_back(told(file, include));
        }
    }
    CHECK(wrong == std::vector<std::string>{});
}

TEST_CASE("a failure ends only at a thread's edge, in run_tool or in a listed adapter") {
    static const std::regex handler("\\bcatch\\s*\\(");
    std::size_t handlers = 0;
    std::vector<std::string> wrong;
    for (const SourceFile& file : sources_below({"libcore", "tools"})) {
        for (std::sregex_iterator match(file.code.begin(), file.code.end(), handler), end; match != end; ++match) {
            ++handlers;
            const auto at = static_cast<std::size_t>(match->position());
            const bool goes_up = block_after(file.code, at).find("throw") != std::string::npos;
            if (!goes_up && !may_catch.contains(file.path)) wrong.push_back(place(file, at));
        }
    }
    CHECK(wrong == std::vector<std::string>{});
    CHECK(handlers > 0);
}

}  // namespace ft::house

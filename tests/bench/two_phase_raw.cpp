// What tests/bench/transactions measures ft2pc against, and what drives both. Prints transactions per second.
//
//   two_phase_raw floor IN_FLIGHT SECONDS DIR CONNINFO SQL CONNINFO SQL
//       a thin client: BEGIN, the SQL and PREPARE TRANSACTION in one message to both databases at once; a decision in a
//       log that all threads share (group commit); COMMIT PREPARED to both at once. It keeps its connections, checks no
//       token, and could not recover
//   two_phase_raw settle CONNECTIONS COUNT PREFIX CONNINFO
//       the same client rolls back the branches PREFIX0 to PREFIX(COUNT-1); prints seconds
//   two_phase_raw exec SECONDS DIR COMMAND...
//       a thin client of programs: all at once "COMMAND prepare ID", a decision in a log, all at once "COMMAND commit
//       ID"; it reads no answer but their exit codes
//   two_phase_raw drive IN_FLIGHT SECONDS LINE COMMAND...
//       keeps so many lines in flight with a program that answers each with a line
#include <fcntl.h>
#include <libpq-fe.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "libcore/base/clock.h"
#include "libcore/base/failure.h"
#include "libcore/base/fd.h"
#include "libcore/io/posix.h"
#include "libcore/wal/group.h"

extern char** environ;

namespace {

using namespace ft;
using Words = std::vector<std::string>;

class Watch {
public:
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

class Database {
public:
    explicit Database(const std::string& conninfo) : connection_(PQconnectdb(conninfo.c_str()), PQfinish) {
        check(PQstatus(connection_.get()) == CONNECTION_OK, "the database is there");
    }
    void send(const std::string& statements) {
        check(PQsendQuery(connection_.get(), statements.c_str()) == 1, "the database is asked");
    }
    void expect(const std::string& tag) {
        std::string last;
        while (PGresult* result = PQgetResult(connection_.get())) {
            last = PQcmdStatus(result);
            PQclear(result);
        }
        check(last == tag, "the database has obeyed");
    }

private:
    std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

struct Floor {
    wal::GroupLog& log;
    std::string conninfo[2], sql[2];
    std::atomic<std::uint64_t> transactions{0};

    void work(int thread, double seconds) {
        Database one(conninfo[0]), two(conninfo[1]);
        const Watch watch;
        for (std::uint64_t i = 0; watch.seconds() < seconds; ++i) {
            const std::string id = "'floor-" + std::to_string(thread) + "-" + std::to_string(i) + "'";
            one.send("BEGIN;" + sql[0] + ";PREPARE TRANSACTION " + id);
            two.send("BEGIN;" + sql[1] + ";PREPARE TRANSACTION " + id);
            one.expect("PREPARE TRANSACTION");
            two.expect("PREPARE TRANSACTION");
            log.commit({{.type = 1, .body = Bytes(200)}});
            one.send("COMMIT PREPARED " + id);
            two.send("COMMIT PREPARED " + id);
            one.expect("COMMIT PREPARED");
            two.expect("COMMIT PREPARED");
            ++transactions;
        }
    }
};

double floor_rate(int in_flight, double seconds, const Words& words) {
    SystemClock clock;
    const auto dir = io::open_root(words[0]);
    const std::string name = "floor-" + std::to_string(::getpid());
    const auto log = wal::Log::create(*dir, name, clock, clock.random_uuid(), {{.type = 1, .body = {}}}, 1U << 20);
    wal::GroupLog group(*log);
    Floor floor{.log = group, .conninfo = {words[1], words[3]}, .sql = {words[2], words[4]}};
    std::vector<std::thread> threads;
    for (int i = 1; i < in_flight; ++i) threads.emplace_back([&, i] { floor.work(i, seconds); });
    floor.work(0, seconds);
    for (std::thread& thread : threads) thread.join();
    dir->remove_file(name);
    return static_cast<double>(floor.transactions) / seconds;
}

/// Runs all of them at once.
void run_programs(const Words& programs, const std::string& verb, const std::string& id) {
    std::vector<pid_t> children(programs.size());
    for (std::size_t i = 0; i < programs.size(); ++i) {
        const char* words[] = {programs[i].c_str(), verb.c_str(), id.c_str(), nullptr};
        check(::posix_spawn(&children[i], words[0], nullptr, nullptr, const_cast<char**>(words), environ) == 0,
              "it starts");
    }
    for (const pid_t child : children) {
        int status = 0;
        check(::waitpid(child, &status, 0) == child && status == 0, "it has obeyed");
    }
}

double exec_rate(double seconds, const std::string& folder, const Words& programs) {
    SystemClock clock;
    const auto dir = io::open_root(folder);
    const std::string name = "floor-" + std::to_string(::getpid());
    const auto log = wal::Log::create(*dir, name, clock, clock.random_uuid(), {{.type = 1, .body = {}}}, 1U << 20);
    wal::GroupLog group(*log);
    std::uint64_t transactions = 0;
    const Watch watch;
    for (; watch.seconds() < seconds; ++transactions) {
        const std::string id = "floor-" + std::to_string(transactions);
        run_programs(programs, "prepare", id);
        group.commit({{.type = 1, .body = Bytes(200)}});
        run_programs(programs, "commit", id);
    }
    const double rate = static_cast<double>(transactions) / watch.seconds();
    dir->remove_file(name);
    return rate;
}

double settle_seconds(int connections, std::uint64_t count, const std::string& prefix, const std::string& conninfo) {
    std::atomic<std::uint64_t> next{0};
    const Watch watch;
    const auto work = [&] {
        Database database(conninfo);
        for (std::uint64_t i; (i = next++) < count;) {
            database.send("ROLLBACK PREPARED '" + prefix + std::to_string(i) + "'");
            database.expect("ROLLBACK PREPARED");
        }
    };
    std::vector<std::thread> threads;
    for (int i = 1; i < connections; ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    return watch.seconds();
}

class Program {
public:
    explicit Program(const Words& command) {
        int to[2], from[2];
        check(::pipe2(to, O_CLOEXEC) == 0 && ::pipe2(from, O_CLOEXEC) == 0, "a pipe is made");
        const Fd in(to[0]), out(from[1]);
        to_ = Fd(to[1]);
        from_ = Fd(from[0]);
        std::vector<char*> words;
        for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in.get(), 0);
        posix_spawn_file_actions_adddup2(&actions, out.get(), 1);
        check(::posix_spawnp(&child_, words[0], &actions, nullptr, words.data(), environ) == 0, "it starts");
        posix_spawn_file_actions_destroy(&actions);
    }
    ~Program() {
        to_.reset();
        while (read() > 0) {}
        ::waitpid(child_, nullptr, 0);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    void say(const std::string& line) {
        check(::write(to_.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()), "it listens");
    }
    /// How many lines it has answered meanwhile: at least one, or 0 at the end. All have to be commits.
    std::ptrdiff_t read() {
        const ssize_t got = ::read(from_.get(), buffer_.data(), buffer_.size());
        if (got <= 0) return 0;
        const std::string_view text(buffer_.data(), static_cast<std::size_t>(got));
        check(text.find("aborted") == std::string_view::npos && text.find("refused") == std::string_view::npos,
              "all is committed");
        return std::count(text.begin(), text.end(), '\n');
    }

private:
    Fd to_, from_;
    pid_t child_ = -1;
    std::vector<char> buffer_ = std::vector<char>(65536);
};

double drive_rate(int in_flight, double seconds, const std::string& line, const Words& command) {
    Program program(command);
    const auto answer_all = [&](std::ptrdiff_t count) {
        while (count > 0) count -= program.read();
    };
    for (int i = 0; i < in_flight; ++i) program.say(line + "\n");
    answer_all(in_flight);  // all connections are there
    for (int i = 0; i < in_flight; ++i) program.say(line + "\n");
    std::ptrdiff_t transactions = 0;
    const Watch watch;
    while (watch.seconds() < seconds) {
        const std::ptrdiff_t answered = program.read();
        check(answered > 0, "it answers");
        transactions += answered;
        for (std::ptrdiff_t i = 0; i < answered; ++i) program.say(line + "\n");
    }
    const double rate = static_cast<double>(transactions) / watch.seconds();
    answer_all(in_flight);
    return rate;
}

int run(const Words& words) {
    const auto rest = [&](std::ptrdiff_t from) { return Words(words.begin() + from, words.end()); };
    if (words.size() == 8 && words[0] == "floor")
        std::printf("%.1f\n", floor_rate(std::stoi(words[1]), std::stod(words[2]), rest(3)));
    else if (words.size() == 5 && words[0] == "settle")
        std::printf("%.3f\n", settle_seconds(std::stoi(words[1]), std::stoull(words[2]), words[3], words[4]));
    else if (words.size() > 3 && words[0] == "exec")
        std::printf("%.1f\n", exec_rate(std::stod(words[1]), words[2], rest(3)));
    else if (words.size() > 4 && words[0] == "drive")
        std::printf("%.1f\n", drive_rate(std::stoi(words[1]), std::stod(words[2]), words[3], rest(4)));
    else
        return 2;
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return run(Words(argv + 1, argv + argc)); }

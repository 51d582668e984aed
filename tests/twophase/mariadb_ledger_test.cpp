// Goal: what a dead service has left in MariaDB is aborted all together as surely as each branch alone: none is called
// aborted that is not, durably.
// Method: a real server, many branches; the service's sessions killed with it, strangers that decide behind recovery's
// back, an answer of the server that is not so, recovery killed at each of its messages, the server too.
#include <fmt/format.h>
#include <mysql.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "libcore/base/fd.h"
#include "libcore/twophase/kinds.h"
#include "libcore/twophase/ledger.h"
#include "libcore/twophase/mariadb_ledger.h"
#include "tests/catch.h"
#include "tests/twophase/mariadb_server.h"
#include "tests/twophase/relay.h"

namespace ft::twophase {

namespace {

using Catch::Matchers::Contains;

/// A service's transaction.
Branch branch_of(std::uint64_t number) { return {.coordinator = {}, .journal = number}; }

class Bench {
public:
    Bench() { server.query("create table shop.t (n int primary key) engine=innodb"); }
    [[nodiscard]] Surroundings surroundings(Connections* kept) {
        return {.locate = io::locate,
                .clock = clock_,
                .locks = *locks_,
                .settle_limit = std::chrono::seconds(60),
                .kept = kept};
    }
    [[nodiscard]] std::unique_ptr<Participant> make(std::uint64_t number) {
        Spec spec = mysql_kind().parse(server.place(), "/");
        spec.fields["sql"] = fmt::format("insert into t values ({})", number);
        return mysql_kind().make(spec, branch_of(number), surroundings(nullptr));
    }
    /// Branches from 1 on, whose sessions have ended.
    void prepare(std::uint64_t count) {
        for (std::uint64_t number = 1; number <= count; ++number) REQUIRE(make(number)->prepare().vote == Vote::yes);
    }
    /// By way of this socket, in a process that recovers.
    [[nodiscard]] std::vector<Branch> list(const std::string& socket) {
        return list_left(maria_place(MariaServer::place(socket)), branch_prefix({}, 0), surroundings(&kept_)).branches;
    }
    [[nodiscard]] std::vector<Branch> list() { return list(server.socket()); }
    [[nodiscard]] std::vector<Settled> abort(const std::vector<Branch>& branches, const std::string& socket) {
        return abort_left(maria_place(MariaServer::place(socket)), branches, 4, surroundings(&kept_));
    }
    [[nodiscard]] std::vector<Settled> abort(const std::vector<Branch>& branches) {
        return abort(branches, server.socket());
    }
    void crash() {
        server.stop();
        server.start();
    }
    /// Prepared branches, witnesses and rows.
    [[nodiscard]] std::string left() const {
        return server.query("xa recover; select branch from shop.ft2pc_witness; select n from shop.t");
    }

    MariaServer server;

private:
    SystemClock clock_;
    std::unique_ptr<io::Dir> locks_ = io::open_root("/");
    Connections kept_;
};

std::ptrdiff_t count_of(const std::vector<Settled>& answers, Ack ack) {
    return std::count_if(answers.begin(), answers.end(), [&](const Settled& one) { return one.ack == ack; });
}

/// A service with so many branches in sessions that live.
class Service {
public:
    Service(Bench& bench, std::uint64_t branches) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        const Fd told(ends[0]);
        Fd tell(ends[1]);
        process_ = ::fork();
        REQUIRE(process_ >= 0);
        if (process_ == 0) serve(bench, branches, tell);
        tell.reset();
        char sign = 0;
        REQUIRE(::read(told.get(), &sign, 1) == 1);
    }
    ~Service() { die(); }
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    void die() {
        if (process_ < 0) return;
        ::kill(process_, SIGKILL);
        ::waitpid(std::exchange(process_, -1), nullptr, 0);
    }

private:
    [[noreturn]] static void serve(Bench& bench, std::uint64_t branches, const Fd& tell) {
        std::vector<std::unique_ptr<Participant>> all;
        for (std::uint64_t number = 1; number <= branches; ++number)
            if (all.emplace_back(bench.make(number))->prepare().vote != Vote::yes) ::_exit(1);
        if (::write(tell.get(), "!", 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    pid_t process_ = -1;
};

}  // namespace

TEST_CASE("all that a dead service has left in MariaDB is aborted together, and stays so", "[twophase]") {
    Bench bench;
    bench.prepare(150);  // more than two messages hold
    const std::vector<Branch> listed = bench.list();
    CHECK(listed.size() == 150);
    bench.server.query("xa commit '" + branch_of(70).id() + "'; xa rollback '" + branch_of(80).id() + "'");
    const std::vector<Settled> answers = bench.abort(listed);
    REQUIRE(answers.size() == 150);
    for (std::size_t i = 0; i < 150; ++i) {
        INFO(listed[i].id() << ": " << answers[i].why);
        CHECK(answers[i].ack == (listed[i].journal == 70 ? Ack::broken : Ack::done));
    }
    bench.crash();
    CHECK(bench.left() == branch_of(70).id() + "\n70");
    CHECK(bench.list().empty());
    CHECK(bench.abort({}).empty());
}

TEST_CASE("of branches that are aborted together those that the server keeps are not called aborted", "[twophase]") {
    Bench bench;
    bench.prepare(2);
    // As in mariadb_test's "an OK of the server...": it is let go of, but still that session's. And one that is no more
    // than attached.
    std::vector<std::unique_ptr<MYSQL, void (*)(MYSQL*)>> sessions;
    for (const std::uint64_t number : {3U, 4U}) {
        MYSQL* session = sessions.emplace_back(::mysql_init(nullptr), ::mysql_close).get();
        REQUIRE(::mysql_real_connect(session, nullptr, "root", nullptr, "shop", 0, bench.server.socket().c_str(), 0) !=
                nullptr);
        const std::string id = "'" + branch_of(number).id() + "'";
        for (const std::string& sql :
             {"xa start " + id, fmt::format("insert into t values ({})", number),
              "insert into ft2pc_witness values (" + id + ")", "xa end " + id, "xa prepare " + id})
            REQUIRE(::mysql_query(session, sql.c_str()) == 0);
    }
    REQUIRE(::mysql_reset_connection(sessions[0].get()) == 0);
    for (int times = 0; times < 3; ++times) {
        const std::vector<Branch> listed = bench.list();
        REQUIRE(listed.size() == (times == 0 ? 4 : 2));  // XA RECOVER would not tell of the third any more
        const std::vector<Settled> answers = bench.abort(listed);
        CHECK(count_of(answers, Ack::again) == 2);
        for (std::size_t i = 0; i < answers.size(); ++i)
            if (listed[i].journal > 2) CHECK_THAT(answers[i].why, Contains("the server holds the branch"));
    }
    bench.crash();
    CHECK(count_of(bench.abort(bench.list()), Ack::done) == 2);
    CHECK(bench.left() == "");
}

TEST_CASE("sessions of a service in MariaDB that live, or end just now, are waited for before anything is aborted",
          "[twophase]") {
    Bench bench;
    const int times = std::getenv("FT_LONG") != nullptr ? 40 : 4;
    for (int i = 0; i < times; ++i) {
        const bool lives = i % 2 == 0;  // as behind a dead link
        Service service(bench, 48);
        if (!lives) service.die();
        const std::vector<Branch> listed = bench.list();
        CHECK(listed.size() == 48);
        CHECK(count_of(bench.abort(listed), Ack::done) == 48);
        REQUIRE(bench.left() == "");
    }
}

TEST_CASE(
    "a recovery that is killed while it aborts what is left in MariaDB is ended by the next, whatever crashes then",
    "[twophase]") {
    Bench bench;
    const std::string socket = bench.server.folder() + "/relay";
    bool was_killed = true;
    for (unsigned step = 0; was_killed; ++step) {
        INFO("killed at step " << step);
        bench.prepare(3);
        {
            const Relay relay(bench.server.socket(), socket, {.kill_at = step});
            const pid_t recovery = ::fork();
            REQUIRE(recovery >= 0);
            if (recovery == 0) ::_exit(count_of(bench.abort(bench.list(socket), socket), Ack::done) == 3 ? 0 : 1);
            int status = 0;
            REQUIRE(::waitpid(recovery, &status, 0) == recovery);
            was_killed = WIFSIGNALED(status);
            REQUIRE((was_killed || WEXITSTATUS(status) == 0));
        }
        const std::vector<Branch> listed = bench.list();
        CHECK(count_of(bench.abort(listed), Ack::done) == static_cast<std::ptrdiff_t>(listed.size()));
        bench.crash();
        REQUIRE(bench.left() == "");
    }
}

}  // namespace ft::twophase

// Goal: what a PostgreSQL server says, and what it does not say any more, is understood; what cannot be undone is never
// begun.
// Method: a real server, statements of every kind, decisions taken behind the participant's back.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "libcore/base/failure.h"
#include "libcore/proc/bounded.h"
#include "libcore/twophase/kinds.h"
#include "libcore/twophase/ledger.h"
#include "tests/catch.h"
#include "tests/twophase/pg_server.h"

namespace ft::twophase {

namespace {

using Catch::Matchers::Contains;

class Bench {
public:
    explicit Bench(const std::string& setting = "max_prepared_transactions = 20") : server({setting}) {
        server.query(
            "create table t (n int primary key); create table d (n int references t deferrable initially "
            "deferred)");
    }
    [[nodiscard]] std::unique_ptr<Participant> make(const std::string& sql, std::uint32_t sequence = 1) {
        return make_at(server.conninfo(), sql, sequence);
    }
    [[nodiscard]] std::unique_ptr<Participant> make_at(const std::string& conninfo, const std::string& sql,
                                                       std::uint32_t sequence = 1) {
        const Kind kind = pg_kind();
        Spec spec = kind.parse(conninfo, "/");
        spec.fields["sql"] = sql;
        return kind.make(spec, branch(sequence),
                         {.locate = io::locate,
                          .clock = clock,
                          .locks = *locks_,
                          .prepare_limit = limit,
                          .settle_limit = std::chrono::seconds(60)});
    }
    static Branch branch(std::uint32_t sequence) { return {{}, 1, sequence, 0}; }
    [[nodiscard]] std::string prepared() const { return server.query("select count(*) from pg_prepared_xacts"); }
    /// Sessions of participants.
    [[nodiscard]] std::string sessions() const {
        return server.query("select count(*) from pg_stat_activity where application_name like '0000%'");
    }
    [[nodiscard]] bool comes_to(const std::string& query, const std::string& answer) {
        const auto is_so = [&] { return server.query(query) == answer; };
        return proc::wait_until(is_so, proc::bounds_from_now(clock, std::chrono::seconds(60), {})) ==
               proc::Waited::done;
    }

    PgServer server;
    SystemClock clock;
    std::chrono::nanoseconds limit = std::chrono::seconds(60);

private:
    std::unique_ptr<io::Dir> locks_ = io::open_root("/");
};

std::string why_of(const std::function<void()>& call, Exit exit) {
    try {
        call();
    } catch (const Failure& failure) {
        CHECK(failure.exit() == exit);
        return failure.what();
    }
    return "";
}

}  // namespace

TEST_CASE("SQL that cannot be prepared is a no with the server's reason, and nothing of it is left", "[twophase]") {
    Bench bench;
    const std::vector<std::pair<std::string, std::string>> refused{
        {"insert into missing values (1)", "\"missing\" does not exist"},
        {"insert into t values (1); selec 1", "syntax error"},
        {"insert into t values (1); insert into t values (1)", "duplicate key"},
        {"insert into d values (7)", "violates foreign key"},  // found at PREPARE TRANSACTION
        {"create temp table x (n int)", "temporary objects"},
        {"insert into t values (1); copy t from stdin", "COPY"},
        {"copy t to stdout", "COPY"},
        {"insert into t values (1);\ncommit", "line 2: COMMIT"},
        {"insert into t values (1); rollback; insert into t values (2)", "ROLLBACK"},
        {"select 'never closed", "unterminated"}};
    for (const auto& [sql, why] : refused) {
        INFO(sql);
        const Voted voted = bench.make(sql)->prepare();
        CHECK(voted.vote == Vote::no);
        CHECK_THAT(voted.why, Contains(why));
    }
    CHECK(bench.prepared() == "0");
    CHECK(bench.server.query("select count(*) from t") == "0");
    CHECK(bench.comes_to("select count(*) from pg_stat_activity where application_name like '0000%'", "0"));
}

TEST_CASE("SQL that changes nothing is read-only, and has ended", "[twophase]") {
    Bench bench;
    for (const std::string sql : {"select count(*) from t", "", "-- nothing", "savepoint a; rollback to a"}) {
        INFO(sql);
        CHECK(bench.make(sql)->prepare().vote == Vote::read_only);
    }
    CHECK(bench.prepared() == "0");
    CHECK(bench.make("insert into t values (1); -- the last line")->prepare().vote == Vote::yes);
    CHECK(bench.prepared() == "1");
}

TEST_CASE("a server that cannot be reached, or not used for this, is named with what to do", "[twophase]") {
    Bench bench("max_prepared_transactions = 0");
    const Voted disabled = bench.make("insert into t values (1)")->prepare();
    CHECK(disabled.vote == Vote::no);
    CHECK_THAT(disabled.why, Contains("max_prepared_transactions") && Contains("postgresql.conf"));
    const auto began = bench.clock.monotonic();
    const Voted missing = bench.make_at("host=/no/such/folder", "select 1")->prepare();
    CHECK(missing.vote == Vote::no);
    CHECK_THAT(missing.why, Contains("/no/such/folder") && Contains("No such file"));
    CHECK_THAT(bench.make_at("host=127.0.0.1 port=1", "select 1")->prepare().why,
               Contains("127.0.0.1") && Contains("refused"));
    CHECK(bench.clock.monotonic() - began < std::chrono::seconds(2));
    CHECK(bench.make_at("host=/no/such/folder", "select 1")->commit("").ack == Ack::again);
    CHECK(bench.make_at("host=/no/such/folder", "select 1")->abort().ack == Ack::again);
}

TEST_CASE("what became of a branch behind its coordinator's back is found out, or in doubt", "[twophase]") {
    Bench bench;
    const auto prepare = [&](std::uint32_t sequence) {
        const Voted voted = bench.make("insert into t values (" + std::to_string(sequence) + ")", sequence)->prepare();
        REQUIRE(voted.vote == Vote::yes);
        return voted.token;
    };
    const auto tell = [&](const std::string& verb, std::uint32_t sequence) {
        bench.server.query(verb + " prepared '" + Bench::branch(sequence).id() + "'");
    };
    const std::string committed = prepare(1), aborted = prepare(2), gone = prepare(3);
    tell("commit", 1);
    CHECK(bench.make("", 1)->commit(committed).ack == Ack::done);
    tell("rollback", 2);
    CHECK(bench.make("", 2)->commit(aborted).ack == Ack::broken);
    tell("rollback", 3);
    CHECK(bench.make("", 3)->commit("").ack == Ack::unknown);
    CHECK(bench.make("", 3)->commit("rubbish").ack == Ack::unknown);
    CHECK(bench.make("", 3)->commit(gone.substr(0, gone.find(' ')) + " 1234567890123456789").ack == Ack::unknown);
    CHECK(bench.make("", 3)->commit("99999999 " + gone.substr(gone.find(' ') + 1)).ack == Ack::unknown);
    CHECK(bench.server.query("select n from t") == "1");
}

TEST_CASE("branches are aborted together, whatever became of some of them", "[twophase]") {
    constexpr std::uint32_t count = 150;  // several goes
    Bench bench("max_prepared_transactions = 200");
    std::vector<Branch> branches;
    for (std::uint32_t i = 0; i < count; ++i) {
        branches.push_back(bench.branch(i));
        if (i % 10 == 7) continue;  // somebody was faster
        CHECK(bench.make("insert into t values (" + std::to_string(i) + ")", i)->prepare().vote == Vote::yes);
    }
    const Spec place = pg_kind().parse(bench.server.conninfo(), "/");
    const auto locks = io::open_root("/");
    const Surroundings surroundings{.locate = io::locate, .clock = bench.clock, .locks = *locks};
    bench.server.query("begin; insert into t values (-1); prepare transaction 'a stranger''s'");
    const Listed listed = pg_kind().list(place, branch_prefix({}, 0), surroundings);
    CHECK(listed.branches.size() == count - count / 10);
    CHECK(listed.foreign == 1);
    const std::vector<Settled> answers = pg_kind().abort_all(place, branches, 2, surroundings);
    REQUIRE(answers.size() == count);
    for (const Settled& answer : answers) CHECK(answer.ack == Ack::done);
    CHECK(bench.prepared() == "1");
    bench.server.stop();
    for (const Settled& answer : pg_kind().abort_all(place, branches, 2, surroundings)) CHECK(answer.ack == Ack::again);
}

TEST_CASE("a server that crashes between the vote and the decision is asked again until it is back", "[twophase]") {
    Bench bench;
    const auto participant = bench.make("insert into t values (1)");
    const Voted voted = participant->prepare();
    REQUIRE(voted.vote == Vote::yes);
    bench.server.stop();
    CHECK(participant->commit(voted.token).ack == Ack::again);
    CHECK(participant->commit(voted.token).ack == Ack::again);
    bench.server.start();
    CHECK(participant->commit(voted.token).ack == Ack::done);
    CHECK(bench.server.query("select n from t") == "1");
}

TEST_CASE("a session that waits too long votes nothing, and is ended before the branch is called aborted",
          "[twophase]") {
    Bench bench;
    proc::Child holder = bench.server.session("begin; lock table t; select 'locked'; select pg_sleep(1000)");
    REQUIRE(
        bench.comes_to("select count(*) from pg_locks where relation = 't'::regclass and mode like 'AccessEx%'", "1"));
    bench.limit = std::chrono::milliseconds(300);
    const auto participant = bench.make("insert into t values (1)");
    const Voted voted = participant->prepare();
    CHECK(voted.vote == Vote::silent);
    CHECK_THAT(voted.why, Contains("no answer in time"));
    CHECK(participant->abort().ack == Ack::done);
    CHECK(bench.sessions() == "0");
    holder.signal(SIGKILL);
    (void)holder.wait();
    CHECK(bench.prepared() == "0");
}

TEST_CASE("what a dead coordinator's session is still doing is ended before the branch is recovered", "[twophase]") {
    Bench bench;
    const pid_t coordinator = ::fork();
    REQUIRE(coordinator >= 0);
    if (coordinator == 0) {
        (void)bench.make("insert into t values (1); select pg_sleep(1000)")->prepare();
        ::_exit(0);
    }
    REQUIRE(bench.comes_to("select count(*) from pg_stat_activity where wait_event = 'PgSleep'", "1"));
    ::kill(coordinator, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(coordinator, &status, 0) == coordinator);
    const auto participant = bench.make("");
    CHECK(participant->fence().ack == Ack::done);
    CHECK(bench.server.query("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") == "0");
    CHECK(participant->abort().ack == Ack::done);
    CHECK(bench.prepared() == "0");
}

TEST_CASE("a database is named without passwords, and for every shell alike", "[twophase]") {
    const auto conninfo_of = [](const std::string& text) { return pg_kind().parse(text, "/").fields.at("conninfo"); };
    for (const char* variable : {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE"}) ::unsetenv(variable);
    CHECK(conninfo_of("dbname=orders") == "dbname='orders'");
    ::setenv("PGHOST", "/run/it's", 1);
    ::setenv("PGPASSWORD", "secret", 1);
    CHECK(conninfo_of("dbname=orders") == "dbname='orders' host='/run/it\\'s'");
    CHECK(conninfo_of("dbname=orders host=db7") == "dbname='orders' host='db7'");
    CHECK(conninfo_of("service=orders") == "service='orders'");
    CHECK(conninfo_of("postgresql://ann@db7:77/orders").find("host='db7'") != std::string::npos);
    for (const std::string secret : {"password=secret", "postgresql://ann:secret@db7/orders", "sslpassword=secret"}) {
        const std::string why = why_of([&] { (void)conninfo_of(secret); }, Exit::usage);
        CHECK_THAT(why, Contains("pgpass"));
        CHECK(why.find("secret") == std::string::npos);
    }
    CHECK(why_of([&] { (void)conninfo_of("no such option=1"); }, Exit::usage) != "");
    SystemClock clock;
    const auto locks = io::open_root("/");
    const auto without_sql = pg_kind().make(pg_kind().parse("dbname=orders", "/"), Bench::branch(1),
                                            {.locate = io::locate, .clock = clock, .locks = *locks});
    CHECK_THAT(without_sql->prepare().why, Contains("--sql"));
}

}  // namespace ft::twophase

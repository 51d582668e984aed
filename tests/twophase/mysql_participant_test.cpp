// Goal: what a MariaDB server says, and what it does not say any more, is understood; what cannot be undone is never
// begun.
// Method: a real server, statements of every kind, decisions taken behind the participant's back.
#include <mysql.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "libcore/base/bytes.h"
#include "libcore/base/failure.h"
#include "libcore/proc/bounded.h"
#include "libcore/twophase/kinds.h"
#include "libcore/twophase/ledger.h"
#include "tests/catch.h"
#include "tests/twophase/mariadb_server.h"
#include "tests/twophase/relay.h"

namespace ft::twophase {

namespace {

using Catch::Matchers::Contains;

class Bench {
public:
    explicit Bench(MariaServer::Users users = MariaServer::Users::anybody) : server(users) {
        server.query(
            "create table shop.t (n int primary key) engine=innodb; create table shop.lasting (n int) engine=myisam");
    }
    [[nodiscard]] std::unique_ptr<Participant> make(const std::string& sql, std::uint32_t sequence = 1) {
        return make_at(server.place(), sql, sequence);
    }
    [[nodiscard]] std::unique_ptr<Participant> make_at(const std::string& place, const std::string& sql,
                                                       std::uint32_t sequence = 1) {
        const Kind kind = mysql_kind();
        Spec spec = kind.parse(place, "/");
        spec.fields["sql"] = sql;
        return kind.make(spec, branch(sequence),
                         {.locate = io::locate,
                          .clock = clock,
                          .locks = *locks_,
                          .prepare_limit = limit,
                          .settle_limit = std::chrono::seconds(60)});
    }
    static Branch branch(std::uint32_t sequence) { return {{}, 1, sequence, 0}; }
    static std::string id(std::uint32_t sequence) { return "'" + branch(sequence).id() + "'"; }
    static std::string insert(std::uint32_t n) { return "insert into t values (" + std::to_string(n) + ")"; }
    void prepare(std::uint32_t sequence) {
        const Voted voted = make(insert(sequence), sequence)->prepare();
        INFO(voted.why);
        REQUIRE(voted.vote == Vote::yes);
    }
    /// Prepared branches and witnesses.
    [[nodiscard]] std::string left() const { return server.query("xa recover; select branch from shop.ft2pc_witness"); }
    [[nodiscard]] std::string rows() const { return server.query("select group_concat(n) from shop.t"); }
    [[nodiscard]] bool comes_to(const std::string& query, const std::string& answer) {
        const auto is_so = [&] { return server.query(query) == answer; };
        return proc::wait_until(is_so, proc::bounds_from_now(clock, std::chrono::seconds(60), {})) ==
               proc::Waited::done;
    }
    /// A client that has said all this, and stays.
    [[nodiscard]] proc::Child holder(const std::string& sql) const {
        proc::Child child = server.shell();
        child.write(view_of(sql + ";\nselect 'ready';\n"));
        std::string said;
        std::byte buffer[4096];
        while (said.find("ready") == std::string::npos) {
            const std::size_t got = child.read(buffer);
            REQUIRE(got > 0);
            said += text_of({buffer, got});
        }
        return child;
    }

    MariaServer server;
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

/// Runs `act` in a process of its own, until that is killed.
void until_killed(const std::function<void()>& act) {
    const pid_t coordinator = ::fork();
    REQUIRE(coordinator >= 0);
    if (coordinator == 0) {
        act();
        ::_exit(1);
    }
    int status = 0;
    REQUIRE(::waitpid(coordinator, &status, 0) == coordinator);
    REQUIRE(WIFSIGNALED(status));
}

constexpr const char* sleepers = "select count(*) from information_schema.processlist where state = 'User sleep'";

}  // namespace

TEST_CASE("SQL that cannot be prepared in MariaDB is a no with the server's reason, and nothing of it is left",
          "[twophase]") {
    Bench bench;
    const std::vector<std::pair<std::string, std::string>> refused{
        {"insert into missing values (1)", "'shop.missing' doesn't exist"},
        {"insert into t values (1); selec 1", "error in your SQL syntax"},
        {"insert into t values (1); insert into t values (1)", "Duplicate entry"},
        {"insert into t values (1);; insert into t values (2)", "error in your SQL syntax"},
        {"insert into t values (1);\ncommit", "line 2: COMMIT"},
        {"insert into t values (1); rollback; insert into t values (2)", "ROLLBACK"},
        {"insert into t values (1); create table x (n int)", "CREATE TABLE"},
        {"insert into t values (1); /*!50000 truncate t */", "TRUNCATE T"},
        {"insert into t values (1); begin not atomic commit; end", "XAER_RMFAIL"},
        {"insert into t values (1); execute immediate 'create table x (n int)'", "XAER_RMFAIL"},
        {"insert into t values (1); execute immediate 'xa end " + std::string("\\'") + Bench::branch(11).id() + "\\''",
         "XAER_RMFAIL"},
        {"insert into t values (1); select release_all_locks()", "released the lock"},
        {"insert into t values (1); set session_track_transaction_info = 'OFF'", "what its session tells"},
        {"insert into t values (1); load data local infile '/etc/passwd' into table t", "local infile"},
        {"insert into lasting values (1)", "without transactions"},
        {"select 'never closed", "error in your SQL syntax"}};
    std::uint32_t sequence = 1;
    for (const auto& [sql, why] : refused) {
        INFO(sql);
        const Voted voted = bench.make(sql, sequence++)->prepare();
        CHECK(voted.vote == Vote::no);
        CHECK_THAT(voted.why, Contains(why));
    }
    CHECK(bench.comes_to("select count(*) from information_schema.processlist", "1"));
    CHECK(bench.left() == "");
    CHECK(bench.rows() == "NULL");
}

TEST_CASE("SQL that changes nothing in MariaDB is read-only, and has ended", "[twophase]") {
    Bench bench;
    for (const std::string sql :
         {"select count(*) from t", "", "-- nothing", "savepoint a; rollback to a; # no more", ";"}) {
        INFO(sql);
        CHECK(bench.make(sql)->prepare().vote == Vote::read_only);
    }
    CHECK(bench.left() == "");
    CHECK(bench.make("insert into t values (1); -- the last line")->prepare().vote == Vote::yes);
    CHECK(bench.make("select 1; begin not atomic insert into t values (2); select 2; end; select 3; /* c */", 2)
              ->prepare()
              .vote == Vote::yes);
    CHECK(bench.server.query("xa recover").size() > 64);
    CHECK(bench.rows() == "NULL");
}

TEST_CASE("a table of witnesses that is missing, or cannot be rolled back, is a no that says what to do",
          "[twophase]") {
    Bench bench;
    bench.server.query("drop table shop.ft2pc_witness");
    CHECK(bench.make("select 1")->prepare().vote == Vote::read_only);
    const Voted missing = bench.make("insert into t values (1)")->prepare();
    CHECK(missing.vote == Vote::no);
    const std::size_t statement = missing.why.find("CREATE TABLE");
    REQUIRE(statement != std::string::npos);
    CHECK(bench.make("")->commit("").ack == Ack::unknown);
    CHECK(bench.make("")->abort().ack == Ack::done);
    CHECK(bench.make("")->forget().ack == Ack::done);
    bench.server.query(missing.why.substr(statement));
    bench.prepare(2);
    CHECK(bench.make("", 2)->commit("").ack == Ack::done);
    CHECK(bench.rows() == "2");
    bench.server.query("alter table shop.ft2pc_witness engine=myisam");
    const Voted lasting = bench.make("insert into t values (3)", 3)->prepare();
    CHECK(lasting.vote == Vote::no);
    CHECK_THAT(lasting.why, Contains("InnoDB"));
    CHECK(bench.make("", 3)->abort().ack == Ack::done);
}

TEST_CASE("a MariaDB server that cannot be reached, or not used for this, is named with what to do", "[twophase]") {
    Bench bench;
    bench.server.query("set global innodb_flush_log_at_trx_commit = 2");
    const Voted forgetful = bench.make("insert into t values (1)")->prepare();
    CHECK(forgetful.vote == Vote::no);
    CHECK_THAT(forgetful.why, Contains("innodb_flush_log_at_trx_commit is 2; set it to 1"));
    const auto began = bench.clock.monotonic();
    const std::string missing = "shop socket=/no/such/socket", refused = "shop host=127.0.0.1 port=1";
    CHECK(bench.make_at(missing, "select 1")->prepare().vote == Vote::no);
    CHECK_THAT(bench.make_at(missing, "select 1")->prepare().why,
               Contains("/no/such/socket") && Contains("No such file"));
    CHECK_THAT(bench.make_at(refused, "select 1")->prepare().why, Contains("127.0.0.1") && Contains("refused"));
    CHECK(bench.clock.monotonic() - began < std::chrono::seconds(2));
    CHECK(bench.make_at(missing, "select 1")->commit("").ack == Ack::again);
    CHECK(bench.make_at(missing, "select 1")->abort().ack == Ack::again);
    CHECK(bench.make_at(missing, "select 1")->fence().ack == Ack::again);
    CHECK(bench.make_at(missing, "select 1")->forget().ack == Ack::again);
    CHECK_THAT(bench.make_at("shop defaults-file=/no/such/file", "select 1")->prepare().why,
               Contains("/no/such/file") && Contains("No such file"));
}

TEST_CASE("what became of a MariaDB branch behind its coordinator's back is found out, or in doubt", "[twophase]") {
    Bench bench;
    for (const std::uint32_t sequence : {1U, 2U, 3U}) bench.prepare(sequence);
    CHECK(bench.make("")->fence().ack == Ack::done);
    bench.server.query("xa commit " + Bench::id(1));
    CHECK(bench.make("")->commit("").ack == Ack::done);
    CHECK(bench.make("")->abort().ack == Ack::broken);
    CHECK(bench.make("")->forget().ack == Ack::done);
    CHECK(bench.make("")->commit("").ack == Ack::unknown);
    for (const std::uint32_t sequence : {2U, 3U}) CHECK(bench.make("", sequence)->fence().ack == Ack::done);
    bench.server.query("xa rollback " + Bench::id(2));
    CHECK(bench.make("", 2)->commit("").ack == Ack::unknown);
    CHECK(bench.make("", 2)->abort().ack == Ack::done);
    bench.server.query("xa commit " + Bench::id(3) + "; delete from shop.ft2pc_witness");
    CHECK(bench.make("", 3)->commit("").ack == Ack::unknown);
    CHECK(bench.rows() == "1,3");
}

TEST_CASE("only what is committed is a witness, whatever the server lets others see", "[twophase]") {
    Bench bench;
    bench.server.query("set global tx_isolation = 'READ-UNCOMMITTED'; set global autocommit = 0");
    proc::Child writer = bench.holder("begin; insert into shop.ft2pc_witness values (" + Bench::id(1) + ")");
    CHECK(bench.make("")->commit("").ack == Ack::again);
    CHECK(bench.make("")->abort().ack == Ack::again);
    writer.signal(SIGKILL);
    (void)writer.wait();
    REQUIRE(bench.comes_to("select count(*) from information_schema.innodb_trx", "0"));
    CHECK(bench.make("")->commit("").ack == Ack::unknown);
    CHECK(bench.make("")->abort().ack == Ack::done);
    bench.prepare(2);
    CHECK(bench.make("", 2)->commit("").ack == Ack::done);
    CHECK(bench.make("", 2)->forget().ack == Ack::done);
    CHECK(bench.left() == "");
}

TEST_CASE("a witness goes whatever the SQL has made of its session", "[twophase]") {
    Bench bench;
    for (const std::string setting : {"autocommit = 0", "session transaction read only", "sql_safe_updates = 1"}) {
        INFO(setting);
        const auto participant = bench.make("insert into t values (1); set " + setting);
        REQUIRE(participant->prepare().vote == Vote::yes);
        REQUIRE(participant->commit("").ack == Ack::done);
        if (participant->forget().ack != Ack::done) CHECK(participant->forget().ack == Ack::done);
        CHECK(bench.left() == "");
        bench.server.query("delete from shop.t");
    }
}

TEST_CASE("a branch that a stranger's session keeps attached is neither committed nor aborted, but asked again",
          "[twophase]") {
    Bench bench;
    proc::Child stranger = bench.holder("xa start " + Bench::id(1) + "; insert into shop.t values (1); insert into " +
                                        "shop.ft2pc_witness values (" + Bench::id(1) + "); xa end " + Bench::id(1) +
                                        "; xa prepare " + Bench::id(1) + "; xa recover");
    const std::string unknown = "XAER_NOTA";
    proc::Child raw = bench.server.session("xa commit " + Bench::id(1));
    (void)all_output(raw);
    CHECK_FALSE(raw.wait().succeeded());  // the server claims not to know it
    CHECK(bench.make("")->commit("").ack == Ack::again);
    CHECK(bench.make("")->abort().ack == Ack::again);
    stranger.signal(SIGKILL);
    (void)stranger.wait();
    const auto participant = bench.make("");
    const auto is_done = [&] { return participant->commit("").ack == Ack::done; };
    CHECK(proc::wait_until(is_done, proc::bounds_from_now(bench.clock, std::chrono::seconds(60), {})) ==
          proc::Waited::done);
    CHECK(bench.rows() == "1");
}

TEST_CASE("a branch whose session outlives its coordinator behind a dead link is obeyed, never taken for done",
          "[twophase]") {
    Bench bench;
    const std::string socket = bench.server.folder() + "/relay";
    const int times = std::getenv("FT_LONG") != nullptr ? 50 : 5;
    std::string expected;
    for (int i = 1; i <= times; ++i) {
        const auto sequence = static_cast<std::uint32_t>(i);
        const Relay relay(bench.server.socket(), socket, {.freeze_at = "XA PREPARE", .hand_on = true});
        until_killed(
            [&] { (void)bench.make_at(MariaServer::place(socket), Bench::insert(sequence), sequence)->prepare(); });
        REQUIRE(bench.comes_to("xa recover", "1\t" + std::to_string(Bench::branch(sequence).id().size()) + "\t0\t" +
                                                 Bench::branch(sequence).id()));
        const bool commits = i % 2 != 0;
        const auto participant = bench.make("", sequence);
        const Settled settled = commits ? participant->commit("") : participant->abort();
        INFO(settled.why);
        CHECK(settled.ack == Ack::done);
        if (commits) expected += (expected.empty() ? "" : ",") + std::to_string(i);
        REQUIRE(bench.rows() == expected);
        REQUIRE(bench.server.query("xa recover") == "");
    }
}

TEST_CASE("an OK of the server for a branch that it has not ended is not believed", "[twophase]") {
    Bench bench;
    // A session that is reset is in the state that one which ends passes through: its branch is let go of, but still
    // its.
    std::vector<std::unique_ptr<MYSQL, void (*)(MYSQL*)>> sessions;
    for (const std::uint32_t sequence : {1U, 2U}) {
        MYSQL* session = sessions.emplace_back(::mysql_init(nullptr), ::mysql_close).get();
        REQUIRE(::mysql_real_connect(session, nullptr, "root", nullptr, "shop", 0, bench.server.socket().c_str(), 0) !=
                nullptr);
        const std::string id = Bench::id(sequence);
        for (const std::string& sql :
             {"xa start " + id, Bench::insert(sequence), "insert into ft2pc_witness values (" + id + ")",
              "xa end " + id, "xa prepare " + id})
            REQUIRE(::mysql_query(session, sql.c_str()) == 0);
        REQUIRE(::mysql_reset_connection(session) == 0);
        const auto participant = bench.make("", sequence);
        for (int times = 0; times < 3; ++times)
            CHECK((sequence == 1 ? participant->commit("") : participant->abort()).ack == Ack::again);
        CHECK(bench.server.query("xa recover") == "");
    }
    bench.server.stop();
    bench.server.start();
    CHECK(bench.make("", 1)->commit("").ack == Ack::done);
    CHECK(bench.make("", 2)->abort().ack == Ack::done);
    CHECK(bench.rows() == "1");
}

TEST_CASE("a MariaDB server that crashes between the vote and the decision is asked again until it is back",
          "[twophase]") {
    Bench bench;
    const auto participant = bench.make("insert into t values (1)");
    REQUIRE(participant->prepare().vote == Vote::yes);
    bench.prepare(2);
    bench.prepare(3);
    bench.server.stop();
    CHECK(participant->commit("").ack == Ack::again);
    CHECK(participant->commit("").ack == Ack::again);
    bench.server.start();
    CHECK(participant->commit("").ack == Ack::done);
    CHECK(bench.make("", 2)->abort().ack == Ack::done);
    CHECK(bench.make("", 3)->commit("").ack == Ack::done);
    bench.server.stop();
    bench.server.start();
    CHECK(bench.make("", 3)->commit("").ack == Ack::done);
    CHECK(bench.rows() == "1,3");
}

TEST_CASE("what is aborted in MariaDB is not prepared again after a crash of the server", "[twophase]") {
    Bench bench;
    const auto participant = bench.make("insert into t values (1)");
    REQUIRE(participant->prepare().vote == Vote::yes);
    bench.prepare(2);
    CHECK(bench.make("", 2)->abort().ack == Ack::done);
    bench.server.stop();
    bench.server.start();
    CHECK(bench.left() == "1\t56\t0\t" + Bench::branch(1).id());
    CHECK(bench.make("")->abort().ack == Ack::done);
    const auto attached = bench.make("insert into t values (3)", 3);
    REQUIRE(attached->prepare().vote == Vote::yes);
    CHECK(attached->abort().ack == Ack::done);
    bench.server.stop();
    bench.server.start();
    CHECK(bench.left() == "");
    CHECK(bench.rows() == "NULL");
}

TEST_CASE("a MariaDB session that waits too long votes nothing, and is ended before the branch is called aborted",
          "[twophase]") {
    Bench bench;
    proc::Child holder = bench.holder("lock tables shop.t write");
    bench.limit = std::chrono::milliseconds(300);
    const auto participant = bench.make("insert into t values (1)");
    const Voted voted = participant->prepare();
    CHECK(voted.vote == Vote::silent);
    CHECK_THAT(voted.why, Contains("no answer in time"));
    CHECK(participant->abort().ack == Ack::done);
    // This question's, the holder's, and the one that has aborted.
    CHECK(bench.server.query("select count(*) from information_schema.processlist") == "3");
    holder.signal(SIGKILL);
    (void)holder.wait();
    CHECK(bench.left() == "");
}

TEST_CASE("what a dead coordinator's MariaDB session is still doing is ended before the branch is recovered",
          "[twophase]") {
    Bench bench;
    const pid_t coordinator = ::fork();
    REQUIRE(coordinator >= 0);
    if (coordinator == 0) {
        (void)bench.make("insert into t values (1); do sleep(1000)")->prepare();
        ::_exit(0);
    }
    REQUIRE(bench.comes_to(sleepers, "1"));
    ::kill(coordinator, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(coordinator, &status, 0) == coordinator);
    const auto participant = bench.make("");
    CHECK(participant->fence().ack == Ack::done);
    CHECK(bench.server.query(sleepers) == "0");
    CHECK(participant->abort().ack == Ack::done);
    CHECK(bench.left() == "");
    CHECK(bench.rows() == "NULL");
}

TEST_CASE("what a dead service's sessions in MariaDB have prepared is listed, and they are ended", "[twophase]") {
    Bench bench;
    const std::string socket = bench.server.folder() + "/relay";
    for (const std::uint32_t sequence : {1U, 2U}) {
        const Relay relay(bench.server.socket(), socket,
                          {.freeze_at = sequence == 1 ? "XA PREPARE" : "INSERT INTO", .hand_on = true});
        until_killed(
            [&] { (void)bench.make_at(MariaServer::place(socket), Bench::insert(sequence), sequence)->prepare(); });
        const Branch one = Bench::branch(sequence);
        const Spec place{.kind = "mysql", .label = "", .fields = mysql_kind().parse(bench.server.place(), "/").fields};
        const auto locks = io::open_root("/");
        const Surroundings surroundings{.locate = io::locate, .clock = bench.clock, .locks = *locks};
        const auto listed = [&](const Branch& other) {
            return mysql_kind().list(place, branch_prefix(other.coordinator, ledger_of(other.journal)), surroundings);
        };
        const std::string theirs = "select is_used_lock('" + one.id() + "') is null";
        const Listed of_another_ledger = listed({.coordinator = {}, .journal = one.journal + (1U << sequence_bits)});
        CHECK(of_another_ledger.branches.empty());
        CHECK(of_another_ledger.foreign == 0);
        const Listed of_a_stranger = listed({.coordinator = *Uuid::from_hex(std::string(32, 'e'))});
        CHECK(of_a_stranger.branches.empty());
        CHECK(of_a_stranger.foreign == 1);
        CHECK(bench.server.query(theirs) == "0");
        CHECK(listed(one).branches == std::vector<Branch>{Bench::branch(1)});
        CHECK(bench.server.query(theirs) == "1");
    }
    CHECK(bench.make("")->abort().ack == Ack::done);
    CHECK(bench.left() == "");
}

TEST_CASE("a user with rights on one database only is enough, with a password from an option file", "[twophase]") {
    Bench bench(MariaServer::Users::accounts);
    bench.server.query(
        "create user ann@localhost identified by 'secret'; grant select, insert, update, delete, execute on shop.* to "
        "ann@localhost; use shop; execute immediate 'create function f(n int) returns int modifies sql data begin "
        "insert into t values (n); return n; end'");
    const std::string file = bench.server.folder() + "/own options.cnf";
    std::ofstream(file) << "[client]\nuser = ann\nsocket = " << bench.server.socket()
                        << "\n[clientshop]\npassword = secret\n";
    const std::string place = "'database=shop' 'defaults-file=" + file + "'",
                      whole = place + " defaults-group-suffix=shop";
    CHECK_THAT(bench.make_at(place, "select 1")->prepare().why, Contains("Access denied for user 'ann'@'localhost'"));
    CHECK(bench.make_at(whole, "select 1")->prepare().vote == Vote::read_only);
    CHECK(bench.make_at(whole, "select f(1)")->prepare().vote == Vote::yes);
    CHECK(bench.make_at(whole, "")->commit("").ack == Ack::done);
    CHECK(bench.rows() == "1");
    const std::string socket = bench.server.folder() + "/relay";
    const Relay relay(bench.server.socket(), socket, {.freeze_at = "XA PREPARE", .hand_on = true});
    until_killed([&] { (void)bench.make_at(whole + " socket='" + socket + "'", "select f(2)", 2)->prepare(); });
    CHECK(bench.make_at(whole, "", 2)->commit("").ack == Ack::done);
    CHECK(bench.rows() == "1,2");
    CHECK(bench.make_at(whole, "", 2)->forget().ack == Ack::done);
}

TEST_CASE("a MariaDB database is named without passwords, and for every shell alike", "[twophase]") {
    const auto place_of = [](const std::string& text) {
        return mysql_kind().parse(text, "/folder").fields.at("place");
    };
    const auto refusal_of = [&](const std::string& text) { return why_of([&] { (void)place_of(text); }, Exit::usage); };
    for (const char* variable : {"MYSQL_HOST", "MYSQL_TCP_PORT", "MYSQL_UNIX_PORT"}) ::unsetenv(variable);
    CHECK(place_of("orders") == "database='orders'");
    CHECK(place_of("orders user=ann port=3307  host=db7") == "database='orders' host='db7' port='3307' user='ann'");
    CHECK(place_of("database='it''s a' socket=s") == "database='it''s a' socket='/folder/s'");
    CHECK(place_of(place_of("database='it''s a' socket=s")) == place_of("database='it''s a' socket=s"));
    CHECK(place_of("a defaults-file=my.cnf") == "database='a' defaults-file='/folder/my.cnf'");
    ::setenv("MYSQL_HOST", "db8", 1);
    ::setenv("MYSQL_TCP_PORT", "77", 1);
    ::setenv("MYSQL_UNIX_PORT", "/run/s", 1);
    ::setenv("MYSQL_PWD", "secret", 1);
    CHECK(place_of("a") == "database='a' host='db8' port='77'");
    CHECK(place_of("a host=localhost") == "database='a' host='localhost' socket='/run/s'");
    CHECK(place_of("a socket=/s") == "database='a' socket='/s'");
    CHECK(place_of("a defaults-group-suffix=_x") == "database='a' defaults-group-suffix='_x'");
    const std::string why = refusal_of("a password=secret");
    CHECK_THAT(why, Contains(".my.cnf"));
    CHECK(why.find("secret") == std::string::npos);
    CHECK_THAT(refusal_of(""), Contains("no database"));
    CHECK_THAT(refusal_of("host=db7"), Contains("no database"));
    CHECK_THAT(refusal_of("a b"), Contains("said twice"));
    CHECK_THAT(refusal_of("a hots=b"), Contains("did you mean 'host'?"));
    CHECK_THAT(refusal_of("a user="), Contains("nothing behind 'user='"));
    CHECK_THAT(refusal_of("'a"), Contains("quote"));
    for (const char* port : {"0", "65536", "-1", "x", "99999999999999999999"})
        CHECK_THAT(refusal_of(std::string("a port=") + port), Contains("not a port"));
    SystemClock clock;
    const auto locks = io::open_root("/");
    const auto without_sql = mysql_kind().make(mysql_kind().parse("orders", "/"), Bench::branch(1),
                                               {.locate = io::locate, .clock = clock, .locks = *locks});
    CHECK_THAT(without_sql->prepare().why, Contains("--sql"));
}

}  // namespace ft::twophase

// Goal: what would end the transaction is found wherever it stands in a script, and nothing else is taken for it.
#include "libcore/twophase/sql_script.h"

#include "tests/catch.h"

namespace ft::twophase {

TEST_CASE("statements are told apart through quotes, comments and bodies", "[twophase]") {
    const auto count = [](std::string_view script) { return statements_of(script).size(); };
    CHECK(count("") == 0);
    CHECK(count(" ; ;; -- nothing\n/* nor /* here */ ; */ ;") == 0);
    CHECK(count("select 1") == 1);
    CHECK(count("select 1; select 2;\n") == 2);
    CHECK(count("insert into t values ('a;b', 'it''s; c', E'\\'; d', \"e;\", $$f;$$, $x$ $$; $x$)") == 1);
    CHECK(count("select a$1$b; select 2") == 2);
    CHECK(count("select $1; select $2") == 2);
    CHECK(count("create rule r as on insert to t do (select 1; select 2); select 3") == 2);
    CHECK(count("create function f() begin atomic select case when true then 1 end; select 2; end; select 3") == 2);
    CHECK(count("select 'never closed ; select 2") == 1);
    CHECK(count("/* never closed ; select 2") == 0);
    CHECK(count("do $body$ begin commit; end $body$; select 1") == 2);
}

TEST_CASE("a statement that would begin or end the transaction is found, with its line", "[twophase]") {
    CHECK(transaction_control_in("select 1;\n\ncommit") == "line 3: COMMIT");
    CHECK(transaction_control_in("/* a\n*/ Start  Transaction read only") == "line 2: START TRANSACTION");
    for (const char* script :
         {"begin", "BEGIN WORK;", "end", "abort;", "rollback", "rollback work", "rollback and chain",
          "rollback prepared 'x'", "commit prepared 'x'", "prepare transaction 'x'", "xa end 'x'", "select ';'; commit",
          "select $$;$$;commit", "select '\\'; commit; --'", "create function f() begin atomic select 1; end; commit"})
        CHECK(transaction_control_in(script) != "");
    for (const char* script :
         {"", "select 'commit'", "-- commit", "/* commit */", "select 1 as commit", "rollback to a",
          "rollback work to savepoint a", "savepoint a; release a", "prepare q as select 1", "start_something()",
          "insert into \"commit\" values (1)", "do $$ begin null; end $$", "select (commit)",
          "create function f() begin atomic select case when true then 1 end; end"})
        CHECK(transaction_control_in(script) == "");
}

TEST_CASE("MariaDB's own quotes, comments and commits are known", "[twophase]") {
    const auto count = [](std::string_view script) { return statements_of(script, Dialect::mariadb).size(); };
    CHECK(count("# nothing; nothing\n-- nor; here\n/* nor /* here; */ ;") == 0);
    CHECK(count("select 1 /* /* ; */; select 2") == 2);
    CHECK(count("insert into `a;b` values ('it\\'s; a', \"it\\\"s; b\", 'c''; d')") == 1);
    CHECK(count("select 5--1; select 6") == 2);
    CHECK(count("select 5 -- 1; select 6") == 1);
    CHECK(count("select $$;$$") == 2);
    CHECK(count("/*!50000 select 1; */ select 2") == 2);
    const auto control = [](std::string_view script) { return transaction_control_in(script, Dialect::mariadb); };
    CHECK(control("select 1;\n/*!40000 ALTER TABLE t DISABLE KEYS */;") == "line 2: ALTER TABLE");
    for (const char* script :
         {"begin", "start transaction", "commit", "rollback", "rollback work", "xa end 'x'", "lock tables t write",
          "create table t (n int)", "create or replace view v as select 1", "drop table t", "truncate t",
          "analyze local table t", "/*M! commit */", "select 'it\\'s'; commit", "select 1 # ;\n; commit",
          "grant select on *.* to u", "flush status", "begin not atomic commit; commit; end"})
        CHECK(control(script) != "");
    for (const char* script :
         {"", "select 'commit'", "-- commit", "# commit", "/* commit */", "rollback to a",
          "rollback work to savepoint a", "create temporary table t (n int)",
          "create or replace temporary table t (n int)", "drop temporary table t", "analyze select 1",
          "load data infile 'x' into table t", "set @a = 1", "begin not atomic set @a = 1; set @b = 2; end",
          "prepare s from 'select 1'", "select 5 --commit", "select \"a\\\"; commit; \""})
        CHECK(control(script) == "");
}

TEST_CASE("what follows the last statement is left out", "[twophase]") {
    const auto left_of = [](std::string_view script) { return up_to_last_statement(script, Dialect::mariadb); };
    CHECK(left_of("") == "");
    CHECK(left_of(" ; -- nothing") == "");
    CHECK(left_of("select 1; -- done\n") == "select 1");
    CHECK(left_of("select 1; select ';' /* open") == "select 1; select ';'");
    CHECK(left_of("/* a */ select 'x' # b") == "/* a */ select 'x'");
    CHECK(left_of("select 'never; ") == "select 'never; ");
}

TEST_CASE("a script that changes rows only is told from others", "[twophase]") {
    for (const char* script : {"insert into t select 1", "SELECT 1; UPDATE t SET a = 1;", "-- a\nDELETE FROM t"})
        CHECK(changes_rows_only(script));
    for (const char* script : {"", "SELECT 1", "UPDATE t SET a = 1; COPY t TO STDOUT", "CALL p()", "CREATE TABLE x()"})
        CHECK_FALSE(changes_rows_only(script));
}

TEST_CASE("what may leave something in its session is told from what cannot", "[twophase]") {
    for (const char* script :
         {"update t set a = a - 1 where id = (select 1 + floor(random() * 9)::int)",
          "INSERT INTO t (a, b) VALUES (1, 'set_config(') ON CONFLICT (a) DO NOTHING",
          "insert into s.\"t u\"(a) values (count /* of */ (1))", "SELECT 1; DELETE FROM t WHERE a IN (1, 2) AND (b)"})
        CHECK_FALSE(may_leave_traces(script));
    for (const char* script :
         {"SELECT set_config('a', 'b', false)", "UPDATE t SET a = pg_advisory_lock (1)", "SELECT pg_catalog.f(1)",
          "SELECT \"floor\"(1)", "SET a = b", "CREATE TEMP TABLE t(a int)", "INSERT INTO t SELECT u.f(1)",
          "insert into t (a) select t (1)", "DELETE FROM t WHERE s.floor(a) = 1", "DO $$ BEGIN END $$"})
        CHECK(may_leave_traces(script));
}

}  // namespace ft::twophase

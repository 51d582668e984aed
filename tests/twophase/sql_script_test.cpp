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

}  // namespace ft::twophase

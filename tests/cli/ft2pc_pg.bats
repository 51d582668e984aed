# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# Databases and files in one transaction: a real PostgreSQL server.

load common
load postgres

setup() {
    start_work
    export FT_2PC=$work/home
    start_postgres
    examples=$BATS_TEST_DIRNAME/../../scripts/examples
    local database
    for database in "$one" "$two"; do
        query "$database" 'CREATE TABLE accounts(id int PRIMARY KEY, balance bigint CHECK (balance >= 0));
                           INSERT INTO accounts VALUES (1, 100), (2, 0)'
    done
    echo 'UPDATE accounts SET balance = balance - 5 WHERE id = 1' >take.sql
    echo 'UPDATE accounts SET balance = balance + 5 WHERE id = 1' >give.sql
    echo old >a
    echo new >a.new
}
teardown() {
    stop_postgres
    end_work
}

balances() { echo "$(query "$one" 'SELECT balance FROM accounts ORDER BY id') $(query "$two" 'SELECT balance FROM accounts ORDER BY id')" | xargs; }
nothing_left() {
    [ -z "$(ft2pc list)" ] && [ "$(query "$one" 'SELECT count(*) FROM pg_prepared_xacts')" = 0 ]
}

@test "two databases and a file change together" {
    ft2pc run -p file:a=a.new -p "pg:$one" --sql take.sql -p "pg:$two" --sql give.sql
    [ "$(balances)" = "95 0 105 0" ]
    [ "$(cat a)" = new ]
    nothing_left
}

@test "a plan names the SQL of each database" {
    cat >plan.toml <<END
participants = [
    "file:a=a.new",
    { is = "pg:$one", sql = "take.sql" },
    { is = "pg:$two", sql = "give.sql" },
]
END
    (cd / && ft2pc run "$work/plan.toml")
    [ "$(balances)" = "95 0 105 0" ]
    nothing_left
}

@test "the SQL is that of the time at which it was added" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" "pg:$one" "pg:$two" --sql take.sql --sql give.sql
    rm take.sql give.sql
    ft2pc prepare "$t"
    [ "$(balances)" = "100 0 100 0" ]
    ft2pc commit "$t"
    [ "$(balances)" = "95 0 105 0" ]
    nothing_left
}

@test "SQL that fails aborts all, and the server's words are told" {
    echo 'UPDATE accounts SET balance = balance - 500' >take.sql
    exits 7 ft2pc run -p file:a=a.new -p "pg:$two" --sql give.sql -p "pg:$one" --sql take.sql 2>"$messages"
    grep -q 'is aborted: pg:.*accounts_balance_check' "$messages"
    [ "$(balances)" = "100 0 100 0" ]
    [ "$(cat a)" = old ]
    nothing_left
}

@test "as many SQL files as databases, no more and no less" {
    exits 2 ft2pc run -p "pg:$one" 2>"$messages"
    grep -q 'no SQL is given: pg:.*--sql FILE' "$messages"
    exits 2 ft2pc run -p "pg:$one" --sql take.sql --sql give.sql 2>"$messages"
    grep -q 'too much SQL is given: 2 files for 1 databases' "$messages"
    exits 2 ft2pc run -p file:a=a.new --sql take.sql 2>"$messages"
}

@test "a server that dies between prepare and commit hears of it when it is back" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new "pg:$one" "pg:$two" --sql take.sql --sql give.sql
    ft2pc prepare "$t"
    postgres_dies
    exits 3 ft2pc commit "$t" --deliver-wait 1s 2>"$messages"
    grep -q "committed, not yet everywhere: pg:.*$pg" "$messages"
    [ "$(cat a)" = new ]
    exits 6 ft2pc recover --deliver-wait 1s >said
    postgres_begins
    [ "$(ft2pc recover)" = "$t committed" ]
    [ "$(balances)" = "95 0 105 0" ]
    nothing_left
}

@test "a server that is not there aborts within seconds, named with its address" {
    postgres_dies
    local from=$SECONDS
    exits 7 ft2pc run -p file:a=a.new -p "pg:$one" --sql take.sql 2>"$messages"
    ((SECONDS - from < 8))
    grep -q "is aborted: pg:.*$pg.*No such file" "$messages"
    [ "$(cat a)" = old ]
    postgres_begins
}

@test "transfer.sh moves money between two databases, or nothing" {
    "$examples/transfer.sh" 30 "$one" 1 "$two" 2
    [ "$(balances)" = "70 0 100 30" ]
    exits 7 "$examples/transfer.sh" 71 "$one" 1 "$two" 2 2>"$messages"
    exits 7 "$examples/transfer.sh" 1 "$one" 1 "$two" 99 2>"$messages"
    grep -q 'there is no account 99' "$messages"
    exits 2 "$examples/transfer.sh" '1; DROP TABLE accounts' "$one" 1 "$two" 2 2>"$messages"
    [ "$(balances)" = "70 0 100 30" ]
    nothing_left
}

@test "deploy.sh puts files and a schema into place together, or nothing" {
    mkdir -p release/files/conf.d site
    echo 'version = 2' >release/files/shop.conf
    echo 'a = b' >'release/files/conf.d/a=b'
    echo 'ALTER TABLE accounts ADD COLUMN owner text' >release/schema.sql
    echo 'version = 1' >site/shop.conf
    printf '#!/bin/sh\nexit 1\n' >release/check
    chmod +x release/check
    exits 7 "$examples/deploy.sh" release site "$one" 2>"$messages"
    [ "$(cat site/shop.conf)" = 'version = 1' ]
    rm release/check
    "$examples/deploy.sh" release site "$one"
    [ "$(cat site/shop.conf 'site/conf.d/a=b')" = $'version = 2\na = b' ]
    query "$one" 'SELECT owner FROM accounts' >said
    # The column is there already: neither goes.
    echo 'version = 3' >release/files/shop.conf
    exits 7 "$examples/deploy.sh" release site "$one" 2>"$messages"
    [ "$(cat site/shop.conf)" = 'version = 2' ]
    exits 2 "$examples/deploy.sh" missing site "$one" 2>"$messages"
    nothing_left
}

# All that was acknowledged in three rounds of four at once, and at most what was in flight besides.
between() { [ "$1" -ge "$2" ] && [ "$1" -le $(($2 + 12)) ]; }

@test "a service that is killed, and a server too, leave money conserved and nothing prepared after recover" {
    local round moved alone
    query "$one" 'INSERT INTO accounts SELECT n, 0 FROM generate_series(3, 600) n; CREATE TABLE alone (n int)'
    query "$two" 'ALTER TABLE accounts DROP CONSTRAINT accounts_balance_check;
                  INSERT INTO accounts SELECT n, 0 FROM generate_series(3, 600) n'
    # Each its own accounts: two that wait for each other in two databases are parted by their time limit only.
    local n
    for ((n = 3; n <= 600; n++)); do
        echo "participants = [{ is = \"pg:$one\", statements = \"UPDATE accounts SET balance = balance + 1 WHERE id = $n\" }," \
            "{ is = \"pg:$two\", statements = \"UPDATE accounts SET balance = balance - 1 WHERE id = $n\" }]"
        echo "participants = [{ is = \"pg:$one\", statements = \"INSERT INTO alone VALUES ($n)\" }]" # nothing is forced
    done >plans
    : >acknowledged
    for round in 1 2 3; do
        mkfifo in
        : >answers
        ft2pc serve --at-once 4 <in >answers &
        service=$!
        { cat plans || true; } >in 2>/dev/null 3>&- &
        until [ "$(grep -c committed answers)" -ge $((10 * round)) ]; do kill -0 $service; done
        ((round != 3)) || postgres_dies
        kill -9 $service
        wait $service || true
        ((round != 3)) || postgres_begins
        rm in
        grep 'committed$' answers >>acknowledged || true
        ft2pc recover
        nothing_left
    done
    moved=$(query "$one" 'SELECT sum(balance) - 100 FROM accounts')
    [ "$(query "$two" 'SELECT sum(balance) FROM accounts')" = $((100 - moved)) ]
    alone=$(query "$one" 'SELECT count(*) FROM alone')
    between "$moved" "$(awk '$1 % 2 == 1' acknowledged | wc -l)"
    between "$alone" "$(awk '$1 % 2 == 0' acknowledged | wc -l)"
}

@test "a session is as new for the next transaction of a service" {
    local at="is = \"pg:$one\""
    ft2pc serve --at-once 1 <<END
participants = [{ $at, statements = "SET search_path = nowhere; UPDATE public.accounts SET balance = 1 WHERE id = 1" }]
participants = [{ $at, statements = "UPDATE accounts SET balance = 2 WHERE set_config('search_path', 'x', false) = '' OR id = 1" }]
participants = [{ $at, statements = "UPDATE accounts SET balance = 2 WHERE id = 1" }]
END
    [ "$(query "$one" 'SELECT balance FROM accounts WHERE id = 1')" = 2 ]
}

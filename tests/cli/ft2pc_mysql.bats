# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# Databases of MariaDB and files in one transaction: a real server.

load common
load mariadb

setup() {
    start_work
    export FT_2PC=$work/home
    start_mariadb
    local database
    for database in red blue; do
        maria_query "CREATE TABLE $database.accounts(id int PRIMARY KEY, balance bigint CHECK (balance >= 0)) ENGINE=InnoDB;
                     INSERT INTO $database.accounts VALUES (1, 100)"
    done
    echo 'UPDATE accounts SET balance = balance - 5 WHERE id = 1' >take.sql
    echo 'UPDATE accounts SET balance = balance + 5 WHERE id = 1' >give.sql
    echo old >a
    echo new >a.new
}
teardown() {
    stop_mariadb
    end_work
}

balances() { maria_query 'SELECT balance FROM red.accounts; SELECT balance FROM blue.accounts' | xargs; }
nothing_left() {
    [ -z "$(ft2pc list)" ] &&
        [ -z "$(maria_query 'XA RECOVER; SELECT * FROM red.ft2pc_witness; SELECT * FROM blue.ft2pc_witness')" ]
}

@test "two databases of MariaDB and a file change together" {
    ft2pc run -p file:a=a.new -p "mysql:$red" --sql take.sql -p "mysql:$blue" --sql give.sql
    [ "$(balances)" = "95 105" ]
    [ "$(cat a)" = new ]
    nothing_left
}

@test "a transaction over MariaDB is prepared by one command and committed by another" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" "mysql:$red" "mysql:$blue" --sql take.sql --sql give.sql
    rm take.sql give.sql
    ft2pc prepare "$t"
    [ "$(maria_query 'XA RECOVER' | grep -c "$t")" = 2 ]
    [ "$(balances)" = "100 100" ]
    ft2pc commit "$t"
    [ "$(balances)" = "95 105" ]
    nothing_left
}

@test "SQL that MariaDB refuses, or would commit at once, aborts all" {
    echo 'UPDATE accounts SET balance = balance - 500' >take.sql
    exits 7 ft2pc run -p file:a=a.new -p "mysql:$blue" --sql give.sql -p "mysql:$red" --sql take.sql 2>"$messages"
    grep -q 'is aborted: mysql:red.*CONSTRAINT.*failed' "$messages"
    echo 'UPDATE accounts SET balance = 0; CREATE TABLE x (n int)' >take.sql
    exits 7 ft2pc run -p "mysql:$blue" --sql give.sql -p "mysql:$red" --sql take.sql 2>"$messages"
    grep -q 'is aborted: mysql:red.*line 1: CREATE TABLE' "$messages"
    [ "$(balances)" = "100 100" ]
    [ "$(cat a)" = old ]
    nothing_left
}

@test "a missing table of witnesses is refused with the statement that makes it" {
    maria_query 'DROP TABLE red.ft2pc_witness'
    exits 7 ft2pc run -p "mysql:$red" --sql take.sql 2>"$messages"
    maria_query "$(grep -o 'CREATE TABLE.*InnoDB' "$messages")"
    ft2pc run -p "mysql:$red" --sql take.sql
    [ "$(balances)" = "95 100" ]
    nothing_left
}

@test "a MariaDB server that dies between prepare and commit hears of it when it is back" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new "mysql:$red" "mysql:$blue" --sql take.sql --sql give.sql
    ft2pc prepare "$t"
    mariadb_dies
    exits 3 ft2pc commit "$t" --deliver-wait 1s 2>"$messages"
    grep -q "committed, not yet everywhere: mysql:.*$maria" "$messages"
    [ "$(cat a)" = new ]
    exits 6 ft2pc recover --deliver-wait 1s >said
    mariadb_begins
    [ "$(ft2pc recover)" = "$t committed" ]
    [ "$(balances)" = "95 105" ]
    nothing_left
}

@test "a MariaDB server that is not there aborts within seconds, named with its address" {
    mariadb_dies
    local from=$SECONDS
    exits 7 ft2pc run -p file:a=a.new -p "mysql:$red" --sql take.sql 2>"$messages"
    ((SECONDS - from < 8))
    grep -q "is aborted: mysql:.*$maria/socket.*No such file\|is aborted: mysql:.*$maria/socket.*refused" "$messages"
    [ "$(cat a)" = old ]
    mariadb_begins
}

@test "a session of MariaDB is as new for the next transaction of a service" {
    local at="is = \"mysql:$red\""
    ft2pc serve --at-once 1 >answers <<END
participants = [{ $at, statements = "USE blue; SET autocommit = 0; SET @a = 5; UPDATE accounts SET balance = 1" }]
participants = [{ $at, statements = "UPDATE accounts SET balance = COALESCE(@a, 2)" }]
participants = [{ $at, statements = "SELECT * FROM accounts" }]
participants = [{ $at, statements = "UPDATE accounts SET balance = balance + 1" }]
END
    [ "$(grep -c committed answers)" = 4 ]
    [ "$(balances)" = "3 1" ]
    nothing_left
}

@test "a service that is killed, and MariaDB too, leave money conserved and nothing prepared after recover" {
    local round moved n
    maria_query 'ALTER TABLE blue.accounts DROP CONSTRAINT IF EXISTS balance, MODIFY balance bigint;
                 INSERT INTO red.accounts SELECT seq, 0 FROM seq_3_to_400;
                 INSERT INTO blue.accounts SELECT seq, 0 FROM seq_3_to_400' || return
    for ((n = 3; n <= 400; n++)); do
        echo "participants = [{ is = \"mysql:$red\", statements = \"UPDATE accounts SET balance = balance + 1 WHERE id = $n\" }," \
            "{ is = \"mysql:$blue\", statements = \"UPDATE accounts SET balance = balance - 1 WHERE id = $n\" }]"
    done >plans
    : >acknowledged
    for round in 1 2 3; do
        mkfifo in
        : >answers
        ft2pc serve --at-once 4 <in >answers &
        service=$!
        { cat plans || true; } >in 2>/dev/null 3>&- &
        until [ "$(grep -c committed answers)" -ge $((10 * round)) ]; do kill -0 $service; done
        ((round != 3)) || mariadb_dies
        kill -9 $service
        wait $service || true
        ((round != 3)) || mariadb_begins
        rm in
        grep 'committed$' answers >>acknowledged || true
        ft2pc recover
        nothing_left
    done
    moved=$(maria_query 'SELECT sum(balance) - 100 FROM red.accounts')
    [ "$(maria_query 'SELECT sum(balance) FROM blue.accounts')" = $((100 - moved)) ]
    [ "$moved" -ge "$(wc -l <acknowledged)" ]
    [ "$moved" -le $(($(wc -l <acknowledged) + 12)) ]
}

# shellcheck shell=bash disable=SC2154  # work comes from common.bash
# A PostgreSQL server of this test alone, on a socket in a folder of its own: databases one and two.

start_postgres() {
    local programs
    programs=$(pg_config --bindir)
    pg=$(mktemp -d "${TMPDIR:-/tmp}/ft-pg.XXXXXX")
    as_owner=()
    if ((EUID == 0)); then # it refuses to run as root
        chown postgres "$pg"
        as_owner=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    fi
    (
        cd "$pg" || exit
        "${as_owner[@]}" "$programs/initdb" -D "$pg/data" --auth=trust -U postgres --no-sync -E UTF8 --locale=C >"$work/pg_log"
    ) || return
    cat >>"$pg/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$pg'
max_prepared_transactions = 20
fsync = off
END
    postgres_begins
    psql -Xqh "$pg" -U postgres -c 'CREATE DATABASE one' -c 'CREATE DATABASE two'
    one="host=$pg user=postgres dbname=one"
    two="host=$pg user=postgres dbname=two"
}

# It ends with this test, even where that is killed.
postgres_begins() {
    local programs
    programs=$(pg_config --bindir)
    (
        cd "$pg" || exit
        exec setpriv --pdeathsig QUIT "${as_owner[@]}" "$programs/postgres" -D "$pg/data" >>"$work/pg_log" 2>&1 3>&-
    ) &
    postgres=$!
    until "$programs/pg_isready" -qh "$pg"; do kill -0 $postgres || { cat "$work/pg_log" >&2; return 1; }; done
}

# As when its host loses power.
postgres_dies() {
    kill -QUIT "$postgres"
    wait "$postgres" || true
}

stop_postgres() {
    [[ -n ${pg-} ]] || return 0
    postgres_dies
    rm -rf "$pg"
}

# query DATABASE SQL
query() { psql -XqAt "$1" -c "$2"; }

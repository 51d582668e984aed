# shellcheck shell=bash disable=SC2154  # work comes from common.bash
# A MariaDB server of this test alone, on a socket in a folder of its own, for whoever comes: databases red and blue.

start_mariadb() {
    PATH=$PATH:/usr/sbin # where Debian has the server, and a plain user's shell does not look
    maria=$(mktemp -d "${TMPDIR:-/tmp}/ft-maria.XXXXXX")
    as_mysql=()
    if ((EUID == 0)); then # it refuses to run as root
        chown mysql "$maria"
        as_mysql=(--reuid=mysql --regid=mysql --clear-groups)
    fi
    setpriv "${as_mysql[@]}" mkdir -p "$maria/data/mysql"
    mariadb_begins
    local database
    for database in red blue; do
        mariadb --no-defaults -uroot -S "$maria/socket" -e "CREATE DATABASE $database;
            CREATE TABLE $database.ft2pc_witness (branch VARCHAR(64) CHARACTER SET ascii PRIMARY KEY) ENGINE=InnoDB"
    done
    red="red socket=$maria/socket user=root"
    blue="blue socket=$maria/socket user=root"
}

# It ends with this test, even where that is killed.
mariadb_begins() {
    (
        cd "$maria" || exit
        exec setpriv --pdeathsig KILL "${as_mysql[@]}" mariadbd --no-defaults --datadir="$maria/data" --tmpdir="$maria" \
            --socket="$maria/socket" --pid-file="$maria/pid" --skip-networking --skip-grant-tables \
            --innodb-flush-method=nosync --innodb-log-file-size=8M --innodb-buffer-pool-size=16M \
            --aria-log-file-size=8M >>"$work/maria_log" 2>&1 3>&-
    ) &
    mariadbd=$!
    until mariadb-admin --no-defaults --silent -uroot -S "$maria/socket" ping >/dev/null 2>&1; do
        kill -0 $mariadbd || { cat "$work/maria_log" >&2; return 1; }
    done
}

# As when its host loses power.
mariadb_dies() {
    kill -KILL "$mariadbd"
    wait "$mariadbd" || true
}

stop_mariadb() {
    [[ -n ${maria-} ]] || return 0
    mariadb_dies
    rm -rf "$maria"
}

maria_query() { mariadb --no-defaults -uroot -S "$maria/socket" -BN -e "USE red; $1"; }

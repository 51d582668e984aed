#!/bin/bash
# Moves an amount from an account in one PostgreSQL database to an account in another: in both, or in neither.
#
#   transfer.sh 25 service=here 4711 service=there 4712
#
#   transfer.sh AMOUNT FROM-DATABASE ACCOUNT TO-DATABASE ACCOUNT    exit code 7: nothing moved, and why
#
# Both have a table accounts(id, balance), with a CHECK that keeps a balance from falling below 0. A database is named as
# for psql; a password comes from ~/.pgpass.
set -uo pipefail

if (($# != 5)) || [[ $1$3$5 == *[!0-9]* ]]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
amount=$1 from=$2 giver=$3 to=$4 taker=$5

# One account, or an error: an UPDATE of no row would be money lost.
step() {
    cat <<SQL
DO \$\$ BEGIN
    UPDATE accounts SET balance = balance + ($1) WHERE id = $2;
    IF NOT FOUND THEN RAISE EXCEPTION 'there is no account $2'; END IF;
END \$\$;
SQL
}

exec ft2pc run -p "pg:$from" --sql <(step "-$amount" "$giver") -p "pg:$to" --sql <(step "$amount" "$taker")

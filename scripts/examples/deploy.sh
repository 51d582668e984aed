#!/bin/bash
# Puts the files of a release, and the schema that they need, into place together: all of it or nothing.
#
#   deploy.sh releases/42 /etc/shop service=shop
#
#   deploy.sh RELEASE FOLDER DATABASE    exit code 7: nothing changed, and why
#
# RELEASE holds files/ (what is to be in FOLDER), schema.sql (for the PostgreSQL database, named as for psql) and perhaps
# check, a program that is run first and can refuse.
set -uo pipefail

if (($# != 3)) || [[ ! -d $1/files ]]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
release=$1 folder=$2 database=$3

words=()
while IFS= read -r -d '' file; do
    mkdir -p -- "$folder/$(dirname -- "$file")" || exit 1
    words+=(-p "file:${folder//=/\\=}/${file//=/\\=}=$release/files/$file")
done < <(cd -- "$release/files" && find . -type f -printf '%P\0' | sort -z)

command=()
if [[ -x $release/check ]]; then command=(-- "$release/check"); fi

exec ft2pc run "${words[@]}" -p "pg:$database" --sql "$release/schema.sql" "${command[@]}"

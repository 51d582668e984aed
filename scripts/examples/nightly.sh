#!/bin/bash
# From cron: a checkpoint, the next number of a counter and the files that go with them appear together, or not at all.
#
#   0 3 * * *   nightly.sh app /srv/app nights /srv/report.new /srv/www
#
#   nightly.sh NAME STATE COUNTER FROM TO    exit code 7: nothing has changed, and why
#
# STATE becomes a checkpoint of NAME, COUNTER goes up by one, and each file in FROM replaces the one of its name in TO.
# What a crash in an earlier night has left is settled first.
set -uo pipefail

if (($# != 5)) || [[ ! -d $4 ]]; then
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
name=$1 state=$2 counter=$3 from=$4 to=$5

ft2pc recover >&2 || exit

words=(-p "ckpt:$name=$state" -p "counter:$counter+1")
for file in "$from"/*; do
    [[ -f $file ]] || continue
    base=$(basename -- "$file")
    words+=(-p "file:${to//=/\\=}/${base//=/\\=}=$file")
done

exec ft2pc run "${words[@]}"

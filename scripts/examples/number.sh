#!/bin/bash
# Runs a job under a number that no other run has, however many cron starts at once; once made again, a run keeps its number.
#
#   ftcounter create reports            once, by hand: a counter made anew would give the same numbers again
#   0 * * * *  /usr/local/lib/ft/number.sh reports "$(date +\%FT\%H)" make-report
#
#   number.sh COUNTER RUN COMMAND...    COMMAND finds its number in $NUMBER; RUN names the run, for when it is made again
set -uo pipefail

if (($# < 3)); then
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
counter=$1 run=$2
shift 2

# 6: nobody can tell whether it was taken; the same key again tells.
for _ in 1 2 3; do
    NUMBER=$(ftcounter next "$counter" --key "$run") && break
    code=$?
    ((code == 6)) || exit "$code"
done
[[ -n $NUMBER ]] || exit 6
export NUMBER
exec "$@"

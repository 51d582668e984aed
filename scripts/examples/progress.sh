#!/bin/bash
# Works through the lines of a file, and after kill -9 or a loss of power goes on where it was.
#
#   ftcounter create letters                               once for each FILE
#   progress.sh letters addresses print-letters >log       again and again, until it has ended
#
#   progress.sh COUNTER FILE COMMAND...
#
# COMMAND reads the lines, and prints one for each that is done (stdbuf -oL helps some to do so at once). What is counted
# is done: no line is left out. What was done in the second before a kill is done again.
set -uo pipefail

if (($# < 3)); then
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
counter=$1 file=$2
shift 2

# Each part of the pipeline keeps the lock: what a killed script leaves behind ends before the next one looks.
exec 9<"$file" || exit 1
flock 9

done=$(ftcounter get "$counter") || exit
tail -n +"$((done + 1))" -- "$file" | "$@" | ftcounter tee "$counter" --every 1s

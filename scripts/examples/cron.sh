#!/bin/bash
# Saves directories from cron, keeps a history of them, and says something only when something is wrong (cron mails it).
#
#   */15 * * * *  /usr/local/lib/ft/cron.sh app /srv/app
#
#   cron.sh NAME PATH...    KEEP='--keep-within 2d --keep-daily 14' in the environment says what is kept
set -uo pipefail

if (($# < 2)); then
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
name=$1
shift
read -ra keep <<<"${KEEP:---keep-within 2d --keep-daily 14 --keep-weekly 8}"

# The run before may still be at it: two at once would be right, but not faster.
exec 9<"$1" || exit 1
flock -n 9 || exit 0

ftckpt save -q "$name" "$@" 9<&-
saved=$?
# 3: the checkpoint is there, but something was skipped or changing, and has been named on stderr.
((saved == 0 || saved == 3)) || exit "$saved"

ftckpt prune -q "$name" "${keep[@]}" --lock-wait 5m 9<&- || exit
exit "$saved"

#!/bin/bash
# Does something only as often as a quota allows, which any number of workers share, on one host or on several.
#
#   ftcounter create mails --max 500                           once; 'ftcounter remove mails 100' gives some back
#   xargs -a addresses -P 8 -I% quota.sh mails % send-mail %
#
#   quota.sh COUNTER KEY COMMAND...    exit code 7: the quota is used up, and COMMAND was not started
#
# A worker that was killed is started again with the same KEY, and goes on with the place that it had taken.
set -uo pipefail

if (($# < 3)); then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
counter=$1 key=$2
shift 2

ftcounter add "$counter" --key "$key" -q || exit
exec "$@"

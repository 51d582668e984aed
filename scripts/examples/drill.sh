#!/bin/bash
# A crash-and-restore drill: a job is killed with SIGKILL at random times, its last checkpoint is restored, checked, and the
# job goes on from there. Says how often that worked, and how long it took.
#
#   drill.sh [-n KILLS] [-t SECONDS] [-r SEED] [JOB [CHECK]]
#
# JOB     a shell command that does one step on the state in the directory $STATE; after each step the state is saved
# CHECK   a shell command that succeeds if the state in $STATE is sound
#
# -n  how many times (20)     -t  a kill comes within so many seconds (0.5)     -r  repeats the times of another run
#
# A kill is survived if the restored checkpoint is not older than the last one that ftckpt acknowledged, CHECK succeeds on it,
# and JOB does its next step: T_resume lasts until then. Exit code 0: all were survived.
set -uo pipefail

kills=20 longest=0.5 seed=$RANDOM
usage() { sed -n '2,14s/^# \{0,1\}//p' "$0" >&2; exit 2; }
while getopts n:t:r: flag; do
    case $flag in
        n) kills=$OPTARG ;;
        t) longest=$OPTARG ;;
        r) seed=$OPTARG ;;
        *) usage ;;
    esac
done
shift $((OPTIND - 1))
(($# <= 2)) || usage
[[ $kills =~ ^[1-9][0-9]*$ && $longest =~ ^[0-9]*[.]?[0-9]+$ && $seed =~ ^[0-9]+$ ]] || usage

# The default job keeps two files that must agree, and some data with its checksum: a kill between them is a torn state.
# shellcheck disable=SC2016  # the shell that runs the job expands it
default_job='n=$(($(cat "$STATE/count" 2>/dev/null || echo 0) + 1))
    echo $n >"$STATE/count"
    head -c 200000 /dev/urandom >"$STATE/data-$((n % 20))"
    (cd "$STATE" && sha256sum data-* >sums)
    echo $((n * (n + 1) / 2)) >"$STATE/sum"'
# shellcheck disable=SC2016
default_check='n=$(cat "$STATE/count") && [ "$(cat "$STATE/sum")" = $((n * (n + 1) / 2)) ] &&
    (cd "$STATE" && sha256sum --quiet -c sums)'
job=${1-$default_job}
check=${2-$([[ $# = 0 ]] && echo "$default_check" || echo true)}

work=$(mktemp -d)
export STATE=$work/state FT_STORE=$work/store
mkdir "$STATE"
RANDOM=$seed

# Steps and saves for ever; what ftckpt acknowledged is kept outside of the state.
run_job() {
    # shellcheck disable=SC2016
    setsid bash -c 'while eval "$1" && seq=$(ftckpt save drill "$STATE"); do echo "${seq#*@}" >>"$2"; done' \
        drill "$job" "$work/acknowledged" >>"$work/job.log" 2>&1 &
}

kill_at_random() {
    run_job
    local pid=$! chance=$RANDOM
    sleep "$(awk -v r="$chance" -v longest="$longest" 'BEGIN { print r / 32768 * longest }')"
    # By its group; by its own number where it has not become a group of its own yet.
    kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    if (($? != 137)); then
        echo "drill.sh: the job ended by itself; $work/job.log says why" >&2
        return 1
    fi
}

# Restores in the place of the state, checks it, and does the next step. The figures go to $work/times.
recover() {
    local answer restored last
    answer=$(ftrestore drill "$STATE" --replace --json -- bash -c "exec >&2; $check
        [ \$? = 0 ] && { $job
        }" 2>>"$work/job.log") || return
    restored=$(sed -n 's/.*"type":"summary".*"sequence":\([0-9]*\).*/\1/p' <<<"$answer")
    last=$(tail -n 1 "$work/acknowledged")
    ((restored >= last)) || { echo "drill.sh: drill@$last was acknowledged, but is not there" >&2; return 1; }
    sed -n 's/.*"T_load":\([^,}]*\).*"T_resume":\([^,}]*\).*/\1 \2/p' <<<"$answer" >>"$work/times"
}

# percentiles COLUMN: p50, p95 and the greatest, by nearest rank, in milliseconds.
percentiles() {
    awk -v c="$1" '{ print $c * 1000 }' "$work/times" | sort -n | awk '
        { v[NR] = $1 }
        function rank(p) { r = int(NR * p); return v[r < NR * p ? r + 1 : r] }
        END { if (NR) printf "p50 %.0f ms  p95 %.0f ms  max %.0f ms\n", rank(0.5), rank(0.95), v[NR] }'
}

# Wilson 1927: the 95 % interval of a proportion, sound also where all or none survived.
report() {
    awk -v n="$kills" -v k="$survived" 'BEGIN {
        z = 1.959964; p = k / n; d = 1 + z * z / n
        middle = (p + z * z / (2 * n)) / d
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d
        printf "%d of %d kills survived: %.1f %% (95 %% interval %.1f %% to %.1f %%)\n",
            k, n, 100 * p, 100 * (middle - half), 100 * (middle + half) }'
    echo "T_load    $(percentiles 1)"
    echo "T_resume  $(percentiles 2)"
}

# The first checkpoint, before anything is killed.
if ! { bash -c "$job" && ftckpt save -q drill "$STATE"; }; then
    echo "drill.sh: the job's first step failed" >&2
    rm -rf "$work"
    exit 1
fi
echo 1 >"$work/acknowledged"
: >"$work/times"
survived=0
for ((i = 1; i <= kills; i++)); do
    kill_at_random || break
    recover && survived=$((survived + 1))
done
report
if ((survived == kills)); then
    rm -rf "$work"
else
    echo "drill.sh: what is left to look at is in $work (seed $seed)" >&2
    exit 1
fi

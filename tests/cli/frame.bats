# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# Goal: what all commands share: help, JSON, quiet, a stdout that is full or gone, signals.

load common

setup() {
    start_work
    export FT_2PC=$work/home
    make_state
    ftckpt save job state >/dev/null
    ftckpt save job state >/dev/null
}
teardown() { end_work; }

commands=(save list show diff ls cat rm pin unpin verify prune repair status)

@test "every help is at most 80 columns wide, opens with an example, and names every shared flag" {
    ftckpt --help >help
    for command in "${commands[@]}"; do
        grep -q "^  $command " help
        ftckpt "$command" --help | tee "help.$command" | head -1 | grep -q "^Example: ftckpt $command"
        for flag in --store --quiet --verbose --json --progress --lock-wait; do grep -q -- "$flag" "help.$command"; done
    done
    for command in '' begin add prepare commit abort run recover list show resolve forget; do
        # shellcheck disable=SC2086  # no command is no word
        ft2pc $command --help >"help.2pc.$command"
        [[ -z $command ]] || for flag in --dir --quiet --verbose --json --progress --lock-wait; do
            grep -q -- "$flag" "help.2pc.$command"
        done
    done
    ftrestore --help >help.restore
    for file in help help.*; do
        [ "$(wc -L <"$file")" -le 80 ]
        head -1 "$file" | grep -Eq '^Example: (T=.\()?ft'
    done
}

@test "the example that opens each help works" {
    echo note >state/notes.txt
    ftckpt save job state >/dev/null
    for _ in 4 5 6 7; do exits 0 ftckpt save job state >/dev/null; done
    for command in save list show diff ls cat pin unpin verify prune repair status rm; do
        [[ $command != rm ]] || ftckpt unpin job@7
        example=$(ftckpt "$command" --help | head -1)
        exits 0 bash -c "${example#Example: }"
    done
    exits 0 bash -c "$(ftckpt --help | sed -n '1s/Example: //p')"
    exits 0 bash -c "$(ftrestore --help | sed -n '1s/Example: //p')"
}

@test "the example that opens each help of ft2pc works" {
    cd state
    echo old >app.conf
    cp app.conf old.conf
    echo '#!/bin/sh' >look
    chmod +x look
    cp one app.conf.new
    T=none
    for command in '' add prepare begin add commit begin add abort recover list run begin show; do
        # shellcheck disable=SC2086  # no command is no word
        example=$(ft2pc $command --help | head -1)
        eval "${example#Example: }" # T stays
    done
    [ "$(cat app.conf)" = one ]
    [ ! -e old.conf ]
    ft2pc add "$T" file:look=
    ft2pc prepare "$T"
    eval "$(ft2pc resolve --help | sed -n '1s/Example: //p')"
    T=$(ft2pc begin)
    ft2pc add "$T" file:app.conf= && ft2pc prepare "$T"
    echo stranger >app.conf
    exits 4 ft2pc commit "$T"
    eval "$(ft2pc forget --help | sed -n '1s/Example: //p')"
    [ -z "$(ft2pc list)" ]
}

@test "help is also asked for in other ways" {
    diff <(ftckpt save --help) <(ftckpt help save)
    diff <(ftckpt --help) <(ftckpt -h)
    diff <(ftckpt save --help) <(ftckpt save job state -h)
    [[ $(ftckpt --version) =~ ^ftckpt\ [0-9]+\.[0-9]+ ]]
    [[ $(ftrestore --version) =~ ^ftrestore\ [0-9]+\.[0-9]+ ]]
}

# json CODE COMMAND...: every line is an object with v and tool, the last one, and only that, is a summary or an error.
json() {
    local code=$1
    shift
    exits "$code" "$@" --json >lines 2>"$messages"
    jq -es --arg tool "${1##*/}" 'all(.v == 1 and .tool == $tool) and (.[-1].type | . == "summary" or . == "error")
        and all(.[:-1][]; .type == "item" or .type == "progress")' lines >/dev/null
}

@test "with --json every command answers in JSON, and so does every failure" {
    json 0 ftckpt save job state
    json 0 ftckpt list
    json 0 ftckpt list --names
    json 0 ftckpt show job
    json 0 ftckpt diff job@1 job@2
    json 0 ftckpt ls job
    json 0 ftckpt pin job@1
    json 0 ftckpt unpin job@1
    json 0 ftckpt rm job@1
    json 0 ftckpt verify
    json 0 ftckpt prune --keep 1
    json 0 ftckpt repair
    json 0 ftckpt status --max-age 1h
    json 0 ftrestore job out
    json 0 ftrestore job --dry-run other
    json 2 ftckpt list --bogus
    jq -e '.exit == 2 and (.message | contains("--bogus"))' lines
    json 2 ftckpt bogus
    json 7 ftckpt show nobody
    jq -e '.exit == 7 and (.what | contains("nobody")) and (.todo | contains("ftckpt list"))' lines
    json 1 ftckpt save job missing
    [ ! -s "$messages" ]
}

@test "data on stdout and JSON do not mix" {
    echo data | ftckpt save stream - -q
    ftrestore stream - --json 2>lines | cmp - <(echo data)
    jq -e '.type == "summary" and .checkpoint == "stream@1"' lines
    ftckpt cat stream --json 2>lines | cmp - <(echo data)
    jq -e '.type == "summary" and .bytes == 5' lines
    exits 7 ftckpt cat job missing --json 2>lines >out
    [ ! -s out ]
    jq -e '.type == "error"' lines
}

@test "names that are not UTF-8 are exact in JSON and on a pipe, and harmless in messages" {
    touch state/$'caf\xe9' state/$'new\nline'
    ftckpt save job state -q
    ftckpt ls job --json | jq -r 'select(.path_base64 != null).path_base64' | base64 -d | cmp - <(printf 'caf\xe9')
    ftckpt ls job -0 | tr '\n\0' '+\n' | grep -qx new+line
    ftckpt ls job | LC_ALL=C grep -qxF $'caf\xe9'
    chmod 700 state
    exits 7 ftckpt cat job $'\e[31mred' 2>"$messages"
    LC_ALL=C fails grep -q $'\e' "$messages"
}

@test "quiet commands print nothing where the exit code says it" {
    for command in "save job state" "list" "show job" "ls job" "verify" "prune --keep 1" "repair" "status"; do
        # shellcheck disable=SC2086  # words of a command
        [ -z "$(ftckpt $command -q 2>&1)" ]
    done
    [ -z "$(ftrestore job out -q 2>&1)" ]
}

@test "without a terminal nothing is said but the answer" {
    [ "$(ftckpt save job state 2>&1)" = job@3 ]
    [ "$(ftrestore job out 2>&1)" = job@3 ]
    [ -z "$(ftckpt verify 2>&1)" ]
}

@test "on a terminal there is one line of summary, and no colour is ever needed" {
    script -qec "ftckpt save job state" /dev/null </dev/null | tr -d '\r' >shown
    grep -q '^2 files, 8 bytes: ' shown
    grep -qx job@3 shown
    fails grep -q $'\e\\[[0-9]*m' shown
}

@test "an answer that cannot be written is a failure" {
    for command in "list" "show job" "ls job" "ls job --json" "cat job one" "status" "--help" "completion bash"; do
        # shellcheck disable=SC2086
        exits 1 ftckpt $command >/dev/full 2>"$messages"
        grep -q 'stdout: No space left on device' "$messages"
    done
    echo data | ftckpt save stream - -q
    exits 1 ftrestore stream - >/dev/full 2>"$messages"
    exits 1 ftckpt list >&- 2>"$messages"
}

@test "work that is done is done, also where its answer cannot be written" {
    exits 3 ftckpt save job state >/dev/full 2>"$messages"
    grep -q 'saved job@3, but cannot write the answer' "$messages"
    exits 3 ftrestore job out >/dev/full 2>"$messages"
    grep -q 'restored job@3 to out' "$messages"
    diff -r state out
    [ "$(ftckpt list job | wc -l)" = 3 ]
}

@test "a reader that goes away ends the program quietly" {
    head -c 3000000 /dev/urandom | ftckpt save stream - -q
    for command in "ftrestore stream -" "ftckpt cat stream"; do
        run bash -o pipefail -c "$command 2>messages | head -c 1 | wc -c"
        [ "$status" = 141 ]
        [ "$output" = 1 ]
        [ ! -s messages ]
    done
}

@test "a save that is asked to stop leaves the old state and dies by the signal" {
    for signal in INT TERM HUP; do
        mkfifo pipe
        # A shell without job control starts what runs beside it with SIGINT ignored.
        env --default-signal ftckpt save job - <pipe 2>messages &
        exec 9>pipe
        head -c 20000000 /dev/zero >&9 # it is reading: the pipe takes no more than it reads
        kill -$signal $!
        code=0
        wait $! || code=$?
        exec 9>&-
        [ "$code" = $((128 + $(kill -l $signal))) ]
        grep -qx "ftckpt: stopped by SIG$signal" messages
        [ "$(ftckpt list --names | tail -1)" = job@2 ]
        rm pipe
    done
    [ -z "$(ls store/tmp)" ]
    exits 0 ftckpt verify
}

@test "a command that waits for another one goes on when that has ended" {
    : >store/maintain
    mkfifo ready finish
    flock store/maintain bash -c 'echo >ready; read -r _ <finish' &
    read -r _ <ready
    exits 5 ftckpt prune --keep 1 2>"$messages"
    ftckpt prune --keep 1 --lock-wait 30s -q &
    waiting=$!
    echo >finish
    wait $waiting
    [ "$(ftckpt list | wc -l)" = 1 ]
}

@test "with --json every command of ft2pc answers in JSON, and so does every failure" {
    json 0 ft2pc begin
    local t
    t=$(jq -r .transaction lines)
    json 0 ft2pc add "$t" file:state/one=state/logs/two
    json 0 ft2pc list
    json 0 ft2pc show "$t"
    json 0 ft2pc prepare "$t"
    jq -e '.outcome == "prepared" and .participants[0].standing == "yes" and .execute_s > 0' lines
    json 0 ft2pc commit "$t"
    jq -e '.outcome == "committed" and .complete' lines
    json 7 ft2pc commit "$t"
    jq -e '.exit == 7 and (.todo | contains("ft2pc list"))' lines
    json 0 ft2pc run -p file:state/one=
    json 7 ft2pc run -p file:state/one=
    json 0 ft2pc recover
    json 2 ft2pc run -p fiel:a=b
    json 2 ft2pc bogus
    t=$(ft2pc begin)
    json 0 ft2pc abort "$t"
    jq -e '.outcome == "aborted"' lines
    [ ! -s "$messages" ]
}

@test "a transaction is done, also where its answer cannot be written" {
    exits 3 ft2pc run -p file:state/one=state/logs/two --json >/dev/full 2>"$messages"
    grep -q 'committed, but cannot write the answer' "$messages"
    diff state/one state/logs/two
    exits 3 ft2pc begin >/dev/full 2>"$messages"
    exits 1 ft2pc list >/dev/full 2>"$messages"
    ft2pc abort "$(ft2pc list --names)"
}

# Files by which programs tell each other that they use the store.
users() { find store/guards -type f | wc -l; }

@test "no command leaves a trace of its use of the store, done, failed or stopped" {
    for command in "save job state" "diff job@1 job@2" "ls job" "cat job one" "verify" "prune --keep 2" "repair" "status"; do
        # shellcheck disable=SC2086  # words of a command
        exits 0 ftckpt $command >said
        [ "$(users)" = 0 ]
    done
    exits 0 ftrestore job out -q
    exits 1 ftrestore job out 2>"$messages"
    exits 7 ftckpt cat job missing 2>"$messages"
    FT_FAULTS='write@1=EIO' exits 1 ftckpt save job state --full 2>"$messages"
    [ "$(users)" = 0 ]
    FT_FAULTS='publish@1=kill' exits 137 ftckpt save job state --full
    [ "$(users)" = 1 ]
    exits 0 ftckpt verify
    [ "$(users)" = 0 ]
}

@test "a job that was restored and started again holds nothing of the store" {
    ftrestore job out -q -- find store/guards -type f >held
    [ ! -s held ]
}

@test "the default store is where the XDG folders are" {
    unset FT_STORE
    XDG_STATE_HOME=$work/xdg ftckpt save job state
    [ -e xdg/ft/store/format ]
    HOME=$work/home ftckpt save job state
    [ -e home/.local/state/ft/store/format ]
    [ "$(stat -c %a home/.local/state/ft/store)" = 700 ]
    FT_STORE=$work/xdg/ft/store exits 7 ftckpt show other
    exits 0 ftckpt list --store xdg/ft/store
}

# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# Goal: what all commands share, for those of ftcounter: help, JSON, quiet, a stdout that is full, gone or not read, signals.

load common

setup() {
    start_work
    export FT_COUNTERS=$work/counters
    ftcounter create jobs
}
teardown() { end_work; }

commands=(create add remove get next replicate demote repair status list rm pipe tee watch wait agent)

@test "every help of ftcounter is at most 80 columns wide, opens with an example, and names every shared flag" {
    ftcounter --help >help
    for command in "${commands[@]}"; do
        grep -q "^  $command " help
        ftcounter "$command" --help >"help.$command"
        diff "help.$command" <(ftcounter help "$command")
        for flag in --quiet --verbose --json --progress --lock-wait; do grep -q -- "$flag" "help.$command"; done
    done
    for file in help help.*; do
        [ "$(wc -L <"$file")" -le 80 ]
        head -1 "$file" | grep -Eq '^Example: .*ftcounter'
    done
    ftcounter completion --help | cmp - help
    [[ $(ftcounter --version) =~ ^ftcounter\ [0-9]+\.[0-9]+ ]]
}

@test "the example that opens each help of ftcounter works" {
    ftcounter rm jobs
    local example
    for command in '' add remove get next status list pipe tee watch wait repair; do
        # shellcheck disable=SC2086  # no command is no word
        example=$(ftcounter $command --help | head -1)
        exits 0 bash -c "${example#Example: }"
    done
    [ "$(ftcounter get jobs)" = $((5 - 2 + 1 + 5 + 100)) ]
    mkdir disk2
    for command in replicate demote; do
        example=$(ftcounter $command --help | sed -n '1s/Example: //p')
        exits 0 bash -c "${example//\/disk2/$work/disk2}"
    done
    exits 0 bash -c "$(ftcounter rm --help | sed -n '1s/Example: //p')"
    exits 0 bash -c "$(ftcounter agent --help | sed -n '1s/Example: //p')"
    [ "$(ftcounter add jobs --strict)" = 1 ]
}

# json CODE COMMAND...: every line is an object with v and tool; the last one, and only that, is a summary or an error.
json() {
    local code=$1
    shift
    exits "$code" "$@" --json >lines 2>"$messages"
    jq -es 'all(.v == 1 and .tool == "ftcounter") and (.[-1].type | . == "summary" or . == "error")
        and all(.[:-1][]; .type == "item")' lines
    [ ! -s "$messages" ]
}

@test "with --json every command of ftcounter answers in JSON, and so does every failure" {
    json 0 ftcounter create two
    for command in add remove get next "next --count 3" "replicate ./copy" status repair "demote ./copy" \
        "watch --count 1" "wait --ge 0"; do
        # shellcheck disable=SC2046,SC2086  # words of a command
        json 0 ftcounter ${command%% *} two $(cut -s -d ' ' -f 2- <<<"$command")
    done
    json 0 ftcounter list
    json 0 ftcounter list --names
    json 7 ftcounter wait two --le -1 --timeout 1s
    json 7 ftcounter demote two counters/two
    jq -e '.exit == 7 and (.why | contains("last"))' lines
    json 0 ftcounter rm two
    json 1 ftcounter get two
    jq -e '.exit == 1 and (.where | contains("two")) and (.todo | contains("ftcounter list"))' lines
    json 2 ftcounter add jobs --kee a
    json 2 ftcounter bogus
}

@test "JSON goes to stderr where stdout carries data" {
    printf 'add 5\nfoo\n' | exits 2 ftcounter pipe jobs --json 2>lines >said
    diff said - <<<$'5\nerror: not \'add\', \'remove\', \'next\' or \'get\''
    jq -e '.type == "summary" and .lines == 2 and .errors == 1' lines
    [ "$(seq 3 | ftcounter tee jobs --json 2>lines)" = $'1\n2\n3' ]
    jq -e '.type == "summary" and .counted == 3 and .value == 8' lines
}

@test "a replica that did not take part is in the JSON too" {
    ftcounter create ./three --replica a --replica b --replica c
    rm b
    json 0 ftcounter add ./three
    jq -e '.value == 1 and (.warnings | length == 1 and (.[0] | contains("without b (there is no such file)")))' lines
    json 3 ftcounter next ./three --strict
    jq -e '.first == 2 and (.warnings | length == 1)' lines
    echo add 1 | ftcounter pipe ./three --json 2>lines
    jq -e '.lines == 1 and (.warnings | length == 1)' lines
    json 0 ftcounter demote ./three b
    jq -e '.removed == false and .warnings != null' lines
    json 0 ftcounter get ./three
    jq -e 'has("warnings") | not' lines
}

@test "quiet commands of ftcounter print nothing where the exit code says it" {
    for command in "create new" "add jobs" "remove jobs" "get jobs" "next jobs" "status jobs" "list" "repair jobs" \
        "wait jobs --ge 0" "watch jobs --count 1" "rm new"; do
        # shellcheck disable=SC2086  # words of a command
        [ -z "$(ftcounter $command -q 2>&1)" ]
    done
}

@test "an answer of ftcounter that cannot be written is a failure, and what was counted is told" {
    for command in "get jobs" "status jobs" "list" "list --json" "watch jobs --count 1" "wait jobs --ge 0" "--help"; do
        # shellcheck disable=SC2086  # words of a command
        exits 1 ftcounter $command >/dev/full 2>"$messages"
        grep -q 'stdout: No space left on device' "$messages"
    done
    exits 3 ftcounter next jobs >/dev/full 2>"$messages"
    grep -q 'took 1 to 1 of jobs, but cannot write the answer' "$messages"
    echo add 5 | exits 3 ftcounter pipe jobs >/dev/full 2>"$messages"
    grep -q '1 lines are done, but cannot write the answer' "$messages"
    [ "$(ftcounter get jobs)" = 6 ]
    seq 3 | exits 1 ftcounter tee jobs >/dev/full 2>"$messages"
    [ "$(ftcounter get jobs)" = 6 ] # nothing has passed
}

@test "a reader of tee that goes away ends it quietly" {
    run bash -o pipefail -c "seq 1000000 | ftcounter tee jobs 2>messages | head -n 1"
    [ "$output" = 1 ]
    [ ! -s messages ]
    (($(ftcounter get jobs) <= 1000000))
}

@test "commands that wait stop when they are asked to, and die by the signal" {
    mkfifo from to
    for signal in INT TERM HUP; do
        for command in pipe tee watch "wait --ge 100"; do
            # A shell without job control starts what runs beside it with SIGINT ignored.
            # shellcheck disable=SC2046,SC2086  # words of a command
            env --default-signal ftcounter ${command%% *} jobs $(cut -s -d ' ' -f 2- <<<"$command") <from >to 2>"$messages" &
            exec 8>from 9<to
            echo get >&8
            if [ "$command" != "wait --ge 100" ]; then read -r _ <&9; fi # it is at work
            until grep -q "^SigBlk:.*4003$" "/proc/$!/status"; do :; done # it takes the three signals itself
            kill -$signal $!
            code=0
            wait $! || code=$?
            exec 8>&- 9<&-
            [ "$code" = $((128 + $(kill -l $signal))) ]
            grep -q "^ftcounter: stopped by SIG$signal" "$messages"
        done
    done
}

@test "tee counts in time what has passed, also while its reader stands still, and leaves nothing out" {
    mkfifo to
    seq 1000000 >lines
    ftcounter tee jobs --every 1s <lines >to 2>"$messages" &
    local tee=$! value
    exec 9<to # and reads nothing: as much passes as a pipe holds, at least 64 KiB
    value=$(ftcounter wait jobs --ge 10000 --timeout 60s)
    kill -9 $tee
    wait $tee || [ $? = 137 ]
    cat <&9 >passed
    exec 9<&-
    cmp -n "$(stat -c %s passed)" passed lines
    ((value <= $(wc -l <passed)))
    ftcounter create slow
    # shellcheck disable=SC2094  # nobody writes to it
    ftcounter tee slow --every 1s <lines | { ftcounter wait slow --ge 10000 -q --timeout 60s && cat; } | cmp - lines
    [ "$(ftcounter get slow)" = 1000000 ]
}

@test "a pipe goes on where all replicas were moved while it had nothing to do" {
    ftcounter create ./three --replica a --replica b --replica c --threshold 4
    coproc PIPE { ftcounter pipe ./three; }
    local answer place
    echo add 1 >&"${PIPE[1]}"
    read -r answer <&"${PIPE[0]}"
    for place in a b c; do
        ftcounter replicate ./three "new$place"
        ftcounter demote ./three $place
    done
    ftcounter add ./three -q
    echo add 1 >&"${PIPE[1]}"
    read -r answer <&"${PIPE[0]}"
    [ "$answer" = 3 ]
    [ "$(ftcounter get ./three --strict)" = 3 ]
}

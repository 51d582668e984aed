# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# Many transactions through one process: answers line by line, and what a crash of it leaves.

load common

setup() {
    start_work
    export FT_2PC=$work/home FT_COUNTERS=$work
    ftcounter create jobs
    ftcounter create few --max 2
    echo new >a.new
}
teardown() {
    [ -z "${service-}" ] || kill -9 "$service" 2>/dev/null || true
    end_work
}

nothing_left() { [ -z "$(ft2pc list)" ] && [ -z "$(find home/ledgers home/journals -type f)" ]; }

@test "each line is answered with its number, name and outcome" {
    local i
    for i in 1 2 3 4 5; do echo 'participants = ["counter:jobs+1", "file:a'$i'=a.new"]'; done |
        ft2pc serve | sort -n >answers
    [ "$(cut -d' ' -f1,3 answers)" = $'1 committed\n2 committed\n3 committed\n4 committed\n5 committed' ]
    [ "$(cut -d' ' -f2 answers | sort -u | wc -l)" = 5 ]
    [ "$(ftcounter get jobs)" = 5 ]
    [ "$(cat a1 a2 a3 a4 a5 | sort -u)" = new ]
    nothing_left
}

@test "a refusal changes nothing, and does not end the service" {
    run -7 bash -c 'for i in 1 2 3; do echo "participants = [\"counter:jobs+1\", \"counter:few+1\"]"; done | ft2pc serve --at-once 1'
    [[ ${lines[2]} = '3 '*' aborted: counter:few+1: '* ]]
    [ "$(ftcounter get jobs) $(ftcounter get few)" = "2 2" ]
    nothing_left
}

@test "a bad line is answered with its place, and does not end the service" {
    run -2 ft2pc serve --at-once 1 <<END
participants = ["counter:jobs"]
participants = ["counter:jobs+1"]
nonsense
participants = []
participants = ["counter:jobs+1"], more = 1
END
    [[ ${lines[0]} = "1 - refused: "*"line 1:1:17: "*"cannot understand 'counter:jobs'"* ]]
    [[ ${lines[1]} = '2 '*' committed' ]]
    [[ ${lines[2]} = '3 - refused: '*'line 3:'* ]]
    [[ ${lines[3]} = '4 - refused: '* ]]
    [[ ${lines[4]} = '5 - refused: '* ]]
    [ "$(ftcounter get jobs)" = 1 ]
}

@test "--json answers with objects" {
    echo 'participants = ["counter:jobs+1"]' | ft2pc serve --json >answers
    [ "$(jq -r 'select(.type == "item") | "\(.line) \(.outcome) \(.complete)"' answers)" = "1 committed true" ]
    [ "$(jq -r 'select(.type != "item") | "\(.lines) \(.committed)"' answers)" = "1 1" ]
}

reserved() { ftcounter status jobs --json | jq -r '.reservation // empty'; }

@test "what has ended leaves nothing behind while no line comes" {
    mkfifo in
    ft2pc serve <in >answers &
    service=$!
    exec 4>in
    echo 'participants = ["counter:jobs+1", "counter:few+1"]' >&4
    until grep -q committed answers; do kill -0 $service; done
    while [ -n "$(reserved)" ]; do kill -0 $service; done
    [ "$(ft2pc list --json | jq -r '.state // empty')" = serving ]
    exec 4>&-
    wait $service
    service=
    nothing_left
}

@test "what was under way when it was killed is all or nothing after recover" {
    local round i acknowledged=0
    for round in 1 2 3 4 5; do
        mkfifo in
        : >answers
        ft2pc serve <in >answers &
        service=$!
        { for ((i = 0; i < 400; i++)); do echo 'participants = ["counter:jobs+1", "file:a'$((i % 40))'=a.new"]'; done || true; } >in 2>/dev/null 3>&- &
        until [ "$(grep -c committed answers)" -ge 5 ]; do kill -0 $service; done
        kill -9 $service
        wait $service || true
        wait
        service=
        rm in
        acknowledged=$((acknowledged + $(grep -c 'committed$' answers)))
        ft2pc recover
        run -7 ft2pc commit "$(sed -n '1s/[^ ]* \([^ ]*\) .*/\1/p' answers)"
        nothing_left
        [ "$(ftcounter get jobs)" -ge "$acknowledged" ]
        [ "$(ftcounter get jobs)" -le $((acknowledged + 16 * round)) ]
        [ -z "$(reserved)" ]
    done
}

@test "a service that is told to stop answers what was begun, and leaves no ledger" {
    mkfifo in
    ft2pc serve <in >answers 2>"$messages" &
    service=$!
    exec 4>in
    echo 'participants = ["counter:jobs+1"]' >&4
    until [ -s answers ]; do kill -0 $service; done
    kill -TERM $service
    exits 143 wait $service
    service=
    exec 4>&-
    [ "$(cut -d' ' -f3 answers)" = committed ]
    nothing_left
}

@test "list shows a ledger that lives, and one that was left" {
    mkfifo in
    ft2pc serve <in >answers &
    service=$!
    exec 7>in
    echo 'participants = ["counter:jobs+1"]' >&7
    until grep -q committed answers; do kill -0 $service; done
    run -0 ft2pc list
    [[ $output = *'serving'*'counter:'*jobs* ]]
    [ -z "$(ft2pc list --in-doubt)" ]
    run -0 ft2pc recover
    kill -9 $service
    wait $service || true
    service=
    exec 7>&-
    [[ $(ft2pc list --in-doubt) = *'crashed'*'counter:'*jobs* ]]
    run -0 ft2pc recover
    nothing_left
}

@test "recover leaves alone what others have prepared at the places that it asks, and says so" {
    local t
    t=$(ft2pc begin --dir other)
    ft2pc add --dir other "$t" counter:jobs+10
    ft2pc prepare --dir other "$t"
    mkfifo in
    ft2pc serve <in >answers &
    service=$!
    exec 7>in
    echo 'participants = ["counter:jobs+1"]' >&7
    until grep -q committed answers; do kill -0 $service; done
    kill -9 $service
    wait $service || true
    service=
    exec 7>&-
    run -0 ft2pc recover
    [[ $output = *"left alone: counter:$work/jobs: 1 prepared by others than this coordinator" ]]
    nothing_left
    ft2pc commit --dir other "$t"
    [ "$(ftcounter get jobs)" = 11 ]
}

@test "repair takes the damage out of a ledger, and recover goes on with what can be read" {
    cat >slow <<'END'
#!/bin/sh
case $1 in
commit) [ -e go ] || { touch reached; exec sleep 1000; } ;;
esac
END
    chmod +x slow
    mkfifo in
    ft2pc serve <in >answers &
    service=$!
    exec 7>in
    echo "participants = [\"exec:$work/slow\", \"counter:jobs+1\"]" >&7
    until [ -e reached ]; do kill -0 $service; done
    kill -9 $service
    wait $service || true
    service=
    exec 7>&-
    touch go
    local ledger
    ledger=$(ls home/ledgers)
    run -0 ft2pc repair
    [ -z "$output" ]
    # Block 0 is the header, 1 the beginning, 2 the place, 3 the question, 4 the decision.
    dd if=/dev/urandom of="home/ledgers/$ledger" bs=4096 seek=2 count=1 conv=notrunc status=none
    run -4 ft2pc recover
    run -4 ft2pc list
    run -4 ft2pc repair
    [[ $output = *"$ledger damaged: "*'recovery would tell the commits that can be read'*'000001 commit'* ]]
    [ -z "$(ls home/lost 2>/dev/null)" ]
    run -0 ft2pc repair --accept-loss
    [ -s "home/lost/$ledger" ]
    run -0 ft2pc repair
    [ -z "$output" ]
    [ "$(ft2pc recover)" = "${ledger%0}1 committed" ]
    [ "$(ftcounter get jobs)" = 1 ]
    nothing_left
}

# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# ft2pc as a user meets it: transactions in one command and in many, refusals, deadlines, recovery.

load common

setup() {
    start_work
    export FT_2PC=$work/home
    echo 'old a' >a
    echo 'old b' >b
    echo 'new a' >a.new
    echo 'new b' >b.new
}
teardown() { end_work; }

all_old() { [ "$(cat a b)" = $'old a\nold b' ]; }
all_new() { [ "$(cat a b)" = $'new a\nnew b' ]; }
nothing_left() { [ -z "$(ft2pc list)" ] && [ -z "$(find . -name '.*ft2pc*')" ] && [ -z "$(ls "$FT_2PC/locks")" ]; }

@test "run changes all files, with nothing to say" {
    run -0 ft2pc run -p file:a=a.new -p file:b=b.new
    [ -z "$output" ]
    all_new
    nothing_left
}

@test "a transaction is begun, added to, prepared and committed by commands of their own" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new
    (cd / && ft2pc add "$t" "file:$work/b=$work/b.new")
    [ "$(ft2pc list --json | jq -r 'select(.type == "item") | .state')" = open ]
    [ -z "$(ft2pc list --in-doubt)" ]
    ft2pc prepare "$t"
    all_old
    rm a.new
    [ "$(ft2pc list --in-doubt --names)" = "$t" ]
    run -0 ft2pc show "$t"
    [[ $output = *'state        prepared'*'file:a=a.new: said yes'* ]]
    ft2pc prepare "$t"
    ft2pc commit "$t"
    all_new
    nothing_left
    run -7 ft2pc commit "$t"
    [[ $output = *'no such transaction'* ]]
}

@test "abort undoes what was prepared, and what was only begun" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new file:b=
    ft2pc prepare "$t"
    ft2pc abort "$t"
    all_old
    ft2pc abort "$(ft2pc begin)"
    nothing_left
}

@test "one that refuses aborts all, and is named" {
    run -7 ft2pc run -p file:a=a.new -p file:b=missing
    [[ $output = *'is aborted: file:b=missing: '*'missing: No such file'*'nothing changed'* ]]
    all_old
    nothing_left
    run -7 ft2pc run -p file:a=a.new -p file:b=missing --json
    [ "$(jq -r .exit <<<"$output")" = 7 ]
}

@test "nothing is added to what is prepared" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new
    ft2pc prepare "$t"
    run -7 ft2pc add "$t" file:b=b.new
    [[ $output = *'it is prepared; commit it or abort it'* ]]
    ft2pc commit "$t"
}

@test "two transactions want the same file: the second one is refused, and can be tried again" {
    local first
    first=$(ft2pc begin)
    ft2pc add "$first" file:a=a.new
    ft2pc prepare "$first"
    run -7 ft2pc run -p file:a=b.new
    [[ $output = *"$first"* ]]
    ft2pc commit "$first"
    ft2pc run -p file:a=b.new
    [ "$(cat a)" = 'new b' ]
}

@test "a plan says what takes part; mistakes are named with line and column" {
    mkdir etc
    cp a.new b.new etc
    printf 'deadline = "10m"\nparticipants = [\n  "file:a=a.new",\n  "file:b=b.new",\n]\n' >etc/plan.toml
    ft2pc run etc/plan.toml -p file:a=b.new
    [ "$(cat etc/a etc/b a)" = $'new a\nnew b\nnew b' ]
    printf 'participants = ["file:a=a.new"]\nparticipant = 3\n' >bad.toml
    run -2 ft2pc run bad.toml
    [[ $output = *"bad.toml:2:1: unknown key 'participant'; did you mean 'participants'?"* ]]
    printf 'participants = ["file:a=a.new",\n  "fiel:b=b.new"]\n' >bad.toml
    run -2 ft2pc run bad.toml
    [[ $output = *"bad.toml:2:3: "*"did you mean 'file:'?"* ]]
    printf 'participants = [\n' >bad.toml
    run -2 ft2pc run bad.toml
    [[ $output = *'bad.toml:'[12]:[0-9]*': '* ]]
    printf 'deadline = "soon"\nparticipants = ["file:a=a.new"]\n' >bad.toml
    run -2 ft2pc run bad.toml
    [[ $output = *'bad.toml:1:12: not a duration'* ]]
    printf '' >bad.toml
    run -2 ft2pc run bad.toml
    all_old || [ "$(cat a)" = 'new b' ]
    nothing_left
}

@test "a command within run adds participants, and its failure aborts" {
    # shellcheck disable=SC2016  # the inner shell expands it
    ft2pc run -p file:a=a.new -- sh -c 'ft2pc add "$FT_2PC_TXN" file:b=b.new'
    all_new
    run -7 ft2pc run -p file:a= -- sh -c 'exit 3'
    [[ $output = *"is aborted: 'sh -c exit 3': exited with 3; nothing changed"* ]]
    all_new
    nothing_left
    ft2pc run -- true
    nothing_left
}

@test "recovery leaves alone what is within its deadline, and what run works on" {
    local t
    t=$(ft2pc begin --deadline 1h)
    ft2pc add "$t" file:a=a.new
    ft2pc prepare "$t"
    run -0 ft2pc recover
    [ -z "$output" ]
    # shellcheck disable=SC2016  # the inner shell expands it
    ft2pc run --deadline 1s -p file:b=b.new -- sh -c 'while [ "$(( $(date +%s) - $(stat -c %Y a) ))" -lt 3 ]; do :; done; ft2pc recover'
    [ "$(cat b)" = 'new b' ]
    ft2pc commit "$t"
    all_new
}

@test "recovery aborts what nobody came back to" {
    local t
    t=$(ft2pc begin --deadline 1s)
    ft2pc add "$t" file:a=a.new
    ft2pc prepare "$t"
    until [ "$(ft2pc recover)" = "$t aborted" ]; do :; done
    all_old
    nothing_left
}

@test "a participant that a stranger has changed is broken: exit 4, kept until it is forgotten" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new file:b=b.new
    ft2pc prepare "$t"
    echo stranger >a
    run -4 ft2pc commit "$t"
    [[ $output = *"against a participant's will: file:a=a.new: "* ]]
    [ "$(cat a b)" = $'stranger\nnew b' ]
    run -4 ft2pc recover
    [ "$(ft2pc list --json | jq -r 'select(.type == "item") | .state')" = broken ]
    run -7 ft2pc abort "$t"
    [[ $output = *'is committed'* ]]
    ft2pc forget "$t"
    [ "$(cat a b)" = $'stranger\nnew b' ]
    nothing_left
    ft2pc run -p file:a=a.new
}

@test "resolve takes a participant that is broken for settled, and leaves nothing of it behind" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new file:b=b.new
    ft2pc prepare "$t"
    echo stranger >a
    run -4 ft2pc commit "$t"
    ft2pc resolve "$t" commit --reason 'it was put right by hand'
    [ "$(cat a b)" = $'stranger\nnew b' ]
    nothing_left
}

@test "a command within run that prepares and then fails aborts what is prepared" {
    # shellcheck disable=SC2016  # the inner shell expands it
    run -7 ft2pc run -p file:a=a.new -- sh -c 'ft2pc prepare "$FT_2PC_TXN" && exit 3'
    [[ $output = *'is aborted: '*': exited with 3; nothing changed'* ]]
    all_old
    nothing_left
}

@test "only what is broken is forgotten" {
    local t
    t=$(ft2pc begin)
    run -7 ft2pc forget "$t"
    [[ $output = *'no participant has broken it'* ]]
    ft2pc abort "$t"
}

@test "resolve decides what is prepared, keeps the reason, and reverses nothing" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new file:b=b.new
    run -7 ft2pc resolve "$t" commit --reason why
    [[ $output = *'it is not prepared'* ]]
    ft2pc prepare "$t"
    run -2 ft2pc resolve "$t" commit
    run -2 ft2pc resolve "$t" perhaps --reason why
    ft2pc resolve "$t" commit --reason 'the reviewer said so'
    all_new
    nothing_left
}

@test "two commands on one transaction: the second one is told who is at it" {
    local t
    t=$(ft2pc begin)
    exec 7<"$FT_2PC/journals/$t"
    flock 7
    run -5 ft2pc add "$t" file:a=a.new
    [[ $output = *'another command works on this transaction'*'--lock-wait'* ]]
    run -0 ft2pc recover
    exec 7<&-
    ft2pc abort "$t"
}

@test "a damaged journal is exit 4, and does not hide or hold up the others" {
    local t other
    t=$(ft2pc begin --deadline 1s)
    other=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new
    dd if=/dev/urandom of="$FT_2PC/journals/$t" bs=4096 count=1 conv=notrunc status=none
    run -4 ft2pc list --names
    [[ $output = *"$other"* ]]
    run -4 ft2pc commit "$t"
    [[ $output = *"$t"*damage* ]]
    run -4 ft2pc recover
    ft2pc abort "$other"
}

@test "repair shows what a damaged journal says, and goes on without the rest when told to" {
    local t
    t=$(ft2pc begin)
    run -0 ft2pc repair
    [ -z "$output" ]
    ft2pc add "$t" file:a=a.new
    ft2pc prepare "$t"
    # Block 0 is the header, 1 the beginning, 2 the participant, 3 the question, 4 the votes.
    dd if=/dev/urandom of="$FT_2PC/journals/$t" bs=4096 seek=3 count=1 conv=notrunc status=none
    run -4 ft2pc commit "$t"
    run -4 ft2pc recover
    run -4 ft2pc repair
    [[ $output = *"$t damaged: "*'it says no decision: recovery would abort; behind the damage can be read: prepared'*'file:a=a.new'* ]]
    [[ $output = *"'ft2pc repair --accept-loss' goes on"* ]]
    all_old
    run -0 ft2pc repair --accept-loss
    [ -s "$FT_2PC/lost/$t" ]
    run -0 ft2pc repair
    [ -z "$output" ]
    [ "$(ft2pc recover)" = "$t aborted" ]
    all_old
    nothing_left
}

@test "repair removes a journal of which nothing can be read, and keeps a copy" {
    local t
    t=$(ft2pc begin)
    dd if=/dev/urandom of="$FT_2PC/journals/$t" bs=4096 count=1 conv=notrunc status=none
    cp "$FT_2PC/journals/$t" damaged
    run -4 ft2pc repair
    [[ $output = *"$t damaged: "*'nothing of it can be read'* ]]
    run -0 ft2pc repair --accept-loss
    cmp damaged "$FT_2PC/lost/$t"
    [ -z "$(ft2pc list)" ]
}

@test "list --metrics writes how many there are, and how old the oldest in doubt is" {
    local t
    ft2pc list --metrics m
    grep -qx 'ft_transactions 0' m
    grep -qx 'ft_transactions_oldest_in_doubt_seconds 0' m
    ft2pc begin >/dev/null
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new
    ft2pc prepare "$t"
    until ft2pc list --metrics m >/dev/null && ! grep -qx 'ft_transactions_oldest_in_doubt_seconds 0' m; do :; done
    grep -qx 'ft_transactions 2' m
    grep -qx 'ft_transactions_by_state{state="open"} 1' m
    grep -qx 'ft_transactions_by_state{state="prepared"} 1' m
    grep -qx 'ft_transactions_in_doubt 1' m
    grep -qx 'ft_transactions_damaged 0' m
    ft2pc abort "$t"
}

@test "--timing names the parts of a transaction" {
    run -0 --separate-stderr ft2pc run --timing -p file:a=a.new -p file:b=b.new
    [[ $stderr = *'T_request '*', T_execute '*', T_decide '*', T_commit '*', T_2PC '*'file:a=a.new: T_execute '* ]]
    ft2pc run --json -p file:a=b.new | jq -e '.total_s > 0 and (.participants | length) == 1'
}

@test "recovery tells how long it took, and removes what a transaction that was ended by another left" {
    local t
    t=$(ft2pc begin --deadline 1s)
    ft2pc add "$t" file:a=a.new
    ft2pc prepare "$t"
    until run -0 --separate-stderr ft2pc recover --timing && [ -n "$output" ]; do :; done
    [ "$output" = "$t aborted" ]
    [[ $stderr = *'T_commit '*'file:a=a.new: '* ]]
    # shellcheck disable=SC2016  # the inner shell expands it
    run -7 ft2pc run -p file:a=a.new -- sh -c 'ft2pc abort "$FT_2PC_TXN"'
    [[ $output = *'no such transaction'* ]]
    all_old
    ft2pc recover
    nothing_left
}

@test "a transaction without participants is prepared and committed like any other" {
    local t
    t=$(ft2pc begin)
    run -0 ft2pc prepare "$t"
    [ -z "$output" ]
    ft2pc commit "$t"
    nothing_left
}

@test "a participant that knows nothing of a commit is in doubt, until a person accepts that" {
    local t
    # shellcheck disable=SC2016  # the program expands it
    printf '#!/bin/sh\n[ "$1" != commit ] || exit 21\n' >party
    chmod +x party
    run -3 ft2pc run --deliver-wait 1s -p file:a=a.new -p exec:./party
    [[ $output = *"not yet everywhere: exec:./party: "*'does not know the branch'* ]]
    t=$(ft2pc list --in-doubt --names)
    run -6 ft2pc recover --deliver-wait 1s
    run -7 ft2pc resolve "$t" abort --reason 'no decision is reversed'
    ft2pc resolve "$t" commit --reason 'looked at by hand'
    [ "$(cat a)" = 'new a' ]
    nothing_left
}

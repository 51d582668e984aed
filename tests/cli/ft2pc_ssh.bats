# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# A transaction with another host, reached by ssh: a real sshd on the loopback, that dies and comes back.

load common
load sshd

setup() {
    start_work
    export FT_2PC=$work/home
    prepare_sshd
    mkdir far
    echo 'old a' >a
    echo 'new a' >a.new
    echo 'old b' >far/b
    echo 'new b' >far/b.new
    agent="pipe:ssh -F ssh_config far $(command -v ft2pc) agent --dir $work/far-home"
    agent+=" file:$work/far/b=$work/far/b.new"
}
teardown() {
    stop_sshd
    end_work
}

nothing_left() {
    [ -z "$(ft2pc list)" ] && [ -z "$(ft2pc list --dir far-home)" ] && [ -z "$(find . -name '.*ft2pc*')" ]
}

@test "files here and behind ssh change together" {
    ft2pc run -p file:a=a.new -p "$agent"
    [ "$(cat a far/b)" = $'new a\nnew b' ]
    nothing_left
}

@test "sshd dies between the yes and the decision: it is delivered when it is back" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new "$agent"
    ft2pc prepare "$t"
    stop_sshd
    exits 3 ft2pc commit "$t" --deliver-wait 1s 2>"$messages"
    grep -q "committed, not yet everywhere: pipe:ssh " "$messages"
    exits 6 ft2pc recover --deliver-wait 1s >said
    start_sshd
    [ "$(ft2pc recover)" = "$t committed" ]
    [ "$(cat a far/b)" = $'new a\nnew b' ]
    nothing_left
}

@test "no sshd: aborted within the time, and its host is told when it is there" {
    stop_sshd
    exits 7 ft2pc run --deliver-wait 1s -p file:a=a.new -p "$agent" 2>"$messages"
    grep -q "is aborted: pipe:ssh " "$messages"
    [ "$(cat a)" = 'old a' ]
    start_sshd
    ft2pc recover >said
    nothing_left
}

# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# A replica on another host, reached by ssh: a real sshd on the loopback, with keys and a configuration of its own.

load common
load sshd

setup() {
    start_work
    prepare_sshd
    ftcounter create ./jobs --replica a --replica b --replica "pipe:ssh -F ssh_config far $(agent)"
}
teardown() {
    stop_sshd
    end_work
}

agent() { echo "$(command -v ftcounter) agent $work/far"; }

@test "a replica behind ssh takes part, may be gone for a while, and is brought up by the next add" {
    [ "$(ftcounter add ./jobs 4)" = 4 ]
    [ "$(ftcounter get ./jobs --strict)" = 4 ]
    [ "$(ftcounter get ./far)" = 4 ]
    stop_sshd
    [ "$(ftcounter add ./jobs 2>"$messages")" = 5 ]
    [ "$(grep -c "^ftcounter: " "$messages")" = 1 ]
    grep -q "without pipe:ssh -F ssh_config far" "$messages"
    exits 3 ftcounter add ./jobs -q --strict 2>"$messages"
    start_sshd
    [ "$(ftcounter add ./jobs --strict)" = 7 ]
    rm a
    [ "$(ftcounter get ./jobs 2>"$messages")" = 7 ]
    ftcounter repair ./jobs -q
    ftcounter status ./jobs >said
    [[ $(tail -n 1 said) = "./jobs: 7; 3 of 3 replicas sound"* ]]
}

@test "a pipe that outlives the connection goes on, and connects again" {
    coproc PIPE { ftcounter pipe ./jobs 2>"$messages"; }
    local answer
    echo add 1 >&"${PIPE[1]}"
    read -r answer <&"${PIPE[0]}"
    [ "$answer" = 1 ]
    stop_sshd
    echo add 1 >&"${PIPE[1]}"
    read -r answer <&"${PIPE[0]}"
    [ "$answer" = 2 ]
    start_sshd
    echo add 1 >&"${PIPE[1]}"
    read -r answer <&"${PIPE[0]}"
    [ "$answer" = 3 ]
    rm a
    [ "$(ftcounter get ./jobs 2>/dev/null)" = 3 ]
    exits 3 ftcounter status ./jobs >said
    grep -q "pipe:ssh .* sound *#3" said
}

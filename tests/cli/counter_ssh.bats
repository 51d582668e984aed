# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# A replica on another host, reached by ssh: a real sshd on the loopback, with keys and a configuration of its own.

load common

setup() {
    start_work
    # sshd and ssh refuse keys that others may write to: the folder itself is others' no more.
    chmod 700 "$work"
    ssh-keygen -q -t ed25519 -N '' -f host_key
    ssh-keygen -q -t ed25519 -N '' -f user_key
    cp user_key.pub authorized
    find_port
    start_sshd
    configure_ssh
    ftcounter create ./jobs --replica a --replica b --replica "pipe:ssh -F ssh_config far $(agent)"
}
teardown() {
    stop_sshd
    end_work
}

agent() { echo "$(command -v ftcounter) agent $work/far"; }

# Nobody listens there.
find_port() {
    for ((port = 20000 + RANDOM % 20000; ; port++)); do
        if ! (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null; then return; fi
    done
}

# It ends with this test, even where that is killed.
start_sshd() {
    cat >sshd_config <<END
ListenAddress 127.0.0.1
Port $port
HostKey $work/host_key
AuthorizedKeysFile $work/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
END
    # As root it wants a folder to lock itself up in.
    if ((EUID == 0)); then mkdir -p -m 755 /run/sshd; fi
    : >sshd_log
    setpriv --pdeathsig KILL /usr/sbin/sshd -D -e -f "$work/sshd_config" 2>>sshd_log 3>&- &
    sshd=$!
    until grep -q "listening on" sshd_log; do kill -0 $sshd || { cat sshd_log >&2; return 1; }; done
}

processes_below() {
    local child
    for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
        processes_below "$child"
        echo "$child"
    done
}

# With its sessions, as when the host is gone.
stop_sshd() {
    [[ -n ${sshd-} ]] || return 0
    local all
    read -ra all < <(processes_below "$sshd" | tr '\n' ' ') || true
    kill -9 "$sshd" "${all[@]}" 2>/dev/null || true
    wait "$sshd" 2>/dev/null || true
    sshd=''
}

configure_ssh() {
    cat >ssh_config <<END
Host far
    HostName 127.0.0.1
    Port $port
    User $(id -un)
    IdentityFile $work/user_key
    IdentitiesOnly yes
    BatchMode yes
    UserKnownHostsFile $work/known_hosts
    StrictHostKeyChecking yes
    LogLevel ERROR
END
    echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 host_key.pub)" >known_hosts
}

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

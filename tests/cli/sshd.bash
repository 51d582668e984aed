# shellcheck shell=bash disable=SC2154  # work comes from common.bash
# A real sshd on the loopback, with keys and a configuration of its own: "ssh -F ssh_config far COMMAND".

prepare_sshd() {
    # sshd and ssh refuse keys that others may write to: the folder itself is others' no more.
    chmod 700 "$work"
    ssh-keygen -q -t ed25519 -N '' -f host_key
    ssh-keygen -q -t ed25519 -N '' -f user_key
    cp user_key.pub authorized
    find_port
    start_sshd
    configure_ssh
}

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

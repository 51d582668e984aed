# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# Goal: ftckpt save takes what it is given, whole or not at all, and says truly what it did.

load common

setup() {
    start_work
    make_state
}
teardown() { end_work; }

# The newest checkpoint of a name, in one field of its JSON.
field() { ftckpt show "$1" --json | jq -r ".$2"; }

@test "each save makes the next number, and the first makes the store" {
    [ ! -e store ]
    [ "$(ftckpt save job state)" = job@1 ]
    [ "$(ftckpt save job state)" = job@2 ]
    [ "$(ftckpt save other state)" = other@1 ]
    [ "$(ftckpt list | wc -l)" = 3 ]
}

@test "a directory saved alone is the root, a file is a file, several keep their names" {
    ftckpt save dir state -q
    [ "$(ftckpt ls dir | tr '\n' ' ')" = ". link logs logs/two one " ]
    ftckpt save file state/one -q
    [ "$(ftckpt cat file)" = one ]
    ftrestore file copy -q
    [ "$(cat copy)" = one ]
    ftckpt save both state state/logs/two -q
    [ "$(ftckpt ls both | tr '\n' ' ')" = "state state/link state/logs state/logs/two state/one two " ]
    (cd state && ftckpt save here . -q)
    [ "$(ftckpt ls here | tr '\n' ' ')" = ". link logs logs/two one " ]
}

@test "what did not change is not read again, and with --full it is" {
    touch -d '1 hour ago' state/one state/logs/two
    ftckpt save job state -q
    ftckpt save job state --json | jq -e '.bytes_read == 0 and .files_unchanged == 2 and .bytes_stored < 1000'
    ftckpt save job state --full --json | jq -e '.bytes_read == 8 and .files_unchanged == 0'
}

@test "a stream is saved from a pipe, and comes back" {
    seq 200000 | ftckpt save numbers - -q
    ftrestore numbers - | cmp - <(seq 200000)
    ftckpt cat numbers | cmp - <(seq 200000)
}

@test "a stream of nothing is saved where that was allowed" {
    exits 0 ftckpt save none - --allow-empty </dev/null
    [ -z "$(ftrestore none -)" ]
}

@test "what a command prints is saved, and nothing if it fails" {
    ftckpt save numbers --from-command -q -- seq 100000
    ftrestore numbers - | cmp - <(seq 100000)
    exits 1 ftckpt save numbers --from-command -- sh -c 'seq 100000; exit 1' 2>"$messages"
    exits 1 ftckpt save numbers --from-command -- sh -c 'seq 100000; kill -TERM $$' 2>"$messages"
    [ "$(ftckpt list --names | tail -1)" = numbers@1 ]
}

@test "a command that is saved ends when the save is stopped" {
    mkfifo told
    env --default-signal ftckpt save endless --from-command -- sh -c 'echo $$ >told; exec cat /dev/zero' 2>"$messages" &
    read -r producer <told
    kill -TERM $!
    code=0
    wait $! || code=$?
    [ "$code" = 143 ]
    [ ! -e "/proc/$producer" ]
    [ -z "$(ftckpt list)" ]
}

@test "trees, segments and streams are one checkpoint" {
    segment=ft-cli-$$-one
    head -c 5000 /dev/urandom >/dev/shm/$segment
    ftckpt save all ./state --shm /$segment --stream file=state/one --stream pipe=<(seq 10) --stream-command command='seq 20' -q
    [ "$(field all 'sources | map(.type + ":" + .label) | join(" ")')" = \
        "tree:state segment:$segment stream:file stream:pipe stream:command" ]
    ftrestore all - --stream pipe | cmp - <(seq 10)
    ftrestore all - --stream command | cmp - <(seq 20)
    ftrestore all out -q
    diff -r state out/state
    exits 1 ftckpt save all ./state --stream-command a='seq 5' --stream-command b=false 2>"$messages"
    [ "$(ftckpt list --names | tail -1)" = all@1 ]
}

@test "a segment comes back with its bytes, size and mode" {
    segment=ft-cli-$$-two
    truncate -s 1000000 /dev/shm/$segment
    echo words | dd of=/dev/shm/$segment bs=1 seek=500000 conv=notrunc status=none
    chmod 640 /dev/shm/$segment
    cp -p /dev/shm/$segment saved
    ftckpt save table --shm /$segment -q
    exits 1 ftrestore table --shm /$segment 2>"$messages"
    rm /dev/shm/$segment
    ftrestore table --shm /$segment -q
    cmp saved /dev/shm/$segment
    [ "$(stat -c '%a %s' /dev/shm/$segment)" = "640 1000000" ]
    [ "$(stat -c %b /dev/shm/$segment)" -lt 100 ] # its holes are holes
    echo other >/dev/shm/$segment
    ftrestore table --shm /$segment --replace -q
    cmp saved /dev/shm/$segment
    ftrestore table --shm /$segment-copy -q
    cmp saved /dev/shm/$segment-copy
}

@test "what is excluded is not there" {
    touch state/a.o state/logs/b.o state/logs/keep
    ftckpt save job state --exclude '*.o' -q
    [ "$(ftckpt ls job | tr '\n' ' ')" = ". link logs logs/keep logs/two one " ]
    printf '# comment\n*.o\n/logs\n' >globs
    ftckpt save job state --exclude-from globs -q
    [ "$(ftckpt ls job | tr '\n' ' ')" = ". link one " ]
    printf '*.o\0li*\0' >globs
    ftckpt save job state --exclude-from globs -0 -q
    [ "$(ftckpt ls job | tr '\n' ' ')" = ". logs logs/keep logs/two one " ]
}

@test "the store is left out of a tree that holds it, and that is said" {
    exits 0 ftckpt save all . -q 2>"$messages"
    exits 0 ftckpt save all . -q 2>"$messages"
    grep -q "left out the store itself" "$messages"
    ftckpt ls all | fails grep -q '^store'
    ftckpt ls all | grep -q '^state/one'
}

@test "a symbolic link is saved as one, and that is said" {
    ln -s state current
    exits 0 ftckpt save job current 2>"$messages"
    grep -q "write 'current/'" "$messages"
    ftckpt ls -l job | grep -q -- '-> state'
    ftckpt save job current/ -q
    [ "$(ftckpt cat job one)" = one ]
}

@test "hooks run around the reading, --after also when the save fails" {
    ftckpt save job state -q --before 'echo before >>order; echo made >state/made' --after 'echo after >>order; rm state/made'
    [ "$(tr '\n' ' ' <order)" = "before after " ]
    [ "$(ftckpt cat job made)" = made ]
    [ ! -e state/made ]
    exits 1 ftckpt save job --stream-command x=false --after 'touch was-run' 2>"$messages"
    [ -e was-run ]
    exits 3 ftckpt save job state --after 'exit 4' 2>"$messages"
    grep -q "'exit 4' exited with 4" "$messages"
}

@test "--after runs as soon as all is read, once, also where storing it fails" {
    ftckpt save job state -q --after 'ftckpt list --names >listed'
    [ ! -s listed ] # nothing was published yet
    FT_FAULTS='sync@1=EIO+' exits 1 ftckpt save job state --full --after 'echo after >>order' 2>"$messages"
    exits 1 ftckpt save job missing/state --after 'echo after >>order' 2>"$messages"
    [ "$(cat order)" = after ]
}

@test "what hooks print does not mix with the answer" {
    [ "$(ftckpt save job state --before 'echo noise' --after 'echo noise' 2>/dev/null)" = job@1 ]
}

@test "a frozen process stands still while it is read, and runs afterwards" {
    sleep 1000 &
    sleeper=$!
    ftckpt save job --stream stat=/proc/$sleeper/stat --freeze $sleeper -q
    [[ "$(ftckpt cat job stat)" == *") T "* ]]
    [[ "$(cat /proc/$sleeper/stat)" == *") S "* ]]
    kill $sleeper
}

@test "a frozen process runs again as soon as all is read, before it is stored" {
    sleep 1000 &
    sleeper=$!
    ftckpt save job state --freeze $sleeper --after "cat /proc/$sleeper/stat >stat; ftckpt list --names >listed" -q
    [[ "$(cat stat)" == *") S "* ]]
    [ ! -s listed ]
    [[ "$(FT_FAULTS='sync@1=EIO+' ftckpt save job state --full --freeze $sleeper 2>&1)" == *"Input/output error"* ]]
    [[ "$(cat /proc/$sleeper/stat)" == *") S "* ]]
    kill $sleeper
}

@test "a process that writes what is saved is not frozen: both would wait for ever" {
    mkfifo pipe
    sleep 1000 >pipe &
    writer=$!
    exits 2 ftckpt save job - --freeze $writer <pipe 2>"$messages"
    grep -q "writes what is to be saved" "$messages"
    kill $writer
}

@test "files that cannot be read are named once, and the checkpoint is incomplete" {
    chmod 711 "$work"
    mkdir -p mine/state
    for i in {1..30}; do echo x >"mine/state/open$i" && echo x >"mine/state/closed$i"; done
    chmod 0 mine/state/closed*
    ((EUID != 0)) || chown -R 65534:65534 mine
    chmod 755 .
    FT_STORE=$work/mine/store exits 3 as_nobody ftckpt save job mine/state >said 2>"$messages"
    [ "$(cat said)" = job@1 ]
    [ "$(wc -l <"$messages")" = 1 ]
    grep -q "cannot read (30 times, the first: closed1.*Permission denied" "$messages" || { cat "$messages"; false; }
    FT_STORE=$work/mine/store ftckpt list | grep -q incomplete
    FT_STORE=$work/mine/store ftckpt show job | grep -q "Permission denied"
}

@test "saves of one name at the same time each make a checkpoint" {
    for i in 1 2 3 4; do ftckpt save job state -q & done
    wait
    [ "$(ftckpt list job | wc -l)" = 4 ]
    exits 0 ftckpt verify
}

@test "the time it took is told in the terms of the field" {
    ftckpt save job state -q
    ftckpt save job state --timing -q 2>"$messages"
    grep -q '^T_save .*walk.*read.*digest.*compress.*write.*sync' "$messages"
    grep -q '^T_checkpoint .* = T_operation .* + T_save' "$messages"
    ftckpt save job state --json | jq -e '.timing | .T_save > 0 and .T_operation > 0 and .T_checkpoint > .T_operation and has("sync")'
}

@test "a tree that an in-place restore left unfinished is not saved" {
    ftckpt save job state -q
    echo new >state/one
    echo more >state/logs/more
    FT_FAULTS='write@2=EIO' exits 1 ftrestore job state --in-place 2>"$messages"
    exits 1 ftckpt save job state 2>"$messages"
    grep -q 'job@1' "$messages"
    ftrestore job state --in-place -q
    exits 0 ftckpt save job state -q
    [ "$(cat state/one)" = one ]
}

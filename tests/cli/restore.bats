# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# Goal: ftrestore brings back exactly what was saved, at once or not at all, and says truly what it did.

load common

setup() {
    start_work
    make_state
    touch -d '2001-02-03 04:05:06.789' state/one
    ftckpt save job state -q
}
teardown() { end_work; }

# Everything of a tree that find can say, without the names of the trees.
listing() { (cd "$1" && find . -printf '%p %y %m %U %G %s %T@ %l\n' | sort && find . -type f -exec md5sum {} + | sort); }
same() { diff <(listing "$1") <(listing "$2"); }

# Turns over one bit in the largest pack.
damage_pack() {
    local pack place byte
    pack=$(find store/packs -type f -printf '%s %p\n' | sort -n | tail -1 | cut -d' ' -f2)
    place=$(($(stat -c %s "$pack") / 3))
    byte=$(od -An -tu1 -j $place -N 1 "$pack")
    chmod u+w "$pack"
    printf '%b' "\\x$(printf %02x $((byte ^ 1)))" | dd of="$pack" bs=1 seek=$place conv=notrunc status=none
}

@test "a tree comes back as it was" {
    [ "$(ftrestore job out)" = job@1 ]
    same state out
    mkdir empty
    exits 0 ftrestore job empty -q
    same state empty
}

@test "a tree of everything comes back as it was" {
    "$BATS_TEST_DIRNAME/make_tree.sh" tree 2>"$messages"
    exits 0 ftckpt save tree tree -q
    exits 0 ftrestore tree out -q
    "$BATS_TEST_DIRNAME/same_tree.sh" tree out
}

@test "any checkpoint of a name can be chosen" {
    for i in 2 3 4; do echo $i >state/one && ftckpt save job state -q; done
    [ "$(ftckpt cat job@2 one)" = 2 ]
    [ "$(ftckpt cat job@latest one)" = 4 ]
    [ "$(ftckpt cat job@latest-1 one)" = 3 ]
    [ "$(ftckpt cat job@latest-3 one)" = one ]
    [ "$(ftckpt cat "job@$(date -d tomorrow +%F)" one)" = 4 ]
    ftrestore job@3 out -q
    [ "$(cat out/one)" = 3 ]
}

@test "a store that lies in DEST outlives every restore to it" {
    mkdir home && cp -a state home/state
    export FT_STORE=$PWD/home/.local/ft/store
    ftckpt save home home -q 2>"$messages"
    fails grep -q format <(ftckpt ls home)
    echo new >home/state/one
    echo more >home/.local/ft/more
    refuses 1 "the store lies in it" "--in-place" -- ftrestore home home --replace
    refuses 1 "the store lies in it" "--in-place" -- ftrestore home home --replace --keep-old old
    refuses 2 "over the store" "another DEST" -- ftrestore home home/.local/ft/store --in-place
    [ -e home/.local/ft/more ]
    exits 0 ftrestore home home --in-place -q
    [ ! -e home/.local/ft/more ]
    same state home/state
    exits 0 ftckpt verify home -q
}

@test "an existing tree is exchanged, and kept where that was asked for" {
    echo new >state/one
    echo more >state/more
    cp -a state before
    exits 1 ftrestore job state 2>"$messages"
    same before state
    ftrestore job state --replace --keep-old state.old -q
    same before state.old
    [ "$(cat state/one)" = one ]
    [ ! -e state/more ]
    echo newer >state/one
    ftrestore job state --replace -q
    [ "$(cat state/one)" = one ]
    exits 0 ftrestore job absent --replace -q
    same state absent
}

@test "in place only what differs is written, and inodes stay" {
    cp -a state out
    echo different >out/logs/two
    echo more >out/more
    inodes=$(stat -c '%n %i' out out/one out/logs out/logs/two)
    ftrestore job out --in-place --json | jq -e '.removed == 1 and .files_kept == 1 and .bytes_written > 0 and .bytes_written < 100'
    same state out
    [ "$(stat -c '%n %i' out out/one out/logs out/logs/two)" = "$inodes" ]
    ftrestore job out --in-place --json | jq -e '.removed == 0 and .bytes_written == 0 and .files_kept == 2'
    (cd out && echo x >one && ftrestore job . --in-place -q)
    same state out
}

@test "in place, a directory that stands hands nothing down to what is made in it" {
    mkdir state/logs/sub
    setfacl -d -m u:12345:rwx state/logs
    ftckpt save job state -q
    rm -r state/logs/two state/logs/sub
    exits 0 ftrestore job state --in-place -q
    [ -z "$(ftckpt diff job state)" ]
    [ -z "$(getfacl -ps state/logs/two state/logs/sub)" ]
}

@test "a file that was saved alone comes into a directory, and never in its place" {
    ftckpt save file state/logs/two -q
    exits 0 ftrestore file two.new -q
    cmp state/logs/two two.new
    mkdir -p empty full/sub
    echo other >full/other
    for how in "" --replace --in-place; do
        for place in empty full .; do
            exits 0 ftrestore file $place $how -q
            cmp state/logs/two $place/two
        done
        [ "$(ls empty full)" = "$(printf '%s\n' empty: two '' full: other sub two)" ]
        refuses 1 full/two "it exists" -- ftrestore file full
    done
}

@test "diff reads nothing of a hole, however large, and sees what was written into it" {
    truncate -s 4T state/sparse
    ftckpt save job state -q
    touch state/sparse
    [ "$(timeout 60 ftckpt diff job state)" = "m sparse" ]
    printf x | dd of=state/sparse bs=1 seek=3T conv=notrunc status=none
    [ "$(timeout 60 ftckpt diff job state)" = "M sparse" ]
}

@test "trusting times, what looks equal is not read" {
    cp -a state out
    printf 'eno\n' >out/one
    touch -r state/one out/one
    ftrestore job out --in-place --trust-times -q
    [ "$(cat out/one)" = eno ]
    ftrestore job out --in-place -q
    [ "$(cat out/one)" = one ]
}

@test "an in-place restore that was interrupted is finished by the next one" {
    cp -a state out
    echo different >out/one
    echo different >out/logs/two
    FT_FAULTS='write@2=EIO' exits 1 ftrestore job out --in-place 2>"$messages"
    grep -q 'run it again' "$messages"
    [ "$(echo .out*)" = .out.ft-unfinished ]
    [ "$(cat .out.ft-unfinished)" = "job@1 of $work/store" ]
    exits 0 ftrestore job out --in-place -q
    same state out
    [ -z "$(find . -maxdepth 1 -name '.out*')" ]
}

@test "a part comes back" {
    echo log >state/logs/three
    ftckpt save job state -q
    ftrestore job out --only 'logs/**' -q
    [ "$(cd out && find . -type f | sort | tr '\n' ' ')" = "./logs/three ./logs/two " ]
    ftrestore job one --only one -q
    [ "$(cd one && find . -type f | tr '\n' ' ')" = "./one " ]
}

@test "a tree comes back as a tar stream that tar reads" {
    ftrestore job --tar - | tar -x --one-top-level=out
    diff -r state out
    [ "$(stat -c %y out/one)" = "$(stat -c %y state/one)" ]
}

@test "a dry run says what would be done, and does nothing" {
    [[ "$(ftrestore job out --dry-run)" == "would restore job@1: 5 entries, 8 bytes, saved "* ]]
    [ ! -e out ]
}

@test "what fails on the way leaves nothing at the destination" {
    for rule in 'create_file@3=ENOSPC' 'write@1=EIO' 'sync_file_system@1=EIO' 'rename@1=EIO' 'make_dir@2=EACCES'; do
        FT_FAULTS=$rule exits 1 ftrestore job out 2>"$messages"
        [ -z "$(find . -maxdepth 1 -name '*out*')" ]
        grep -q "job@1" "$messages"
    done
    exits 0 ftrestore job out -q
    same state out
}

@test "damage is named, exits 4, and is never handed out" {
    head -c 500000 /dev/urandom >state/noise
    ftckpt save job state -q
    damage_pack
    exits 4 ftrestore job out 2>"$messages"
    grep -q "job@2" "$messages"
    [ ! -e out ]
    exits 4 ftckpt cat job noise >said 2>"$messages"
    cmp -n "$(stat -c %s said)" said state/noise # what was handed out before is right
    exits 4 ftckpt verify >said 2>"$messages"
    grep -q "job@2.*noise" said
    exits 0 ftrestore job@1 out -q
}

@test "where the newest is damaged, the newest that is not is taken, and named" {
    head -c 500000 /dev/urandom >state/noise
    ftckpt save job state -q
    damage_pack
    [ "$(ftrestore job out --fallback 2>"$messages")" = job@1 ]
    grep -q "job@2 is damaged, restored job@1 instead" "$messages"
    [ ! -e out/noise ]
    ftrestore job other --fallback --json | jq -e '.checkpoint == "job@1" and .fallback_from == "job@2"'
}

@test "what falls back reads a sound checkpoint once" {
    head -c 3000000 /dev/urandom >state/noise
    ftckpt save job state -q
    for ((reads = 1; ; reads++)); do # the first read that a restore does not make
        ! FT_FAULTS="read~packs/*/*@$reads=EIO" ftrestore job out$reads --jobs 1 -q 2>"$messages" || break
        grep -q "the disk cannot read it: Input/output error" "$messages"
    done
    ((reads > 2))
    FT_FAULTS="read~packs/*/*@$reads=EIO" exits 0 ftrestore job out --fallback --jobs 1 2>"$messages" >said
    [ "$(cat said)" = job@2 ]
    [ ! -s "$messages" ]
}

@test "falling back, nothing of a damaged checkpoint is written where it could not be taken back" {
    head -c 500000 /dev/urandom >state/noise
    ftckpt save job state -q
    seq 100000 | ftckpt save stream - -q
    echo different >state/one
    cp -a state out
    damage_pack # of the noise
    FT_FAULTS='write~out/*@1=kill' exits 137 ftrestore job out --in-place --fallback # it has looked, and begins with job@1
    [ "$(cat .out.ft-unfinished)" = "job@1 of $work/store" ]
    [ "$(ftrestore job out --in-place --fallback 2>"$messages")" = job@1 ]
    [ ! -e out/noise ]
    find store/packs -type f -exec chmod u+w {} + -exec truncate -s 100 {} +
    cp -a out before
    exits 4 ftrestore job out --in-place --fallback 2>"$messages"
    grep -q "job@2: it and every older checkpoint of its name are damaged; nothing changed" "$messages"
    same before out
    exits 4 ftrestore stream - --fallback >said 2>"$messages"
    [ ! -s said ]
}

@test "a damaged store heals with the next save of the same state" {
    head -c 500000 /dev/urandom >state/noise
    ftckpt save job state -q
    damage_pack
    exits 4 ftckpt verify -q 2>"$messages"
    exits 0 ftckpt save job state -q
    exits 0 ftrestore job out -q
    same state out
}

@test "the job is started when all is there, with our stdin, and T_resume is measured" {
    [ "$(echo words | ftrestore job out -- sh -c 'cat out/one -' | tr '\n' ' ')" = "one words job@1 " ]
    ftrestore job timed --json -- true | jq -e '.timing | .T_resume > 0 and .T_recovery > .T_load'
    ftrestore job again --timing -- true 2>&1 | grep -q '^T_recovery .* = T_load .* + T_resume '
}

@test "a job that fails is a failure, and what was restored stays" {
    exits 1 ftrestore job out -- sh -c 'exit 9' 2>"$messages"
    grep -q "exited with 9; restored job@1 to out" "$messages"
    same state out
    exits 1 ftrestore job other -- no-such-command 2>"$messages"
    same state other
}

@test "a job that says READY=1 is told about while it goes on" {
    mkfifo go
    ftrestore job out -- sh -c 'say_ready; read -r _ <go' >said &
    running=$!
    until [ -s said ]; do :; done
    [ "$(cat said)" = job@1 ]
    kill -0 $running
    echo >go
    wait $running
}

@test "a signal to us reaches the job" {
    mkfifo told
    env --default-signal ftrestore job out -- sh -c 'trap "echo ended >ended; exit 0" TERM; echo >told; while :; do :; done' >said 2>"$messages" &
    read -r _ <told
    kill -TERM $!
    code=0
    wait $! || code=$?
    [ "$code" = 143 ]
    [ "$(cat ended)" = ended ]
}

@test "a restore without rights sets what it can, says the rest in one line, and exits 3" {
    ftckpt save job state /etc/passwd -q # which is root's, whoever runs this
    chmod -R a+rX store
    mkdir open
    chmod 777 open
    exits 3 as_nobody ftrestore job "$work/open/out" -q 2>"$messages"
    [ "$(wc -l <"$messages")" = 1 ]
    grep -q 'cannot set the owner' "$messages"
    diff -r state open/out/state
    cmp /etc/passwd open/out/passwd
}

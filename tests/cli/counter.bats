# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# ftcounter as a user meets it: values, exit codes, members, damage.

load common

setup() {
    start_work
    export FT_COUNTERS=$work/counters
}
teardown() { end_work; }

# Turns over one bit of a file. damage FILE OFFSET
damage() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf '%b' "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Both copies of all that is in a replica's newest blocks are gone.
ruin() { dd if=/dev/urandom of="$1" bs=4096 count=6 conv=notrunc status=none; }

three() { ftcounter create ./jobs --replica d1/jobs --replica d2/jobs --replica d3/jobs; }

@test "add, remove, get and next print the value" {
    ftcounter create jobs
    [ "$(ftcounter get jobs)" = 0 ]
    [ "$(ftcounter add jobs 5)" = 5 ]
    [ "$(ftcounter add jobs)" = 6 ]
    [ "$(ftcounter remove jobs 8)" = -2 ]
    [ "$(ftcounter next jobs)" = -1 ]
    [ "$(ftcounter next jobs --count 10)" = "0 9" ]
    [ "$(ftcounter get jobs)" = 9 ]
    [ "$(ftcounter list)" = "jobs  9" ]
    ftcounter add jobs 1 --json | jq -e '.value == 10 and .repeated == false and .durable == "disk"'
}

@test "the same key counts once, and answers the same" {
    ftcounter create jobs
    [ "$(ftcounter add jobs 5 --key mail)" = 5 ]
    ftcounter add jobs 1 -q
    [ "$(ftcounter add jobs 5 --key mail)" = 5 ]
    refuses 7 "amount 5" "nothing changed" -- ftcounter add jobs 6 --key mail
    [ "$(ftcounter get jobs)" = 6 ]
}

@test "bounds and the ends of 64 bits are not crossed" {
    ftcounter create jobs --min -2 --max 10 --start 3
    refuses 7 "maximum 10" -- ftcounter add jobs 8
    refuses 7 "minimum -2" -- ftcounter remove jobs 6
    [ "$(ftcounter add jobs 7)" = 10 ]
    ftcounter create big --start 9223372036854775807
    refuses 7 "64 bits" -- ftcounter add big
    ftcounter create small --start -9223372036854775808
    refuses 7 "64 bits" -- ftcounter remove small
    [ "$(ftcounter get small)" = -9223372036854775808 ]
    [ "$(ftcounter remove big 9223372036854775807)" = 0 ]
    [ "$(ftcounter remove big 9223372036854775808)" = -9223372036854775808 ]
}

@test "a quota of 7 that 20 processes at once want is given 7 times" {
    ftcounter create quota --max 7
    local i
    for ((i = 0; i < 20; i++)); do (ftcounter add quota -q 2>/dev/null || echo $? >"refused$i") & done
    wait
    [ "$(ftcounter get quota)" = 7 ]
    [ "$(cat refused* | sort | uniq -c | tr -s ' ')" = " 13 7" ]
}

@test "three replicas: one may be missing or ruined, and is made anew" {
    mkdir d1 d2 d3
    three
    [ "$(ftcounter add ./jobs 4)" = 4 ]
    rm d2/jobs
    [ "$(ftcounter add ./jobs 2>"$messages")" = 5 ]
    grep -q "without d2/jobs (there is no such file)" "$messages"
    exits 3 ftcounter add ./jobs --strict -q 2>"$messages"
    exits 3 ftcounter status ./jobs >said
    grep -q "d2/jobs *missing *ftcounter repair ./jobs" said
    ftcounter repair ./jobs >said
    grep -q "d2/jobs: repaired" said
    [ "$(ftcounter repair ./jobs)" = "nothing to repair" ]
    ruin d1/jobs
    [ "$(ftcounter add ./jobs 2>"$messages")" = 7 ]
    ruin d3/jobs
    exits 4 ftcounter get ./jobs 2>"$messages" >said
    [ ! -s said ]
    grep -q "1 of its 3 replicas" "$messages"
    exits 4 ftcounter status ./jobs >said
    grep -q "no majority" said
}

@test "repair says which replica it cannot make, and why" {
    mkdir d1 d2 d3
    three
    rm d2/jobs
    FT_FAULTS="rename=EIO" exits 3 ftcounter repair ./jobs >said 2>"$messages"
    grep -q "d2/jobs: not repaired: " said
    grep -q "1 of its replicas could not be repaired" "$messages"
    ftcounter repair ./jobs -q
}

@test "a replica that was away is brought up by the next change" {
    mkdir d1 d2 d3
    three
    mv d2/jobs away
    ftcounter add ./jobs 5 -q 2>"$messages"
    mv away d2/jobs
    ftcounter add ./jobs 1 -q
    rm d1/jobs
    [ "$(ftcounter get ./jobs 2>"$messages")" = 6 ]
}

@test "a folder with a counter and its replicas can be moved, and each replica is a name of it" {
    mkdir -p home/d1 home/d2
    ftcounter create home/jobs --replica home/d1/a --replica home/d2/b
    ftcounter add home/jobs 3 -q
    mv home elsewhere
    [ "$(ftcounter add elsewhere/jobs)" = 4 ]
    [ "$(ftcounter add elsewhere/d1/a)" = 5 ]
    cd elsewhere/d2
    [ "$(ftcounter get ./b)" = 5 ]
    [ "$(ftcounter get ../jobs)" = 5 ]
}

@test "replicate and demote move a counter, within its threshold" {
    ftcounter create jobs
    ftcounter add jobs 9 -q
    ftcounter replicate jobs ./b
    ftcounter replicate jobs ./c
    refuses 7 "threshold is 3" -- ftcounter replicate jobs ./d
    [ "$(ftcounter add jobs)" = 10 ]
    [ "$(ftcounter get ./b)" = 10 ]
    ftcounter demote jobs ./b
    [ ! -e b ]
    refuses 1 "no such replica" -- ftcounter demote jobs ./b
    ftcounter demote ./c counters/jobs
    [ ! -e counters/jobs ]
    [ "$(ftcounter add ./c)" = 11 ]
    refuses 7 "last replica" -- ftcounter demote ./c c
    ftcounter rm ./c
    [ ! -e c ]
}

@test "a name that a killed command left behind the members finds them, also where one has come back in its place" {
    ftcounter create ./jobs --replica a --replica b --replica c
    local i
    for i in {1..8}; do
        cp jobs former
        ftcounter demote ./jobs c
        ftcounter replicate ./jobs c
        cp former jobs
        [ "$(ftcounter add ./jobs --strict --lock-wait 1s)" = "$i" ]
    done
}

@test "replicate killed at any step is simply done again" {
    local step
    for ((step = 1; ; step++)); do
        ftcounter create "./c$step"
        ftcounter add "./c$step" 7 -q
        ! FT_FAULTS="change@$step=kill" ftcounter replicate "./c$step" "./d$step" 2>/dev/null || break
        ftcounter replicate "./c$step" "./d$step" 2>"$messages" || grep -q "it is a replica already" "$messages"
        [ "$(ftcounter add "./d$step" --strict)" = 8 ]
        [ "$(ftcounter status "./c$step" --json | jq -s '.[-1].replicas')" = 2 ]
    done
    ((step > 10))
}

@test "a replica of another counter is not taken for one's own" {
    ftcounter create ./one --start 1
    ftcounter create ./two --start 2
    ftcounter replicate ./two ./copy
    refuses 7 "another replica" -- ftcounter replicate ./one ./copy
    [ "$(ftcounter get ./copy)" = 2 ]
}

@test "demote is refused where no majority would remain, and forced says what it goes by" {
    mkdir d1 d2 d3
    three
    ftcounter add ./jobs 3 -q
    ruin d1/jobs
    ruin d2/jobs
    exits 4 ftcounter demote ./jobs d1/jobs 2>"$messages"
    ftcounter demote ./jobs d1/jobs --force 2>"$messages"
    ftcounter demote ./jobs d2/jobs --force 2>"$messages"
    [ "$(ftcounter add ./jobs 2>"$messages")" = 4 ]
}

@test "a replica behind a command: added to, demoted, gone with its host for a while" {
    ftcounter create ./jobs --replica a --replica b --replica "pipe:ftcounter agent '$work/far'"
    [ "$(ftcounter add ./jobs 4)" = 4 ]
    [ "$(ftcounter get ./far)" = 4 ]
    mv far away
    [ "$(ftcounter add ./jobs 2>"$messages")" = 5 ]
    grep -q "without pipe:ftcounter agent" "$messages"
    mv away far
    [ "$(ftcounter add ./jobs)" = 6 ]
    rm a
    [ "$(ftcounter get ./jobs 2>"$messages")" = 6 ]
    ftcounter repair ./jobs -q
    ftcounter demote ./jobs "pipe:ftcounter agent '$work/far'"
    [ ! -e far ]
    [ "$(ftcounter get ./jobs)" = 6 ]
}

@test "an agent behind a pipe ends by itself when its work is done" {
    ftcounter create ./jobs --replica a --replica b --replica "pipe:ftcounter agent '$work/far'; sleep 0.1; echo >>ends"
    run -0 ftcounter add ./jobs
    [ "$output" = 1 ]
    [ "$(wc -l <ends)" = 2 ]
}

@test "a command that is no agent is an unreachable replica, with what it said" {
    ftcounter create ./jobs --replica a --replica b --replica "pipe:ftcounter agent '$work/far'"
    sed -i 's/pipe:.*/pipe:echo hello, this is no agent/' jobs
    [ "$(ftcounter add ./jobs 2>"$messages")" = 1 ]
    grep -q "does not speak as ftcounter agent" "$messages"
    sed -i 's/pipe:.*/pipe:exit 9/' jobs
    [ "$(ftcounter add ./jobs 2>"$messages")" = 2 ]
    grep -q "the command exited with 9" "$messages"
}

@test "a command that hangs holds up nobody for long, and is ended with all that it has started" {
    ftcounter create ./jobs --replica a --replica b --replica "pipe:ftcounter agent '$work/far'"
    sed -i "s/pipe:.*/pipe:sleep 98765 | sleep 98765/" jobs
    [ "$(ftcounter add ./jobs 2>"$messages")" = 1 ]
    grep -q "it does not answer" "$messages"
    local looks
    for ((looks = 0; looks < 1000; looks++)); do pgrep -f "sleep 98765" >/dev/null || break; done # they are being ended
    ((looks < 1000))
}

@test "a replica whose disk fails is left out: exit 0, one warning; where no majority is left nobody knows" {
    ftcounter create ./jobs --replica a --replica b --replica c
    [ "$(FT_FAULTS='write~b@1=EIO' ftcounter add ./jobs 2>"$messages")" = 1 ]
    [ "$(wc -l <"$messages")" = 1 ]
    grep -q "without b (Input/output error)" "$messages"
    [ "$(ftcounter add ./jobs)" = 2 ] # which brings it up
    FT_FAULTS='write~a@1=EIO;write~b@1=EIO' exits 6 ftcounter add ./jobs --key k 2>"$messages"
    ftcounter add ./jobs --key k -q
    [ "$(ftcounter get ./jobs)" = 3 ]
}

@test "one replica: a bit of either copy heals, and both copies of the newest commit are damage" {
    ftcounter create jobs
    ftcounter add jobs 5 -q
    local block
    for block in 0 1 2 3 4 5; do
        damage counters/jobs $((4096 * block + 700))
        [ "$(ftcounter get jobs)" = 5 ]
    done
    ruin counters/jobs
    refuses 4 counters/jobs -- ftcounter get jobs
    refuses 4 counters/jobs -- ftcounter add jobs
}

@test "what is in memory says so" {
    ftcounter create ./hits --replica "shm:/ft-cli-$$-hits"
    ftcounter add ./hits --json | jq -e '.durable == "memory"'
    ftcounter rm ./hits
    [ ! -e /dev/shm/ft-cli-$$-hits ]
}

@test "a counter that another process holds is waited for, and then said to be busy" {
    ftcounter create jobs
    mkfifo ready finish
    flock counters/jobs bash -c 'echo >ready; read -r _ <finish' &
    read -r _ <ready
    refuses 5 "pid $! (flock" "holds it" -- ftcounter add jobs --lock-wait 1s
    echo >finish
    [ "$(ftcounter add jobs)" = 1 ]
}

@test "an add that waits for another process is asked to stop, and ends by the signal" {
    ftcounter create jobs
    local queue signal code
    queue=$(printf '/dev/shm/ftcounter.*.%x' "$(stat -c %i counters/jobs)")
    exec 9<counters/jobs
    flock 9
    for signal in INT TERM HUP; do
        # A shell without job control starts what runs beside it with SIGINT ignored.
        env --default-signal ftcounter add jobs 2>"$messages" &
        until compgen -G "$queue" >/dev/null; do kill -0 $!; done # it waits
        kill -$signal $!
        code=0
        wait $! || code=$?
        [ "$code" = $((128 + $(kill -l $signal))) ]
        grep -qx "ftcounter: stopped by SIG$signal" "$messages"
    done
    flock -u 9
    [ "$(ftcounter add jobs)" = 1 ]
}

@test "kill -9 at any step of an add loses nothing and counts nothing twice" {
    ftcounter create jobs
    local step value
    for ((step = 1; ; step++)); do
        value=$(ftcounter get jobs)
        ! FT_FAULTS="*@$step=kill" ftcounter add jobs --key "$step" -q 2>/dev/null || break
        [ "$(ftcounter add jobs --key "$step")" = $((value + 1)) ]
        [ "$(ftcounter get jobs)" = $((value + 1)) ]
    done
    ((step > 3))
}

@test "pipe answers each line in order, and goes on after what it refuses" {
    ftcounter create jobs
    printf 'add 5\nadd 6 k\nadd 7 k\nfoo\nget\nnext 10\nnext\nremove 2' >lines
    exits 2 ftcounter pipe jobs <lines >said
    diff said - <<END
5
11
refused: this key was used with the amount 6 before
error: not 'add', 'remove', 'next' or 'get'
11
12 21
22
20
END
    exits 7 ftcounter pipe jobs >said <<<'add 9223372036854775807'
    grep -q "refused: the value 20 would leave 64 bits" said
    exits 0 ftcounter pipe jobs </dev/null
    [ "$(ftcounter get jobs)" = 20 ]
}

@test "pipe shows all that was answered before it fails" {
    ftcounter create jobs
    yes 'add 1' | head -n 12288 >lines
    FT_FAULTS='write~jobs@2=EIO' exits 6 ftcounter pipe jobs <lines >said 2>"$messages"
    seq 4096 | cmp - said
}

@test "pipe answers at once where more is to come, and lets others in meanwhile" {
    ftcounter create jobs
    coproc PIPE { ftcounter pipe jobs; }
    local answer
    echo add 5 >&"${PIPE[1]}"
    read -r answer <&"${PIPE[0]}"
    [ "$answer" = 5 ]
    [ "$(ftcounter add jobs)" = 6 ]
    echo add 1 >&"${PIPE[1]}"
    read -r answer <&"${PIPE[0]}"
    [ "$answer" = 7 ]
}

@test "a million lines go through pipe, each answered" {
    ftcounter create jobs
    yes 'add 1' | head -n 1000000 | ftcounter pipe jobs >said
    seq 1000000 | cmp - said
}

@test "tee passes everything on, and counts lines or bytes" {
    ftcounter create lines
    ftcounter create bytes
    head -c 3000000 /dev/urandom >data
    ftcounter tee lines <data >copy
    cmp copy data
    ftcounter tee bytes --bytes <data >copy
    cmp copy data
    [ "$(ftcounter get lines)" = "$(tr -dc '\n' <data | wc -c)" ]
    [ "$(ftcounter get bytes)" = 3000000 ]
}

@test "tee and pipe that are given nothing say nothing and count nothing" {
    ftcounter create none
    run -0 ftcounter tee none </dev/null
    [ -z "$output" ]
    run -0 ftcounter pipe none --strict </dev/null
    [ -z "$output" ]
    [ "$(ftcounter get none)" = 0 ]
}

@test "tee that is killed has counted no more than has passed" {
    ftcounter create passed
    mkfifo from to
    ftcounter tee passed --every 1s <from >to &
    local tee=$! line
    exec 8>from 9<to
    echo one >&8
    read -r line <&9
    ftcounter wait passed --ge 1 --timeout 60s -q
    echo two >&8
    read -r line <&9
    kill -9 $tee
    [ "$line" = two ]
    (($(ftcounter get passed) <= 2))
}

@test "wait ends when the value is there, watch shows each change" {
    ftcounter create jobs
    ftcounter watch jobs --count 2 >seen &
    local watch=$!
    until [ -s seen ]; do :; done
    ftcounter wait jobs --ge 3 --timeout 60s >waited &
    local wait=$!
    ftcounter add jobs 5 -q
    wait $watch $wait
    [ "$(tr '\n' ' ' <seen)" = "0 5 " ]
    [ "$(cat waited)" = 5 ]
    exits 7 ftcounter wait jobs --le 4 --timeout 1s >said
    [ "$(cat said)" = 5 ]
    refuses 2 "--ge" -- ftcounter wait jobs
}

@test "a counter in shared memory: plain" {
    local segment=/ft-cli-$$-hits
    ftcounter create hits --shm $segment
    [ "$(ftcounter add hits 5)" = 5 ]
    for _ in 1 2 3 4 5 6 7 8; do (yes 'add 1' | head -n 50000 | ftcounter pipe hits >/dev/null) & done
    wait
    [ "$(ftcounter get hits)" = 400005 ]
    ftcounter get hits --json | jq -e '.durable == "memory"'
    refuses 2 "no keys" -- ftcounter add hits --key a
    refuses 7 "--exact" -- ftcounter next hits
    ftcounter status hits | grep -q "400005; in memory, $segment, plain"
    ftcounter rm hits
    [ ! -e "/dev/shm$segment" ]
    refuses 1 "no such counter" -- ftcounter get hits
}

@test "a counter in shared memory: exact, with bounds and keys" {
    ftcounter create ./seats --shm "/ft-cli-$$-seats" --max 7
    [ "$(ftcounter add ./seats 2 --key a)" = 2 ]
    [ "$(ftcounter add ./seats 2 --key a)" = 2 ]
    refuses 7 "amount 2" -- ftcounter add ./seats 3 --key a
    refuses 7 "maximum 7" -- ftcounter add ./seats 6
    [ "$(ftcounter next ./seats --count 3)" = "3 5" ]
    [ "$(printf 'add 1 a\nadd 2 a\nnext' | ftcounter pipe ./seats 2>&1 || true)" = \
        "$(printf 'refused: this key was used with the amount 2 before\n2\n6')" ]
    ftcounter rm ./seats
}

@test "a counter in shared memory that is flushed is made again from its file" {
    local segment=/ft-cli-$$-flushed
    ftcounter create ./c --shm $segment --exact --flush 100ms file
    seq 500 | sed 's/.*/add 1 &/' | ftcounter pipe ./c >/dev/null
    ftcounter status ./c --json | jq -e '.behind == false'
    rm "/dev/shm$segment" # as the loss of power does
    [ "$(ftcounter add ./c 1 --key 499)" = 499 ]
    [ "$(ftcounter get ./c)" = 500 ]
    [ "$(ftcounter get ./file)" = 500 ]
    ftcounter rm ./c
    [ -e file ]
}

@test "what is counted in memory stays counted where its file cannot follow: a warning, with --strict exit 3" {
    mkdir place
    ftcounter create ./c --shm "/ft-cli-$$-unflushed" --flush 1ms place/file
    FT_FAULTS='write~file=EIO' exits 0 ftcounter add ./c 5 2>"$messages" >said
    [ "$(cat said)" = 5 ]
    grep -q "counted in memory, but not flushed" "$messages"
    [ "$(echo add 1 | FT_FAULTS='write~file=EIO' ftcounter pipe ./c 2>"$messages")" = 6 ]
    [ "$(grep -c "not flushed" "$messages")" = 1 ]
    FT_FAULTS='write~file=EIO' exits 3 ftcounter add ./c 1 --strict -q 2>"$messages"
    [ "$(ftcounter get ./c)" = 7 ]
    ftcounter rm ./c
}

@test "a counter whose memory is gone says so" {
    ftcounter create ./c --shm "/ft-cli-$$-gone"
    rm "/dev/shm/ft-cli-$$-gone"
    refuses 1 "memory is gone" "ftcounter rm ./c" -- ftcounter add ./c
    ftcounter rm ./c
    [ ! -e c ]
}

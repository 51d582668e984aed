# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# Goal: the commands that look at a store and tidy it tell the truth, and take away only what they were told to.

load common

setup() {
    start_work
    make_state
    ftckpt save job state -q
    echo two >state/one
    echo three >state/three
    rm state/link
    ftckpt save job state -q
    chmod 600 state/one
    ftckpt save job state -q
}
teardown() { end_work; }

names() { ftckpt list "$@" | awk '{ print $1 }' | tr '\n' ' '; }

@test "list tells checkpoints, their time, size and growth" {
    [ "$(names)" = "job@1 job@2 job@3 " ]
    echo x | ftckpt save other - -q
    [ "$(names)" = "job@1 job@2 job@3 other@1 " ]
    [ "$(names other)" = "other@1 " ]
    [ "$(names job@2)" = "job@2 " ]
    ftckpt list job --json | head -1 | jq -e '.checkpoint == "job@1" and .files == 2 and .bytes == 8 and (.incomplete | not)'
    [ "$(ftckpt list --names | tr '\n' ' ')" = "job other job@1 job@2 job@3 other@1 " ]
}

@test "list and status say which checkpoint is damaged, and still list the others" {
    chmod u+w store/checkpoints/job/2
    echo x >>store/checkpoints/job/2
    exits 4 ftckpt list >said 2>"$messages"
    grep -q '^job@2  damaged' said
    grep -q '^job@3  20' said
    grep -q '1 checkpoint is damaged' "$messages"
    exits 4 ftckpt list --json >said
    jq -es '.[1].damaged and (.[2].damaged | not)' said
    exits 4 ftckpt show job@2 2>"$messages"
    exits 0 ftckpt status job -q
}

@test "show tells where a checkpoint is from and how it went" {
    ftckpt show job@1 >said
    for word in 'checkpoint   job@1' 'source       tree state: 5 entries, 8 bytes' 'times        T_save' 'bytes        8 bytes read'; do
        grep -qF "$word" said
    done
    ftckpt show job --json | jq -e '.sources[0].type == "tree" and .sources[0].origin == "state" and (.host | length > 0)'
}

@test "ls and cat show a checkpoint without restoring it" {
    [ "$(ftckpt ls job@1 | tr '\n' ' ')" = ". link logs logs/two one " ]
    [ "$(ftckpt ls job logs | tr '\n' ' ')" = "logs logs/two " ]
    [ "$(ftckpt ls job ./logs/ | tr '\n' ' ')" = "logs logs/two " ]
    ftckpt ls -l job@1 one | grep -Eq '^-rw-r--r-- [^ ]+ +[^ ]+ +4 20[-0-9]+ [:0-9]+ one$'
    ftckpt ls -l job@1 link | grep -Eq '^l.* link -> one$'
    [ "$(ftckpt cat job@1 one)" = one ]
    [ "$(ftckpt cat job@2 one)" = two ]
}

@test "diff names what was added, removed, and changed in content or attributes" {
    [ "$(ftckpt diff job@1 job@2 | tr '\n' ',')" = "m .,- link,M one,+ three," ]
    [ "$(ftckpt diff job@2 job@3)" = "m one" ]
    [ -z "$(ftckpt diff job@3 job@3)" ]
    [ -z "$(ftckpt diff job state)" ]
    echo four >state/four
    echo tow >state/one
    [ "$(ftckpt diff job state | tr '\n' ',')" = "m .,+ four,M one," ]
    ftckpt diff job@1 job@2 --json | tail -1 | jq -e '.differences == 4'
}

@test "rm takes exactly what was named, and its number is never used again" {
    ftckpt rm job@3 job@1
    [ "$(names)" = "job@2 " ]
    [ "$(ftckpt save job state)" = job@4 ]
    exits 0 ftckpt verify
    exits 0 ftrestore job@2 out -q
}

@test "what is pinned is spared by rm and prune until it is unpinned" {
    ftckpt pin job@1
    ftckpt list | grep -q '^job@1 .*pinned$'
    exits 7 ftckpt rm job@1 2>"$messages"
    ftckpt prune --keep 1 -q
    [ "$(names)" = "job@1 job@3 " ]
    ftckpt unpin job@1
    ftckpt prune --keep 1 -q
    [ "$(names)" = "job@3 " ]
}

@test "prune keeps what its rules keep, gives space back, and a dry run changes nothing" {
    head -c 2000000 /dev/urandom >state/noise
    ftckpt save job state -q
    rm state/noise
    ftckpt save job state -q
    before=$(du -s store | cut -f1)
    [ "$(ftckpt prune job --keep 2 --dry-run | grep -c '^remove ')" = 3 ]
    [ "$(names)" = "job@1 job@2 job@3 job@4 job@5 " ]
    [ "$(ftckpt prune job --keep 1 | tr '\n' ',')" = "remove  job@1,remove  job@2,remove  job@3,remove  job@4," ]
    [ "$(names)" = "job@5 " ]
    (($(du -s store | cut -f1) < before - 1500))
    exits 0 ftckpt verify
    exits 0 ftrestore job out -q
    diff -r state out
}

@test "prune by time keeps the newest of each day" {
    ftckpt prune --keep-daily 3 --json | jq -es 'map(select(.type == "item" and (.removed | not)).checkpoint) == ["job@3"]'
    [ "$(names)" = "job@3 " ]
    ftckpt save job state -q
    ftckpt prune --keep-within 1h -q
    [ "$(names)" = "job@3 job@4 " ]
}

@test "prune without a rule removes no checkpoint" {
    ftckpt prune
    [ "$(names)" = "job@1 job@2 job@3 " ]
}

@test "prune spares what a save and a restore at the same time need" {
    mkfifo slow
    ftckpt save stream - -q <slow &
    exec 9>slow
    head -c 5000000 /dev/urandom >&9
    ftckpt prune --keep 1 -q
    exec 9>&-
    wait $!
    exits 0 ftckpt verify
    [ "$(ftrestore stream - | wc -c)" = 5000000 ]
}

@test "verify reads everything, quick only what leads to it" {
    ftckpt verify --json | jq -e '.checkpoints == 3 and .damaged == 0 and .bytes > 0 and .packs > 0'
    ftckpt verify job@2 --json | jq -e '.checkpoints == 1'
    exits 0 ftckpt verify --quick
    find store/packs -type f -exec rm {} +
    exits 4 ftckpt verify >said 2>"$messages"
    grep -q '^job@1: ' said
    exits 4 ftckpt verify --quick >said 2>"$messages"
}

@test "repair rebuilds the index, and says what is lost" {
    rm -r store/index
    exits 4 ftckpt verify -q 2>"$messages"
    exits 0 ftckpt repair
    exits 0 ftckpt verify
    find store/packs -type f -printf '%s %p\n' | sort -n | tail -1 | cut -d' ' -f2 | xargs rm
    exits 4 ftckpt repair >said 2>"$messages"
    grep -q '^job@. lost data: ' said
}

@test "status tells the age, and exits 7 where it is too old" {
    exits 0 ftckpt status job --max-age 1h -q
    exits 7 ftckpt status job --max-age 0s >said
    grep -q 'too old$' said
    ftckpt status --json | head -1 | jq -e '.checkpoint == "job@3" and .age >= 0 and (.too_old | not)'
    ftckpt rm job@1 job@2 job@3
    exits 7 ftckpt status --max-age 1h 2>"$messages"
    exits 0 ftckpt status
}

@test "status writes metrics that Prometheus reads, by rename" {
    echo old >ft.prom
    chmod 600 ft.prom
    ftckpt status -q --metrics ft.prom
    grep -q '^ft_checkpoint_sequence{name="job"} 3$' ft.prom
    [ "$(grep -c '^# TYPE ft_' ft.prom)" = "$(grep -c '^ft_' ft.prom)" ]
    FT_FAULTS='write@1=ENOSPC' exits 1 ftckpt status -q --metrics ft.prom 2>"$messages"
    grep -q '^ft_checkpoint_sequence{name="job"} 3$' ft.prom
}

@test "status names the interval that loses least work" {
    ftckpt status job --mtbf 24h | grep -q 'best interval [0-9]'
    ftckpt status job --mtbf 24h --json | head -1 | jq -e '.interval as $i | .T_save_median as $c |
        ($i > (2 * $c * 86400 | sqrt) * 0.99) and ($i < (2 * $c * 86400 | sqrt) * 1.01)'
}

# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# Goal: shared memory is saved while it is in use, comes back after a crash, and with --freeze is of one instant.
# Method: programs that keep their state in segments (segment.cpp) are killed, or write for ever.

load common

setup() {
    start_work
    segment=ft-cli-$$-segment
}
teardown() {
    [[ -z ${writer-} ]] || kill -9 "$writer"
    end_work
}

# Starts `segment WHAT` beside us; when this returns it has its segment.
start_writer() {
    local word
    mkfifo told
    segment "$1" "$segment" >told 3>&- &
    writer=$!
    read -r word <told
    [ "$word" = ready ]
}

kill_writer() {
    kill -9 "$writer"
    wait "$writer" || true
    writer=
}

comes_back_after_kill() {
    start_writer "$1"
    [ "$(ftckpt save table --shm "/$segment")" = table@1 ]
    stat -c '%s %a %u %g' "/dev/shm/$segment" >before
    kill_writer
    rm "/dev/shm/$segment"
    exits 0 ftrestore table --shm "/$segment" -q
    exits 0 segment "check-$1" "$segment"
    stat -c '%s %a %u %g' "/dev/shm/$segment" | diff before -
}

@test "a map in a Boost.Interprocess segment that is open is saved, and whole after kill -9 and its removal" {
    comes_back_after_kill map
}

@test "a segment of shm_open that is open is saved, and whole after kill -9 and its removal" {
    comes_back_after_kill plain
}

# The first and the last word of the newest copy; the writer lets them differ by one at most, at every instant.
words() {
    ftrestore pair - >copy
    od -An -tu8 -N8 copy
    tail -c 8 copy | od -An -tu8
}

@test "with --freeze what a writer keeps between two words holds in every copy, without it in some it does not" {
    start_writer pair
    torn=no
    for ((i = 0; i < 100; i++)); do
        ftckpt save pair --shm "/$segment" -q
        read -r -d '' first last < <(words) || true
        ((first - last == 0 || first - last == 1)) || { torn=yes; break; }
    done
    [ $torn = yes ] # so that what follows means something
    before=$first
    for ((i = 0; i < 10; i++)); do
        ftckpt save pair --shm "/$segment" --freeze "$writer" -q
        read -r -d '' first last < <(words) || true
        echo "frozen at $first and $last"
        ((first - last == 0 || first - last == 1))
        ((first > before)) # it ran in between
        before=$first
    done
}

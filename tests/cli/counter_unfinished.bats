# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# What commands of ftcounter leave that are killed half-way, or meet each other.

load common

setup() {
    start_work
    export FT_COUNTERS=$work/counters
}
teardown() {
    rm -f "/dev/shm/ft-cli-$$-made"
    end_work
}

exit_of() { if "$@" >"$messages" 2>&1; then echo 0; else echo $?; fi; }

# A create is killed before and after each of its changes; the next one works, and counts. create_killed FLAG...
create_killed() {
    local step how
    for how in kill killafter; do
        for ((step = 1; ; step++)); do
            if FT_FAULTS="change@$step=$how" ftcounter create ./jobs "$@" 2>/dev/null; then break; fi
            if [ ! -e jobs ]; then ftcounter create ./jobs "$@"; fi
            [ "$(ftcounter add ./jobs 2 --strict)" = 7 ]
            ftcounter rm ./jobs
            rm -f file
            [ -z "$(ls -A)" ]
        done
        ((step > 3))
        ftcounter rm ./jobs
        rm -f file
    done
}

@test "a create of several replicas killed at any step does not stand in the way of the next" {
    mkdir empty && cd empty
    create_killed --start 5 --replica a --replica b --replica c
}

@test "a create in shared memory killed at any step does not stand in the way of the next" {
    mkdir empty && cd empty
    create_killed --start 5 --shm "/ft-cli-$$-made" --exact
}

@test "a create in shared memory with a file killed at any step does not stand in the way of the next" {
    mkdir empty && cd empty
    create_killed --start 5 --shm "/ft-cli-$$-made" --exact --flush 1s file
}

@test "a killed create in shared memory leaves the file that was there before as it was" {
    ftcounter create ./first --shm "/ft-cli-$$-made" --exact --flush 1s file
    echo "add 41" | ftcounter pipe ./first
    rm "/dev/shm/ft-cli-$$-made" first
    if FT_FAULTS="rename~jobs=kill" ftcounter create ./jobs --shm "/ft-cli-$$-made" --exact --flush 1s file; then
        return 1
    fi
    [ -e "/dev/shm/ft-cli-$$-made" ]
    ftcounter create ./jobs --shm "/ft-cli-$$-made" --exact --flush 1s file
    [ "$(ftcounter add ./jobs)" = 42 ]
}

@test "without a majority status says by its exit code what is in the way" {
    ftcounter create ./jobs --replica a --replica b --replica "pipe:ftcounter agent '$work/far'"
    sed "s|agent '|agent '/nowhere|" jobs >other && mv other jobs
    rm a
    [ "$(exit_of ftcounter status ./jobs)" = 1 ]
    exec 9<b
    flock 9
    [ "$(exit_of ftcounter status ./jobs --lock-wait 1s)" = 5 ]
    exec 9<&-
    dd if=/dev/urandom of=b bs=4096 count=6 conv=notrunc status=none
    [ "$(exit_of ftcounter status ./jobs)" = 4 ]
}

@test "of two that replicate to one place at once one does it, and the other says so" {
    local i first second
    for ((i = 0; i < 20; i++)); do
        ftcounter create "./jobs$i"
        ftcounter replicate "./jobs$i" "copy$i" 2>"$messages.1" & first=$!
        ftcounter replicate "./jobs$i" "copy$i" 2>"$messages.2" & second=$!
        if wait "$first"; then first=0; else first=$?; fi
        if wait "$second"; then second=0; else second=$?; fi
        cat "$messages.1" "$messages.2"
        [ "$((first * second))" = 0 ]
        [[ " 0 1 7 " = *" $((first + second)) "* ]]
        [ "$(ftcounter add "./jobs$i" --strict)" = 1 ]
        ftcounter status "./jobs$i" --json | jq -es '.[-1].replicas == 2 and .[-1].sound == 2'
    done
    rm "$messages.1" "$messages.2"
}

@test "--lock-wait is for counters in shared memory too" {
    ftcounter create ./hits --shm "/ft-cli-$$-made" --flush 1ms file
    exec 9<file
    flock 9
    SECONDS=0
    ftcounter add ./hits --lock-wait 1s
    ((SECONDS < 8))
}

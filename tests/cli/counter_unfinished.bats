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

# The scripts of scripts/examples do what they say.
# shellcheck disable=SC2016  # the jobs are expanded by the shell that runs them

bats_require_minimum_version 1.5.0

setup() {
    examples=$BATS_TEST_DIRNAME/../../scripts/examples
    export FT_STORE=$BATS_TEST_TMPDIR/store TMPDIR=$BATS_TEST_TMPDIR
    cd "$BATS_TEST_TMPDIR" || return
}

@test "cron.sh saves, prunes, and says nothing when nothing is wrong" {
    mkdir app
    echo 1 >app/file
    for _ in 1 2 3; do
        KEEP='--keep 2' run -0 --separate-stderr "$examples/cron.sh" app app
        [ -z "$output" ] && [ -z "$stderr" ]
    done
    [ "$(ftckpt list --names | tr '\n' ' ')" = "app app@2 app@3 " ]
}

@test "cron.sh leaves it to the run before where that is still at it" {
    mkdir app
    flock app "$examples/cron.sh" app app
    [ ! -e "$FT_STORE" ]
}

@test "cron.sh fails loudly where nothing can be saved" {
    mkdir app
    run -1 --separate-stderr "$examples/cron.sh" app app missing
    [[ $stderr = *missing* ]]
    run -2 "$examples/cron.sh" app
}

@test "pipeline.sh brings a stream back, and makes no checkpoint of a failed producer" {
    run -0 "$examples/pipeline.sh" 1000
    [[ $output = *"as it was, 1000 lines"*"nothing was saved"*"db@2"* ]]
    [[ $output != *db@3* ]]
}

@test "drill.sh survives each of its kills, and says how long it took" {
    run -0 "$examples/drill.sh" -n 5 -t 0.3
    [[ ${lines[0]} = "5 of 5 kills survived: 100.0 % (95 % interval 56.6 % to 100.0 %)" ]]
    [[ ${lines[1]} =~ ^T_load\ +p50\ [0-9]+\ ms\ +p95\ [0-9]+\ ms\ +max\ [0-9]+\ ms$ ]]
    [[ ${lines[2]} =~ ^T_resume\ +p50\ [0-9]+\ ms\ +p95\ [0-9]+\ ms\ +max\ [0-9]+\ ms$ ]]
    [ -z "$(find "$BATS_TEST_TMPDIR" -name 'tmp.*')" ]
}

@test "drill.sh takes a job and a check, and a check that fails is a kill that was not survived" {
    run -0 "$examples/drill.sh" -n 2 -t 0.2 'date >>"$STATE/log"' '[ -s "$STATE/log" ]'
    [[ $output = "2 of 2"* ]]
    run -1 --separate-stderr "$examples/drill.sh" -n 2 -t 0.1 'date >>"$STATE/log"' false
    [[ $output = "0 of 2 kills survived: 0.0 % (95 % interval 0.0 % to 65.8 %)"* ]]
    [[ $stderr = *"what is left to look at is in"* ]]
}

@test "drill.sh says so where the job ends by itself, or the drill is asked for nonsense" {
    run -1 --separate-stderr "$examples/drill.sh" -n 1 -t 5 '[ ! -e "$STATE/once" ] && touch "$STATE/once"'
    [[ $stderr = *"the job ended by itself"* ]]
    run -1 "$examples/drill.sh" -n 1 false
    run -2 "$examples/drill.sh" -n 0
    run -2 "$examples/drill.sh" -t soon
}

# The scripts of scripts/examples do what they say.
# shellcheck disable=SC2016  # the jobs are expanded by the shell that runs them

bats_require_minimum_version 1.5.0

setup() {
    examples=$BATS_TEST_DIRNAME/../../scripts/examples
    export FT_STORE=$BATS_TEST_TMPDIR/store FT_COUNTERS=$BATS_TEST_TMPDIR/counters TMPDIR=$BATS_TEST_TMPDIR
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

@test "number.sh gives each run a number of its own, and again the same to a run that is made again" {
    ftcounter create reports
    local run
    for run in {1..10}; do "$examples/number.sh" reports "run$run" sh -c 'echo "$NUMBER"' >"said$run" & done
    wait
    [ "$(cat said* | sort -n | tr '\n' ' ')" = "1 2 3 4 5 6 7 8 9 10 " ]
    run -137 "$examples/number.sh" reports night sh -c 'echo "$NUMBER" >killed; kill -9 $$'
    run -0 "$examples/number.sh" reports night sh -c 'echo "$NUMBER"'
    [ "$output" = 11 ] && [ "$(cat killed)" = 11 ]
}

@test "number.sh leaves out no number and gives none twice where ftcounter is killed" {
    ftcounter create reports
    local step number
    for ((step = 1; ; step++)); do
        ! FT_FAULTS="*@$step=kill" "$examples/number.sh" reports "run$step" true 2>/dev/null || break
        number=$("$examples/number.sh" reports "run$step" sh -c 'echo "$NUMBER"')
        [ "$number" = "$step" ]
    done
    ((step > 3))
}

@test "number.sh runs nothing where there is no number" {
    run -1 --separate-stderr "$examples/number.sh" reports night touch started
    [[ $stderr = *"no such counter"* ]]
    run -2 "$examples/number.sh" reports night
    [ ! -e started ]
}

@test "quota.sh starts as many commands as the quota allows, whoever asks" {
    ftcounter create mails --max 7
    run -123 --separate-stderr xargs -a <(seq 20) -P 8 -I% "$examples/quota.sh" mails % sh -c 'echo % >>sent'
    [ "$(sort -u sent | wc -l)" = 7 ]
    [ "$(ftcounter get mails)" = 7 ]
    ftcounter remove mails 1 -q
    "$examples/quota.sh" mails another sh -c 'echo another >>sent'
    [ "$(wc -l <sent)" = 8 ]
    run -7 "$examples/quota.sh" mails more touch started
    run -2 "$examples/quota.sh" mails more
    [ ! -e started ]
}

@test "quota.sh counts a worker that was killed and started again once" {
    ftcounter create mails --max 2
    run -137 "$examples/quota.sh" mails first sh -c 'kill -9 $$'
    "$examples/quota.sh" mails first touch sent
    [ -e sent ]
    [ "$(ftcounter get mails)" = 1 ]
}

# Does its work on 300 lines, then waits until the gate is opened, and goes on.
work_to_gate() {
    while read -r line; do
        echo "$line" >>worked
        echo "$line"
        if [ "$line" = 300 ]; then read -r _ <gate; fi
    done
}

@test "progress.sh goes on where it was killed, and leaves out nothing" {
    export -f work_to_gate
    mkfifo gate
    seq 1000 >lines
    ftcounter create letters
    setsid "$examples/progress.sh" letters lines bash -c work_to_gate >log &
    local pid=$!
    ftcounter wait letters --ge 300 --timeout 60s -q
    kill -9 -- -$pid
    wait $pid || [ $? = 137 ]
    run -0 "$examples/progress.sh" letters lines bash -c work_to_gate
    [ "${lines[0]}" = 301 ]
    [ "$(ftcounter get letters)" = 1000 ]
    seq 1000 | cmp - worked
    run -0 "$examples/progress.sh" letters lines bash -c work_to_gate
    [ -z "$output" ]
    run -1 "$examples/progress.sh" letters missing cat
    run -2 "$examples/progress.sh" letters lines
}

@test "progress.sh waits for what a killed one left behind" {
    export -f work_to_gate
    mkfifo gate
    seq 1000 >lines
    ftcounter create letters
    "$examples/progress.sh" letters lines bash -c work_to_gate >log &
    local pid=$!
    ftcounter wait letters --ge 300 --timeout 60s -q
    kill -9 $pid
    wait $pid || [ $? = 137 ]
    "$examples/progress.sh" letters lines bash -c work_to_gate >more &
    pid=$!
    echo >gate
    wait $pid
    seq 1000 | cmp - worked
    seq 1000 | cmp - log
    [ ! -s more ]
}

@test "nightly.sh: a checkpoint, a number and files appear together, or not at all" {
    export FT_2PC=$BATS_TEST_TMPDIR/home
    mkdir state report www
    echo data >state/file
    echo 'report 1' >report/index
    ftcounter create nights --max 2
    "$examples/nightly.sh" app state nights report www
    [ "$(ftcounter get nights) $(cat www/index) $(ftckpt list app | wc -l)" = "1 report 1 1" ]
    echo more >state/file
    echo 'report 2' >report/index
    # The report cannot be put into place: no checkpoint, no number.
    run -7 "$examples/nightly.sh" app state nights report missing
    [ "$(ftcounter get nights)" = 1 ]
    run -7 ftckpt show app@2
    "$examples/nightly.sh" app state nights report www
    [ "$(ftcounter get nights) $(cat www/index)" = "2 report 2" ]
    # The counter is full.
    echo 'report 3' >report/index
    run -7 "$examples/nightly.sh" app state nights report www
    [[ $output = *'nights'* ]]
    [ "$(cat www/index)" = 'report 2' ]
    run -7 ftckpt show app@3
    ftckpt verify app >said
    ftrestore app@2 back -q
    diff -r state back
    run -2 "$examples/nightly.sh" app state nights missing www
}

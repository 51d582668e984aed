# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# Participants behind a pipe: another coordinator's directory stands for another host.

load common

setup() {
    start_work
    export FT_2PC=$work/home
    mkdir far
    echo 'old a' >a
    echo 'new a' >a.new
    echo 'old b' >far/b
    echo 'new b' >far/b.new
    agent="ft2pc agent --dir $work/far-home file:far/b=far/b.new"
}
teardown() { end_work; }

far_agent() { ft2pc agent --dir "$work/far-home" file:far/b=far/b.new; }
all_old() { [ "$(cat a far/b)" = $'old a\nold b' ]; }
all_new() { [ "$(cat a far/b)" = $'new a\nnew b' ]; }
nothing_left() {
    [ -z "$(ft2pc list)" ] && [ -z "$(ft2pc list --dir far-home)" ] && [ -z "$(find . -name '.*ft2pc*')" ]
}

@test "files here and on another host change together" {
    run -0 ft2pc run -p file:a=a.new -p "pipe:$agent"
    [ -z "$output" ]
    all_new
    nothing_left
}

@test "what runs there ends by itself when its work is done" {
    run -0 ft2pc run -p file:a=a.new -p "pipe:$agent; sleep 0.1; echo >>ends"
    [ -z "$output" ]
    [ "$(wc -l <ends)" = 1 ]
}

@test "who has obeyed and cannot forget is named, and recover asks again" {
    cat >keeper <<'END'
while read -r number verb _; do
    case $verb in
    prepare) echo "$number yes" ;;
    forget) [ -e may-forget ] && echo "$number done" || echo "$number again not yet" ;;
    *) echo "$number done" ;;
    esac
done
END
    run -3 ft2pc run -p file:a=a.new -p 'pipe:sh keeper' --deliver-wait 1s
    [[ $output = *'is committed, not yet everywhere: pipe:sh keeper: not yet; '* ]]
    touch may-forget
    ft2pc recover
    nothing_left
}

@test "a refusal there aborts here, and is named" {
    rm far/b.new
    run -7 ft2pc run -p file:a=a.new -p "pipe:$agent"
    [[ $output = *'is aborted: pipe:ft2pc agent '*'far/b.new: No such file'* ]]
    [ "$(cat a)" = 'old a' ]
    nothing_left
}

@test "what is prepared there waits for its coordinator, whatever recover there says" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new "pipe:$agent"
    ft2pc prepare "$t"
    all_old
    [ "$(ft2pc list --dir far-home --json | jq -r 'select(.type == "item") | .state')" = prepared ]
    run -0 ft2pc recover --dir far-home
    [ -z "$output" ]
    rm far/b.new
    ft2pc commit "$t"
    all_new
    nothing_left
}

@test "abort reaches the other host" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new "pipe:$agent"
    ft2pc prepare "$t"
    ft2pc abort "$t"
    all_old
    nothing_left
}

@test "a host that is gone after its yes hears of the decision when it is back" {
    local t
    t=$(ft2pc begin)
    ft2pc add "$t" file:a=a.new "pipe:[ ! -e gone ] && $agent"
    ft2pc prepare "$t"
    touch gone
    run -3 ft2pc commit "$t" --deliver-wait 1s
    [[ $output = *"committed, not yet everywhere: pipe:"*"the command exited with 1; 'ft2pc recover' tells them"* ]]
    [ "$(cat a far/b)" = $'new a\nold b' ]
    run -6 ft2pc recover --deliver-wait 1s
    rm gone
    [ "$(ft2pc recover)" = "$t committed" ]
    all_new
    nothing_left
}

@test "a host that was never there aborts, and is told so when it is there" {
    run -7 ft2pc run --deliver-wait 1s -p file:a=a.new -p "pipe:[ ! -e gone ] && exit 3; $agent"
    [[ $output = *'is aborted: pipe:'*'the command exited with 3'*"not told yet"* ]]
    [ -n "$(ft2pc list)" ]
    touch gone
    ft2pc recover
    all_old
    nothing_left
}

@test "a question that comes late, after its abort, is refused" {
    local branch=ft-00000000000000000000000000000001-2-0-0
    exec 7> >(far_agent >answers)
    echo "1 abort $branch" >&7
    until [ -s answers ]; do :; done
    echo "2 prepare $branch" >&7
    echo "3 commit $branch" >&7
    until [ "$(wc -l <answers)" = 3 ]; do :; done
    exec 7>&-
    [ "$(sort answers)" = $'1 done\n2 no this branch was asked or aborted before\n3 broken it was aborted here' ] || {
        sort answers
        false
    }
    echo "4 forget $branch" | far_agent
    all_old
    nothing_left
}

@test "an agent answers commit and abort of what it does not know" {
    local branch=ft-00000000000000000000000000000001-2-0-0
    [ "$(echo "1 commit $branch" | far_agent)" = '1 unknown its host knows no such branch' ]
    [ "$(echo "2 forget $branch" | far_agent)" = '2 done' ]
}

@test "an agent that is asked nonsense says so and ends" {
    for line in hello '1 prepare' 'x prepare ft-1' '1 dance ft-1' '1 abort ft-1 more' ''; do
        run -2 far_agent <<<"$line"
        [[ $output = *'cannot understand a request'* ]]
    done
}

@test "a participant that does not speak the protocol aborts the transaction" {
    for nonsense in 'echo hello; cat' 'cat' 'yes' 'exit 0' 'head -c 100000 /dev/zero; sleep 60'; do
        run -7 ft2pc run --deliver-wait 1s -p file:a=a.new -p "pipe:$nonsense"
        [[ $output = *"is aborted: pipe:$nonsense: "* ]]
        [ "$(cat a)" = 'old a' ]
    done
}

@test "a participant that does not answer in time aborts the transaction" {
    run -7 ft2pc run --prepare-wait 1s --deliver-wait 1s -p file:a=a.new -p 'pipe:sleep 60'
    [[ $output = *'is aborted: pipe:sleep 60: '* ]]
    [ "$(cat a)" = 'old a' ]
}

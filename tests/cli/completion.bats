# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# Goal: what is completed on the command line is what is there, in each shell, for all programs at once.
# Method: the shells themselves are asked; all programs' scripts are loaded in the same shell, as users have them.

load common

setup() {
    start_work
    make_state
    ftckpt save job state >/dev/null
    ftckpt save job state >/dev/null
    export FT_COUNTERS=$work/counters
    ftcounter create jobs
    export FT_2PC=$work/home
    transaction=$(ft2pc begin)
    for tool in ftckpt ftrestore ftcounter ft2pc; do
        for shell in bash zsh fish; do $tool completion $shell >"$tool.$shell"; done
    done
}
teardown() { end_work; }

in_bash() {
    bash -c 'source ./ftckpt.bash; source ./ftrestore.bash; source ./ftcounter.bash; source ./ft2pc.bash
        COMP_LINE=$2; COMP_POINT=${#COMP_LINE}; "_$1"
        printf "%s\n" "${COMPREPLY[@]}"' - "${1%% *}" "$1" | offered
}

in_zsh() {
    mkdir -p zsh
    for tool in ftckpt ftrestore ftcounter ft2pc; do cp $tool.zsh zsh/_$tool; done
    HOME=$work timeout 60 zsh -f "$BATS_TEST_DIRNAME/zsh_offers.zsh" zsh "$1" | offered
}

in_fish() {
    # shellcheck disable=SC2016  # fish expands it
    HOME=$work fish --private -c 'source ftckpt.fish; source ftrestore.fish; source ftcounter.fish; source ft2pc.fish; complete -C $argv[1]' "$1" | cut -f1 | offered
}

offered() { sed '/^$/d' | sort | tr '\n' ' '; }

# completes SHELL: what each shell offers alike.
completes() {
    [ "$("in_$1" "ftckpt ver")" = "verify " ]
    [ "$("in_$1" "ftckpt comp")" = "completion " ]
    [ "$("in_$1" "ftckpt completion f")" = "fish " ]
    [ "$("in_$1" "ftckpt show j")" = "job job@1 job@2 " ]
    [ "$("in_$1" "ftrestore j")" = "job job@1 job@2 " ]
    [ "$("in_$1" "ftckpt verify --qui")" = "--quick --quiet " ]
    [ "$("in_$1" "ftrestore --key")" = "" ]
    [ "$("in_$1" "ftrestore --keep")" = "--keep-old " ]
    [ "$("in_$1" "ftckpt list --progress a")" = "always auto " ]
    [ "$("in_$1" "ftcounter get j")" = "jobs " ]
    [ "$("in_$1" "ftcounter add jobs --ke")" = "--key " ]
    [ "$("in_$1" "ft2pc rec")" = "recover " ]
    [ "$("in_$1" "ft2pc show ${transaction:0:3}")" = "$transaction " ]
    [ "$("in_$1" "ft2pc commit --deli")" = "--deliver-wait " ]
    mv home other
    [ "$("in_$1" "ft2pc show --dir other ${transaction:0:3}")" = "$transaction " ]
    [ "$("in_$1" "ft2pc show --dir=other ${transaction:0:3}")" = "$transaction " ]
    [ "$("in_$1" "ft2pc show ${transaction:0:3}")" = "" ]
    mv store elsewhere
    [ "$("in_$1" "ftckpt show --store elsewhere j")" = "job job@1 job@2 " ]
    [ "$("in_$1" "ftrestore --store=elsewhere j")" = "job job@1 job@2 " ]
    [ "$("in_$1" "ftckpt show -s ~/elsewhere j")" = "job job@1 job@2 " ]
    [ "$("in_$1" "ftckpt show j")" = "" ]
}

@test "bash completes commands, flags, words and checkpoints" {
    export HOME=$work
    completes bash
}

@test "bash replaces only what comes after its own word breaks, and offers files" {
    [ "$(in_bash "ftckpt show job@")" = "1 2 " ]
    [ "$(in_bash "ftrestore job@")" = "1 2 " ]
    [ "$(in_bash "ftrestore job sta")" = "state " ]
}

@test "zsh completes commands, flags, words and checkpoints" { completes zsh; }

@test "zsh offers files and whole names" {
    [ "$(in_zsh "ftrestore job@")" = "job@1 job@2 " ]
    [ "$(in_zsh "ftrestore job sta")" = "state " ]
}

@test "fish completes commands, flags, words and checkpoints" { completes fish; }

@test "fish offers files and whole names" {
    [ "$(in_fish "ftrestore job@")" = "job@1 job@2 " ]
    [[ "$(in_fish "ftrestore job sta")" = *"state/ "* ]]
}

@test "completion scripts are scripts of their shells" {
    for tool in ftckpt ftrestore ftcounter ft2pc; do
        bash -n $tool.bash
        shellcheck -s bash $tool.bash
        head -1 $tool.zsh | grep -qx "#compdef $tool"
        zsh -n $tool.zsh
        fish --no-execute $tool.fish
        [ "$(grep -c "^complete -c $tool " $tool.fish)" -gt 15 ]
    done
}

@test "no two programs' scripts define anything alike" {
    for shell in bash zsh; do
        [ -n "$(sed -n 's/^\([a-z0-9_]*\)().*/\1/p' ft*.$shell)" ]
        [ -z "$(sed -n 's/^\([a-z0-9_]*\)().*/\1/p' ft*.$shell | sort | uniq -d)" ]
    done
    [ -z "$(sed -n 's/^function \([a-z0-9_]*\).*/\1/p' ft*.fish | sort | uniq -d)" ]
}

# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# Goal: whatever is typed wrongly or stands in the way, the program says in one line what, where and what to do, ends
#       with the right code, and has changed nothing.
# Method: one case a line: refuses CODE WORDS-OF-THE-MESSAGE -- COMMAND (common.bash).

load common

setup_file() {
    start_work
    rm "$messages"
    make_state
    ftckpt save job state >/dev/null
    echo more >state/more
    ftckpt save job state >/dev/null
    echo dump | ftckpt save stream - >/dev/null
    rm -r state/more
    export template=$work
}
teardown_file() {
    work=$template
    end_work
}
setup() {
    start_work
    cp -a "$template/." "$work"
    printf -v long_name '%0201d' 0
}
teardown() { end_work; }

# ---- Commands and flags that do not exist: named, with what was meant, and not run.
@test "no command" { refuses 2 "no command" "ftckpt --help" -- ftckpt; }
@test "a mistyped command" { refuses 2 "'svae'" "did you mean 'save'?" -- ftckpt svae job state; }
@test "another mistyped command" { refuses 2 "'verfy'" "did you mean 'verify'?" -- ftckpt verfy; }
@test "a command that is no command" { refuses 2 "'frobnicate'" "--help" -- ftckpt frobnicate; }
@test "commands of other programs" {
    refuses 2 "'backup'" "did you mean 'save'?" -- ftckpt backup state
    refuses 2 "'restore'" "'ftrestore NAME DEST'" -- ftckpt restore job
    refuses 2 "'forget'" "'prune'" -- ftckpt forget --keep-last 2
}
@test "a command with control bytes" { refuses 2 '\x1B[2J' -- ftckpt $'\e[2J'; }
@test "a flag before the command" { refuses 2 "'--store'" "after the command" -- ftckpt --store x list; }
@test "a mistyped flag of save" { refuses 2 "'--exlude'" "did you mean '--exclude'?" -- ftckpt save job state --exlude x; }
@test "a mistyped flag of list" { refuses 2 "'--stroe'" "did you mean '--store'?" -- ftckpt list --stroe x; }
@test "a mistyped flag of ftrestore" { refuses 2 "'--replce'" "did you mean '--replace'?" -- ftrestore job out --replce; }
@test "an abbreviated flag" { refuses 2 "'--quie'" "did you mean '--quiet'?" -- ftckpt list --quie; }
@test "an unknown short flag" { refuses 2 "'-x'" "ftckpt list --help" -- ftckpt list -x; }
@test "a value for a flag that takes none" { refuses 2 "--full" "takes no value" -- ftckpt save job state --full=yes; }
@test "a flag without its value" { refuses 2 "--level" "ftckpt save --help" -- ftckpt save job state --level; }
@test "an empty value" { refuses 2 "--store" "empty" -- ftckpt list --store ""; }
@test "a flag given twice" { refuses 2 "--level" "once" -- ftckpt save job state --level 1 --level 2; }
@test "a progress mode that does not exist" { refuses 2 "--progress" "auto, always, never, json" -- ftckpt list --progress yes; }
@test "a duration that is none" { refuses 2 "--lock-wait" "90s" -- ftckpt prune --lock-wait soon; }
@test "completion without a shell" { refuses 2 "which shell" "completion bash" -- ftckpt completion; }
@test "completion for an unknown shell" { refuses 2 "'tcsh'" "bash, zsh or fish" -- ftckpt completion tcsh; }
@test "completion of ftrestore for an unknown shell" { refuses 2 "'tcsh'" "bash, zsh or fish" -- ftrestore completion tcsh; }

# ---- save
@test "save without a name" { refuses 2 "NAME is missing" "ftckpt save --help" -- ftckpt save; }
@test "save without anything to save" { refuses 2 "nothing to save" "PATH" -- ftckpt save job; }
@test "save an empty name" { refuses 2 "NAME is empty" -- ftckpt save "" state; }
@test "save a name with a slash" { refuses 2 "'a/b'" "letters" -- ftckpt save a/b state; }
@test "save a name with an at sign" { refuses 2 "'job@7'" "letters" -- ftckpt save job@7 state; }
@test "save a name that begins with a dot" { refuses 2 "'.job'" -- ftckpt save .job state; }
@test "save a name with a newline" { refuses 2 'a\nb' -- ftckpt save $'a\nb' state; }
@test "save a name that is not UTF-8" { refuses 2 '\xFF' -- ftckpt save $'a\xff' state; }
@test "save a name of 201 bytes" { refuses 2 "200 bytes" -- ftckpt save "$long_name" state; }
@test "save what is not there" { refuses 1 "missing" "No such file" "nothing changed" -- ftckpt save job missing; }
@test "save what is there and what is not" { refuses 1 "missing" "No such file" -- ftckpt save job state missing; }
@test "save below what is not there" { refuses 1 "nowhere" "No such file" -- ftckpt save job nowhere/missing; }
@test "save below a file" { refuses 1 "state/one" -- ftckpt save job state/one/x; }
@test "save an empty path" { refuses 2 "PATH is empty" -- ftckpt save job ""; }
@test "save two sources of one name" { refuses 2 "'state'" "one by one" -- ftckpt save job state ./state; }
@test "save a level that zstd does not have" { refuses 2 "--level" "between 1 and 19" -- ftckpt save job state --level 20; }
@test "save a level that is a word" { refuses 2 "'fast'" "whole number" -- ftckpt save job state --level fast; }
@test "save with a thousand jobs" { refuses 2 "--jobs" "256" -- ftckpt save job state --jobs 1000; }
@test "save stdin and a tree" { refuses 2 "'-'" "--stream" -- ftckpt save job - state; }
@test "save a command and a tree" { refuses 2 "--from-command" "--stream-command" -- ftckpt save job state --from-command -- echo; }
@test "save from no command" { refuses 2 "--from-command" "pg_dump" -- ftckpt save job --from-command; }
@test "save a command without the flag" { refuses 2 "--from-command" -- ftckpt save job -- echo; }
@test "save from a command that fails" { refuses 1 "exited with 3" "nothing" -- ftckpt save job --from-command -- sh -c 'echo x; exit 3'; }
@test "save from a command that is killed" { refuses 1 "SIGKILL" "nothing" -- ftckpt save job --from-command -- sh -c 'echo x; kill -9 $$'; }
@test "save from a command that does not exist" { refuses 1 "no-such-command" "No such file" -- ftckpt save job --from-command -- no-such-command; }
@test "save from a shell command that fails" { refuses 1 "false" "exited with 1" -- ftckpt save job --stream-command a=false; }
@test "save a stream without a label" { refuses 2 "--stream" "LABEL=" -- ftckpt save job --stream state/one; }
@test "save a stream whose label is a path" { refuses 2 "'a/b'" "without '/'" -- ftckpt save job --stream a/b=state/one; }
@test "save two streams of one label" { refuses 2 "'a'" -- ftckpt save job --stream a=state/one --stream a=state/logs/two; }
@test "save a stream that is not there" { refuses 1 "missing" "No such file" -- ftckpt save job --stream a=missing; }
@test "save a directory as a stream" { refuses 1 "state" "Is a directory" -- ftckpt save job --stream a=state; }
@test "save a pipe as a file" { refuses 2 "/dev/fd/" "--stream" -- ftckpt save job <(echo x); }
@test "save an empty stream" { refuses 1 "empty" "--allow-empty" -- ftckpt save job - </dev/null; }
@test "save what an empty command prints" { refuses 1 "empty" "--allow-empty" -- ftckpt save job --from-command -- true; }
@test "save a segment that is not there" { refuses 1 "/ft-cli-none" "/dev/shm" -- ftckpt save job --shm /ft-cli-none; }
@test "save a segment whose name is a path" { refuses 2 "'/a/b'" "/NAME" -- ftckpt save job --shm /a/b; }
@test "save with excludes from a missing file" { refuses 1 "missing" "No such file" -- ftckpt save job state --exclude-from missing; }
@test "save after a hook that fails" { refuses 1 "--before" "'exit 9'" "exited with 9" "nothing changed" -- ftckpt save job state --before 'exit 9'; }
@test "freeze a process that is not there" { refuses 1 "999999999" "no such process" -- ftckpt save job state --freeze 999999999; }
@test "freeze the shell that waits" { refuses 2 "cannot freeze" "waits for it" -- ftckpt save job state --freeze $$; }
@test "freeze a word" { refuses 2 "--freeze" "'me'" -- ftckpt save job state --freeze me; }
@test "save the store into itself" { refuses 2 "store into itself" "--store" -- ftckpt save job store; }
@test "save into a folder that holds something else" { refuses 1 "state/logs" "not empty" "--store" -- ftckpt save job state/one --store state/logs; }
@test "save into a file" { refuses 1 "state/one" "Not a directory" -- ftckpt save job state --store state/one; }
@test "save with no room left" { FT_FAULTS='write@1=ENOSPC+' refuses 1 "cannot save 'job'" "No space left" "nothing changed, latest is job@2" "ftckpt prune job" -- ftckpt save job state --full; }
@test "save with a disk that fails" { FT_FAULTS='write@1=EIO+' refuses 1 "cannot save 'job'" "Input/output error" "latest is job@2" -- ftckpt save job state --full; }
@test "a fault script with a mistake" { FT_FAULTS='wriet@1=EIO' refuses 2 "wriet" -- ftckpt save job state; }

# ---- Stores that are none
@test "a store that is not there, or not a store, fails every command with 1: it may only not be mounted" {
    for FT_STORE in "$work/nowhere" "$work/state"; do
        for command in list "list job" "show job" "ls job" "cat job one" "diff job@1 job@2" "rm job@1" "pin job@1" \
            "unpin job@1" verify "verify job" "prune --keep 1" repair status "status job --max-age 1h"; do
            # shellcheck disable=SC2086  # words of a command
            refuses 1 "no store: $FT_STORE" "--store" "ftckpt save" -- ftckpt $command
        done
        refuses 1 "no store: $FT_STORE" "--store" -- ftrestore job out
        refuses 1 "no store: $FT_STORE" "--store" -- ftrestore job out --dry-run
        refuses 1 "no store: $FT_STORE" "--store" -- ftrestore stream -
    done
}
@test "list a store that is not there" { refuses 1 "nowhere" "--store" "ftckpt save" -- ftckpt list --store nowhere; }
@test "list a folder that is no store" { refuses 1 "state" "--store" -- ftckpt list --store state; }
@test "list a file as a store" { refuses 1 "state/one" "Not a directory" -- ftckpt list --store state/one; }
@test "list without any store or HOME" { refuses 2 "HOME" "--store" -- env -u FT_STORE -u HOME ftckpt list; }
@test "a store whose format is damaged" { chmod u+w store/format; echo x >>store/format; refuses 4 "store/format" -- ftckpt list; }
@test "a store of a newer version" { chmod u+w store/format; printf '\x09' | dd of=store/format bs=1 seek=8 conv=notrunc status=none; refuses 4 "store/format" -- ftckpt list; }
@test "a store that may not be read" { chmod 700 store; ((EUID == 0)) || chmod 0 store; refuses 1 "store" "Permission denied" -- as_nobody ftckpt list; }

# ---- Checkpoints that are none
@test "show a name that is not there" { refuses 7 "'jbo'" "did you mean 'job'?" -- ftckpt show jbo; }
@test "show a name that is like no other" { refuses 7 "'nothing'" "ftckpt list" -- ftckpt show nothing; }
@test "show a sequence that is not there" { refuses 7 "'job@9'" "ftckpt list job" -- ftckpt show job@9; }
@test "show further back than there is" { refuses 7 "'job@latest-5'" -- ftckpt show job@latest-5; }
@test "show a time before the first" { refuses 7 "'job@2001-01-01'" -- ftckpt show job@2001-01-01; }
@test "show a selector that is none" { refuses 2 "'job@newest'" "latest" -- ftckpt show job@newest; }
@test "show a date that is none" { refuses 2 "'job@2026-13-45'" "TIME" -- ftckpt show job@2026-13-45; }
@test "show an empty selector" { refuses 2 "'job@'" -- ftckpt show job@; }
@test "show a path as a name" { refuses 2 "'../job'" -- ftckpt show ../job; }
@test "show nothing" { refuses 2 "NAME[@SEL] is missing" -- ftckpt show; }
@test "show two" { refuses 2 "'stream'" "too many" -- ftckpt show job stream; }
@test "list a name that is not there" { refuses 7 "'jbo'" "did you mean 'job'?" -- ftckpt list jbo; }
@test "ls a path that is not there" { refuses 7 "'missing'" "ftckpt ls job@2" -- ftckpt ls job missing; }
@test "cat a path that is not there" { refuses 7 "'missing'" "ftckpt ls job@2" -- ftckpt cat job missing; }
@test "cat a directory" { refuses 7 "'logs'" "not a regular file" -- ftckpt cat job logs; }
@test "rm a name alone" { refuses 2 "'job'" "NAME@SEQ" -- ftckpt rm job; }
@test "rm what is not there" { refuses 7 "'job@9'" -- ftckpt rm job@9; }
@test "rm one that is there and one that is not" { refuses 7 "'job@9'" -- ftckpt rm job@1 job@9; }
@test "pin what is not there" { refuses 7 "'job@9'" -- ftckpt pin job@9; }
@test "diff with one side" { refuses 2 "DIR is missing" -- ftckpt diff job; }
@test "diff with a directory that is not there" { refuses 1 "cannot compare" "./missing" "No such file" -- ftckpt diff job ./missing; }
@test "diff with a name that is not there" { refuses 7 "'jbo@1'" "did you mean 'job'?" -- ftckpt diff job@1 jbo@1; }
@test "verify a name that is not there" { refuses 7 "'jbo'" -- ftckpt verify jbo; }
@test "prune a name that is not there" { refuses 7 "'jbo'" -- ftckpt prune jbo --keep 1; }
@test "prune everything" { refuses 2 "--keep" "ftckpt rm" -- ftckpt prune job --keep 0; }
@test "prune to a negative number" { refuses 2 "--keep" "'-1'" -- ftckpt prune job --keep -1; }
@test "prune within a duration that is none" { refuses 2 "--keep-within" "90s" -- ftckpt prune --keep-within a-week; }
@test "prune while another maintains" { : >store/maintain; refuses 5 "$work/store" "maintained by pid" "try again" -- flock store/maintain ftckpt prune --keep 1; }
@test "repair while another maintains" { : >store/maintain; refuses 5 "$work/store" "maintained by pid" "try again" -- flock store/maintain ftckpt repair; }
@test "status of a name that is not there" { refuses 7 "'jbo'" -- ftckpt status jbo --max-age 1h; }
@test "status with metrics where none can be written" { refuses 1 "missing" "No such file" -- ftckpt status --metrics missing/ft.prom -q; }
@test "status with an age that is none" { refuses 2 "--max-age" "90s" -- ftckpt status --max-age old; }

# ---- ftrestore
@test "restore nothing" { refuses 2 "NAME[@SEL] is missing" -- ftrestore; }
@test "restore to nowhere" { refuses 2 "DEST is missing" "'-'" -- ftrestore job; }
@test "restore a name that is not there" { refuses 7 "'jbo'" "did you mean 'job'?" -- ftrestore jbo out; }
@test "restore a sequence that is not there" { refuses 7 "'job@9'" -- ftrestore job@9 out; }
@test "restore over what exists" { refuses 1 "state" "it exists" "--replace" "--in-place" -- ftrestore job state; }
@test "restore over a file" { refuses 1 "state/one" "it exists" -- ftrestore job state/one; }
@test "restore below what is not there" { refuses 1 "missing" "No such file" -- ftrestore job missing/out; }
@test "restore below a file" { refuses 1 "one" "Not a directory" -- ftrestore job state/one/out; }
@test "restore to the current folder by its dot" { refuses 2 "." "name" -- ftrestore job .; }
@test "replace and in place at once" { refuses 2 "--replace" "--in-place" "one of them" -- ftrestore job out --replace --in-place; }
@test "keep the old without replacing" { refuses 2 "--keep-old" "--replace" -- ftrestore job out --keep-old old; }
@test "keep the old under a name that is taken" { refuses 1 "state/one" "--keep-old" -- ftrestore job state/logs --replace --keep-old state/one; }
@test "trust times without being in place" { refuses 2 "--trust-times" "--in-place" -- ftrestore job out --trust-times; }
@test "a stream with a path" { refuses 2 "--stream" "'-'" -- ftrestore stream out --stream x; }
@test "a part of a stream" { refuses 2 "--only" "stream" -- ftrestore stream - --only x; }
@test "a command after stdout" { refuses 2 "command" "pipe" -- ftrestore stream - -- true; }
@test "a tree to stdout" { refuses 7 "job@2" "ftckpt show" -- ftrestore job -; }
@test "a stream to a path" { refuses 7 "stream@1" "no tree" "ftrestore stream@1 -" -- ftrestore stream out; }
@test "a label that is not there" { refuses 7 "'x'" "ftckpt show" -- ftrestore stream - --stream x; }
@test "a segment from a tree" { refuses 7 "segment" -- ftrestore job --shm /ft-cli-none; }
@test "a segment whose name is a path" { refuses 2 "'/a/b'" "/NAME" -- ftrestore job --shm /a/b; }
@test "restore while another restores" { : >.out.ft-lock; refuses 5 "out" "another restore" "try again" -- flock .out.ft-lock ftrestore job out; }
@test "restore where one may not write" { chmod -R a+rX store; chmod 555 .; refuses 1 "Permission denied" -- as_nobody ftrestore job "$work/out"; }
@test "restore with no room left" { FT_FAULTS='create_file@2=ENOSPC+' refuses 1 "No space left" -- ftrestore job out; }

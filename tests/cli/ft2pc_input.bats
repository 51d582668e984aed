# shellcheck shell=bats disable=SC2154  # work and messages come from common.bash
# What ft2pc is given by mistake, or finds broken or in the way: a clear message, the right code, nothing changed.

load common

setup() {
    start_work
    export FT_2PC=$work/home
    t=$(ft2pc begin --deadline 1d)
    echo old >a
    echo new >a.new
    printf -v long %070000d 0
    printf -v name256 %0256d 0
}
teardown() { end_work; }

plan() { printf '%b' "$1" >plan.toml; }
# One whose messages end so: at LINE:COLUMN.
plan_refused() {
    plan "$2"
    refuses 2 "plan.toml:$1" "${@:3}" -- ft2pc run plan.toml
}
# A participant that refuses: nothing changed, nothing left.
aborts() {
    exits 7 ft2pc run "${@:2}" 2>"$messages"
    cat "$messages"
    grep -q "$1" "$messages"
    (($(wc -l <"$messages") <= 3))
    [ "$(cat a)" = old ]
    [ -z "$(find . -name '.*ft2pc*')" ]
    [ "$(ft2pc list --names)" = "$t" ]
}
# Another participant than a file that neither votes nor hears of the abort: nothing changed, and recovery is named.
hangs_on() {
    exits 7 ft2pc run --deliver-wait 1s -p file:a=a.new "${@:2}" 2>"$messages"
    cat "$messages"
    grep -q "is aborted: .*$1.*; not told yet: .*'ft2pc recover' tells them" "$messages"
    [ "$(cat a)" = old ]
    [ -z "$(find . -name '.*ft2pc*')" ]
    [ "$(ft2pc list --names | wc -l)" = 2 ]
}

# ---- Commands and flags
@test "no command" { refuses 2 "no command" "ft2pc --help" -- ft2pc; }
@test "a mistyped command" { refuses 2 "'comit'" "did you mean 'commit'?" -- ft2pc comit "$t"; }
@test "a mistyped flag" { refuses 2 "did you mean '--participant'?" -- ft2pc run --particpant file:a=a.new; }
@test "a flag before the command" { refuses 2 "after the command" -- ft2pc --dir x list; }
@test "a flag of another command" { refuses 2 "--watch" -- ft2pc list --watch; }
@test "a flag without its value" { refuses 2 "--dir" -- ft2pc list --dir; }
@test "an empty --dir" { refuses 2 "--dir" "empty" -- ft2pc list --dir ""; }
@test "a value for a flag that takes none" { refuses 2 "--names" "takes no value" -- ft2pc list --names=yes; }
@test "a deadline that is none" { refuses 2 "--deadline" "15m" -- ft2pc begin --deadline soon; }
@test "a deadline without a unit" { refuses 2 "--deadline" -- ft2pc begin --deadline 90; }
@test "a negative deadline" { refuses 2 "--deadline" -- ft2pc begin --deadline=-1s; }
@test "a deadline beyond all days" { refuses 2 "--deadline" -- ft2pc begin --deadline 99999999w; }
@test "a wait that is none" { refuses 2 "--deliver-wait" -- ft2pc commit "$t" --deliver-wait forever; }
@test "nowhere to keep transactions" { unset FT_2PC HOME; refuses 2 "no place for transactions" "--dir" -- ft2pc begin; }

# ---- Transactions' names
@test "no transaction" { refuses 2 TRANSACTION -- ft2pc commit; }
@test "an empty transaction" { refuses 2 "TRANSACTION is empty" -- ft2pc commit ""; }
@test "a transaction that is no name" { refuses 2 "not a transaction's name" "ft2pc begin" -- ft2pc commit job; }
@test "a transaction in capitals" { refuses 2 "not a transaction's name" -- ft2pc show 0123456789ABCDEF; }
@test "a transaction's name cut short" { refuses 2 "not a transaction's name" -- ft2pc abort "${t:1}"; }
@test "a transaction's name that is a path" { refuses 2 "not a transaction's name" -- ft2pc show ../journals/"$t"; }
@test "a transaction's name with control bytes" { refuses 2 '\x1B[2J' -- ft2pc show $'\e[2J'; }
@test "a transaction that there is not" { refuses 7 "no such transaction" 0123456789abcdef "ft2pc list" -- ft2pc commit 0123456789abcdef; }
@test "a transaction of another directory" { refuses 7 "no such transaction" -- ft2pc commit "$t" --dir elsewhere; }
@test "add to no such transaction" { refuses 7 "no such transaction" -- ft2pc add 0123456789abcdef file:a=a.new; }
@test "forget what nobody broke" { refuses 7 "no participant has broken it" -- ft2pc forget "$t"; }
@test "resolve what is open" { refuses 7 "it is not prepared" -- ft2pc resolve "$t" commit --reason why; }
@test "resolve without a reason" { refuses 2 "--reason" -- ft2pc resolve "$t" commit; }
@test "resolve with an empty reason" { refuses 2 "--reason" -- ft2pc resolve "$t" commit --reason ""; }
@test "resolve to a third thing" { refuses 2 perhaps "commit or abort" -- ft2pc resolve "$t" perhaps --reason why; }
@test "resolve without a decision" { refuses 2 "commit|abort" -- ft2pc resolve "$t"; }

# ---- Participants: refused as they are named
@test "add nothing" { refuses 2 PARTICIPANT -- ft2pc add "$t"; }
@test "run nothing" { refuses 2 "nothing to do" "-p PARTICIPANT" -- ft2pc run; }
@test "an empty participant" { refuses 2 "empty" -- ft2pc add "$t" ""; }
@test "a participant without a kind" { refuses 2 "not a participant" "a=a.new" "file:DEST=NEW" -- ft2pc add "$t" a=a.new; }
@test "a mistyped kind" { refuses 2 "did you mean 'file:'?" -- ft2pc add "$t" flie:a=a.new; }
@test "a kind in capitals" { refuses 2 "FILE:a=a.new" -- ft2pc run -p FILE:a=a.new; }
@test "one good and one bad participant" { refuses 2 "nope" -- ft2pc add "$t" file:a=a.new nope; }
@test "a participant of 70000 bytes" { refuses 2 "65536 bytes" -- ft2pc add "$t" "file:$long=a.new"; }
@test "a participant with control bytes" { refuses 2 '\x1B[2J' -- ft2pc add "$t" $'\e[2J:a=b'; }
@test "a file without =" { refuses 2 "it has no '='" -- ft2pc add "$t" file:a; }
@test "a file without a name" { refuses 2 "nothing before '='" -- ft2pc add "$t" file:=a.new; }
@test "a file whose = belongs to its name" { refuses 2 "it has no '='" -- ft2pc add "$t" 'file:a\=a.new'; }
@test "a file that is a loop of links" { ln -s loop loop; refuses 1 loop -- ft2pc add "$t" file:loop=a.new; }
@test "a switch without a directory" { refuses 2 "no directory after '='" -- ft2pc add "$t" switch:a=; }
@test "a switch without a name" { refuses 2 "nothing before '='" -- ft2pc add "$t" switch:=b; }
@test "a program without a name" { refuses 2 "there is no command" -- ft2pc add "$t" 'exec: '; }
@test "a pipe without a command" { refuses 2 "no command" -- ft2pc add "$t" pipe:; }

# ---- Participants: refused as they are asked
@test "a new file that is not there" { aborts 'missing: No such file' -p file:a=missing; }
@test "a new file that is a directory" { mkdir d; aborts 'd' -p file:a=d; }
@test "a new file that is a pipe" { mkfifo fifo; aborts 'fifo' -p file:a=fifo; }
@test "a destination in a directory that is not there" { aborts 'no: No such file\|no/b' -p file:no/b=a.new; }
@test "a destination that is a directory" { mkdir d; aborts 'it is a directory' -p file:d=a.new; }
@test "a destination below a file" { aborts 'a: Not a directory\|a/b' -p file:a/b=a.new; }
@test "a destination that is a pipe" { mkfifo fifo; aborts 'not a regular file' -p file:fifo=a.new; }
@test "a link that leads nowhere" { ln -s nowhere/x link; aborts 'nowhere' -p file:link=a.new; }
@test "a destination with a name of 256 bytes" { refuses 1 "File name too long" -- ft2pc run -p "file:$name256=a.new"; }
@test "remove what is not there" { aborts 'missing' -p file:missing=; }
@test "the same file twice" { aborts 'is claimed by ft-' -p file:a=a.new -p file:./a=; }
@test "a switch of a file" { mkdir d; aborts 'no symbolic link' -p switch:a=d; }
@test "a switch to what is not there" { aborts 'missing' -p switch:now=missing; }
@test "a switch to a file" { aborts 'a' -p switch:now=a; }
@test "a program that is not there" { aborts 'missing' -p exec:./missing -p file:a=a.new; }
@test "a program that is none" { aborts 'Permission denied' -p exec:./a.new -p file:a=a.new; }
@test "a program that says no" { aborts "exited with 1" -p "exec:sh -c '[ \$0 = abort ]'" -p file:a=a.new; }
@test "a program that always says no" { hangs_on "'false prepare' exited with 1; then 'false abort' exited with 1" -p exec:false; }
@test "an agent that is none" { hangs_on "the command exited with 0" -p pipe:true; }

# ---- Plans
@test "a plan that is not there" { refuses 1 "missing.toml" "No such file" -- ft2pc run missing.toml; }
@test "a plan that is a directory" { mkdir d; refuses 1 "d" "Is a directory" -- ft2pc run d; }
@test "a plan without participants" { plan 'deadline = "1m"\n'; refuses 2 "it has no participants" -- ft2pc run plan.toml; }
@test "an empty plan" { plan ''; refuses 2 "it has no participants" -- ft2pc run plan.toml; }
@test "two plans" { plan ''; refuses 2 plan.toml -- ft2pc run plan.toml plan.toml; }
@test "a plan that is cut" { plan_refused 1: 'participants = ["file:a=a.new"'; }
@test "a plan that is no TOML" { plan_refused 1: 'participants: [a]\n'; }
@test "a plan with an unknown key" { plan_refused 2:1 'participants = ["file:a=a.new"]\nparticipant = 1\n' "did you mean 'participants'?"; }
@test "a plan with a table" { plan_refused 1:1 '[participants]\nfile = "a"\n' "a list"; }
@test "a plan with one text" { plan_refused 1:16 'participants = "file:a=a.new"\n' "a list"; }
@test "a plan with a number" { plan_refused 2:2 'participants = ["file:a=a.new",\n 3]\n' "not a participant"; }
@test "a plan with a list in its list" { plan_refused 1:17 'participants = [["file:a=a.new"]]\n' "not a participant"; }
@test "a plan with a mistyped kind" { plan_refused 1:17 'participants = ["fiel:a=a.new"]\n' "did you mean 'file:'?"; }
@test "a plan with a deadline that is a number" { plan_refused 1:12 'deadline = 90\nparticipants = ["file:a=a.new"]\n' '"90s"'; }
@test "a plan with a deadline that is none" { plan_refused 1:12 'deadline = "soon"\nparticipants = ["file:a=a.new"]\n' duration; }
@test "a plan with a key twice" { plan_refused 2: 'participants = ["file:a=a.new"]\nparticipants = []\n'; }
@test "a plan of bytes that are no text" { plan_refused 1:1 '\xff\xfe = 1\n'; }
@test "a plan with a zero byte" { plan_refused 1: 'participants = ["file:a=a.new"]\0\n'; }
@test "a plan with a zero byte in a name" { plan_refused 1:17 'participants = ["file:a\\u0000=a.new"]\n' "zero byte"; }
@test "a plan with control bytes in a name" { plan_refused 1:17 'participants = ["\\u001b[2J:a=b"]\n' '\x1B[2J'; }
@test "a plan that is nested deep" { printf 'x = %s\n' "$(printf '%0100000d' 0 | tr 0 '[')" >plan.toml; refuses 2 "plan.toml:1:" -- ft2pc run plan.toml; }
@test "a plan that is huge" { truncate -s 17M plan.toml; refuses 2 "plan.toml" "16 MiB" -- ft2pc run plan.toml; }
@test "a plan of 5000 participants" { printf 'participants = [%s]' "$(yes '"file:a=a.new",' | head -5000)" >plan.toml; refuses 2 "more than 4096" -- ft2pc run plan.toml; }
@test "a plan that cannot be read" { plan ''; chmod 0 plan.toml; refuses 1 "plan.toml" "Permission denied" -- as_nobody "$(command -v ft2pc)" run plan.toml; }

# ---- The directory
@test "a directory that is a file" { refuses 1 "$work/a" "Not a directory" -- ft2pc begin --dir a; }
@test "a directory below a file" { refuses 1 "a/b" -- ft2pc list --dir a/b; }
@test "a directory that holds something else" { mkdir d; echo x >d/coordinator; refuses 4 "d/coordinator" -- ft2pc begin --dir d; }
@test "a directory with an identity that is cut short" { truncate -s 20 home/coordinator; refuses 4 "home/coordinator" "uuid" -- ft2pc list; }
@test "a directory of a newer version" { sed -i 's/ft2pc 1/ft2pc 2/' home/coordinator; refuses 4 "newer" -- ft2pc list; }
@test "a directory with journals and without an identity" { rm home/coordinator; refuses 4 "whose they are is lost" -- ft2pc begin; }
@test "a directory that cannot be read" { chmod 700 home; ((EUID == 0)) || chmod 0 home; refuses 1 home "Permission denied" -- as_nobody "$(command -v ft2pc)" list; }
@test "a directory that cannot be written" { chmod -R a+rX,a-w home; refuses 1 home "Permission denied" -- as_nobody "$(command -v ft2pc)" begin; }
@test "a transaction of somebody else" { chmod -R a+rX,a-w home; refuses 1 "$t" "Permission denied" -- as_nobody "$(command -v ft2pc)" add "$t" file:a=a.new; }
@test "a journal from another directory" { other=$(ft2pc begin --dir other); cp "other/journals/$other" home/journals; refuses 4 "$other" -- ft2pc commit "$other"; }
@test "a journal under another's name" { mv "home/journals/$t" home/journals/0123456789abcdef; exits 0 ft2pc show 0123456789abcdef; }
@test "an empty journal" { : >"home/journals/$t"; refuses 4 "$t" -- ft2pc commit "$t"; }
@test "a journal that is a directory" { rm "home/journals/$t"; mkdir "home/journals/$t"; refuses 1 "$t" directory -- ft2pc commit "$t"; }
@test "a journal cut short" { truncate -s 5000 "home/journals/$t"; refuses 4 "$t" damage -- ft2pc show "$t"; }
@test "strange names beside journals" { touch home/journals/README home/journals/0123; [ "$(ft2pc list --names)" = "$t" ]; }

# ---- The disk
@test "a full disk: nothing is begun" { FT_FAULTS='write~journals/*=ENOSPC' refuses 1 "No space left" -- ft2pc begin; }
@test "a full disk: nothing is made" { FT_FAULTS='write=ENOSPC' exits 1 ft2pc begin --dir fresh 2>"$messages"; grep -q "No space left" "$messages"; exits 0 ft2pc begin --dir fresh; }
@test "a disk that is full beside the file" { FT_FAULTS='write~.ft2pc-*=ENOSPC' aborts 'No space left' -p file:a=a.new; }
@test "a disk that fails as it is decided" {
    ft2pc add "$t" file:a=a.new
    ft2pc prepare "$t"
    FT_FAULTS="write~$t*=EIO" exits 6 ft2pc commit "$t" 2>"$messages"
    grep -q "is in doubt: .*Input/output error.*; 'ft2pc recover' settles it" "$messages"
    [ "$(cat a)" = old ]
    ft2pc commit "$t"
    [ "$(cat a)" = new ]
}
@test "a journal that cannot be removed" {
    FT_FAULTS='remove_file~journals/*=EIO' exits 3 ft2pc run -p file:a=a.new 2>"$messages"
    grep -q "is committed, not yet everywhere: .*journals/.*Input/output error; 'ft2pc recover'" "$messages"
    [ "$(cat a)" = new ]
    ft2pc recover
    [ "$(ft2pc list --names)" = "$t" ]
}

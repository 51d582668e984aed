# A program as participant of ft2pc: the one that ft-participant(7) shows, killed, with ft2pc, before each of its commands.

bats_require_minimum_version 1.5.0

setup() {
    spool=$BATS_TEST_DIRNAME/../../scripts/examples/spool.sh
    page=$BATS_TEST_DIRNAME/../../man/ft-participant.7
    export FT_2PC=$BATS_TEST_TMPDIR/2pc
    cd "$BATS_TEST_TMPDIR" || return
    mkdir one two
    echo order >order
    echo new >new
}

# Puts each command that spool.sh runs behind one that counts, and kills $VICTIM before number $CUT_AT.
wrap_commands() {
    mkdir cut
    cat >cut/wrapper <<'END'
#!/bin/sh
n=$(flock "$CUT/n" sh -c 'stat -c %s "$0" && printf . >>"$0"' "$CUT/n")
if [ "$n" = "$CUT_AT" ]; then
    case $VICTIM in
    coordinator) kill -9 "$(cat "$CUT/coordinator")" ;;
    program) kill -9 $PPID ;;
    esac
fi
exec "/bin/${0##*/}" "$@"
END
    chmod +x cut/wrapper
    for command in cp mv rm sync; do ln cut/wrapper "cut/$command"; done
    export CUT=$PWD/cut
}

# transact: one file and two spools, under the wrappers. status: how it ended.
transact() {
    : >cut/n
    code=0
    # shellcheck disable=SC2016  # expanded by that shell
    PATH=$CUT:$PATH bash -c 'echo $$ >cut/coordinator
        exec ft2pc run -p file:conf=new -p "exec:$0 order one" -p "exec:$0 order two"' "$spool" >said 2>&1 || code=$?
}

# changes: how many of the three parts show; 0 or 3 is right.
changes() {
    local file parts=0
    for file in conf one/* two/*; do [ ! -e "$file" ] || parts=$((parts + 1)); done
    echo "$parts"
}

no_trace() {
    [ -z "$(find . -name '.*' ! -name . -o -path './2pc/locks/*')" ] && [ -z "$(ft2pc list)" ]
}

# cut_everywhere VICTIM: kills it before each command, until there are no more.
cut_everywhere() {
    wrap_commands
    export VICTIM=$1
    committed=0 aborted=0
    for ((CUT_AT = 0; CUT_AT < 100; ++CUT_AT)); do
        export CUT_AT
        transact
        run -0 ft2pc recover
        echo "before command $CUT_AT: exit $code, $(changes) parts, $(<said)"
        no_trace
        case $(changes) in
        0) aborted=$((aborted + 1)) && [ "$code" != 0 ] ;;
        3) committed=$((committed + 1)) && [ "$code" != 7 ] ;;
        *) return 1 ;;
        esac
        (($(stat -c %s cut/n) > CUT_AT)) || break
        rm -f conf one/* two/*
    done
    [ "$code" = 0 ]
    ((CUT_AT >= 12 && aborted > 4 && committed > 4))
}

@test "ft-participant(7) shows the program that is tested, of at most 30 lines" {
    sed -n '/^#!\/bin\/sh/,/^esac/p' "$page" | sed 's/\\-/-/g; s/\\e/\\/g; s/\\&//g' >shown
    diff "$spool" shown
    [ "$(wc -l <"$spool")" -le 30 ]
}

@test "spool.sh puts its file when the transaction commits, and not when it aborts" {
    run -0 ft2pc run -p "exec:$spool order one" -p file:conf=new
    [ "$(cat one/*)" = order ]
    run -7 ft2pc run -p "exec:$spool order two" -p file:conf=missing
    [ -z "$(ls -A two)" ]
    run -7 ft2pc run -p "exec:$spool missing two"
    [ -z "$(ls -A two)" ]
}

@test "ft2pc killed before any command of its programs is recovered to all or nothing" { cut_everywhere coordinator; }

@test "programs killed before any of their commands end in all or nothing" { cut_everywhere program; }

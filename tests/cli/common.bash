# shellcheck shell=bash
# What every command-line test starts from: a folder of its own, a store of its own, the programs in PATH.
#
# The programs are those of FT_BIN, else of build/release. `work` is the current folder; whatever a test makes is in it.

bats_require_minimum_version 1.5.0

start_work() {
    PATH=${FT_BIN:-$BATS_TEST_DIRNAME/../../build/release/bin}:$PATH
    local program
    for program in ftckpt ftrestore ftcounter ft2pc hole_map say_ready segment; do
        command -v $program >/dev/null && continue
        echo "no $program: build programs and tests_cli of the release preset, or name their folder in FT_BIN" >&2
        return 1
    done
    work=$(mktemp -d "${TMPDIR:-/tmp}/ft-cli.XXXXXX")
    chmod 755 "$work" # some tests become nobody
    messages=$(mktemp "${TMPDIR:-/tmp}/ft-cli.XXXXXX")
    export FT_STORE=$work/store
    unset FT_FAULTS FT_2PC XDG_STATE_HOME
    cd "$work" || return
}

end_work() {
    [[ -n $work ]] || return 0
    chmod -R u+rwX "$work"
    rm -rf "$work" "${messages-}" /dev/shm/ft-cli-$$-*
}

# A tree of a few files in ./state.
make_state() {
    mkdir -p state/logs
    echo one >state/one
    echo two >state/logs/two
    ln -s one state/link
}

# exits CODE COMMAND...: fails the test, with what was said, unless the command ends with CODE.
exits() {
    local wanted=$1 code=0
    shift
    "$@" || code=$?
    ((code == wanted)) || { echo "'$*' ended with $code instead of $wanted" >&2; return 1; }
}

# fails COMMAND...: for what must not be so; bash itself lets a line that begins with '!' pass either way.
fails() {
    if "$@"; then
        echo "'$*' succeeded" >&2
        return 1
    fi
}

# Everything in the work folder, as it is now. Not: who uses the store, which is nothing that is kept.
fingerprint() { find "$work" -path "$FT_STORE/guards" -prune -o -printf '%p %y %m %s %T@ %l\n' | sort; }

# refuses CODE WORD... -- COMMAND...: the command ends with CODE, says so in one to three lines on stderr that hold each
# WORD, prints nothing on stdout, and changes nothing.
refuses() {
    local wanted=$1 words=() code=0 before said word
    shift
    while [[ $1 != -- ]]; do words+=("$1"); shift; done
    shift
    before=$(fingerprint)
    said=$("$@" 2>"$messages") || code=$?
    local message
    message=$(<"$messages")
    echo "exit $code, stdout '$said', stderr '$message'"
    ((code == wanted))
    [[ -z $said ]]
    [[ -n $message ]]
    (($(wc -l <"$messages") <= 3))
    for word in "${words[@]}"; do [[ $message == *"$word"* ]] || { echo "no '$word' in it"; return 1; }; done
    diff <(echo "$before") <(fingerprint)
}

# Runs a command as a user without rights; as that already, just runs it.
as_nobody() {
    if ((EUID == 0)); then
        setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$work" "$@"
    else
        "$@"
    fi
}

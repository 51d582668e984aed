# The man pages say what the programs take: no flag of --help is missing from its page, and no page has one more.

bats_require_minimum_version 1.5.0

setup() {
    man=$BATS_TEST_DIRNAME/../../man
}

# flags_in_help: "-s" and "--store DIR", a line each, from the --help on stdin.
flags_in_help() {
    sed -n '/^Flags:/,$p' | grep -oE '^  (-[A-Za-z0-9], |    )--[a-z-]+( [^ ]+)?' | sed 's/^ *//; s/, /\n/' | sort
}

# flags_on_page PAGE [SUBSECTION]: the same from the items of the page, or of one .Ss of it.
flags_on_page() {
    awk -v wanted="${2-}" '
        /^\.(Ss|Sh) / { here = substr($0, 5) == wanted }
        (here || wanted == "") && /^\.It Fl / {
            for (i = 2; i <= NF; i++) if ($i == "Fl") {
                flag = "-" $(i + 1)
                print flag ($(i + 2) == "Ar" ? " " $(i + 3) : "")
            }
        }' "$man/$1" | sort
}

commands_in_help() { $1 --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p' | sort; }

@test "ftckpt(1), ftcounter(1) and ft2pc(1) have a section for each command, and for no other" {
    for tool in ftckpt ftcounter ft2pc; do
        commands_in_help $tool | grep -v '^completion$' >"$BATS_TEST_TMPDIR/help"
        sed -n 's/^\.Ss \([a-z]*\)$/\1/p' "$man/$tool.1" | grep -v '^completion$' | sort >"$BATS_TEST_TMPDIR/page"
        [ "$(wc -l <"$BATS_TEST_TMPDIR/help")" -ge 11 ]
        diff "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/page"
    done
}

@test "ftckpt(1), ftcounter(1) and ft2pc(1) have the flags of each command, and no other" {
    for tool in ftckpt ftcounter ft2pc; do
        for command in $(commands_in_help $tool); do
            [ "$command" != completion ] || continue
            $tool "$command" --help | flags_in_help >"$BATS_TEST_TMPDIR/help"
            { flags_on_page $tool.1 "$command"; flags_on_page $tool.1 'Flags of every command'; } |
                sort >"$BATS_TEST_TMPDIR/page"
            [ "$(wc -l <"$BATS_TEST_TMPDIR/help")" -ge 8 ]
            diff "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/page" || { echo "that is $tool $command"; false; }
        done
    done
}

@test "ftrestore(1) has the flags of ftrestore, and no other" {
    ftrestore --help | flags_in_help >"$BATS_TEST_TMPDIR/help"
    flags_on_page ftrestore.1 >"$BATS_TEST_TMPDIR/page"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/help")" -ge 20 ]
    diff "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/page"
}

@test "each page is clean mdoc, names itself, and has the sections that a reader looks for" {
    for page in ftckpt.1 ftrestore.1 ftcounter.1 ft2pc.1 ft-store.5 ft-participant.7 ft.7; do
        mandoc -Tlint -W warning "$man/$page"
        [ "$(sed -n 's/^\.Dt //p' "$man/$page")" = "$(tr 'a-z.' 'A-Z ' <<<"$page")" ]
        for section in NAME DESCRIPTION EXAMPLES 'SEE ALSO'; do grep -qx "\.Sh $section" "$man/$page"; done
    done
    for page in ftckpt.1 ftrestore.1 ftcounter.1 ft2pc.1 ft.7; do
        for section in 'EXIT STATUS' ENVIRONMENT FILES; do grep -qx "\.Sh $section" "$man/$page"; done
    done
}

@test "each page that a page refers to is here or is one of the system" {
    for page in "$man"/*.[1-8]; do
        sed -n 's/^\.Xr \(ft[^ ]*\) \([1-8]\).*/\1.\2/p' "$page" | sort -u >"$BATS_TEST_TMPDIR/pages"
        while read -r other; do [ -e "$man/$other" ] || { echo "$page refers to $other"; false; }; done <"$BATS_TEST_TMPDIR/pages"
    done
}

#!/bin/bash
# Says how two trees differ, and exits 1 if they do: by rsync with checksums, and by hole_map (which also knows holes and any depth).
#
#     tests/cli/same_tree.sh A B      prints nothing and exits 0: equal in all that a checkpoint keeps
#     HOLE_MAP=build/dev/bin/hole_map names the program where it is not on PATH
#
# rsync cannot follow paths beyond PATH_MAX: what lies in beyond-path-max is left to hole_map.
set -euo pipefail

[[ $# -eq 2 && -d $1 && -d $2 ]] || { echo "usage: same_tree.sh DIR DIR" >&2; exit 2; }
hole_map=${HOLE_MAP:-hole_map}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
same=true

rsync -aHAXSnc --numeric-ids --delete --itemize-changes --exclude='/beyond-path-max/*' "$1/" "$2/" >"$work/rsync" || same=false
if [[ -s $work/rsync ]]; then
    echo "rsync $1/ $2/:"
    cat "$work/rsync"
    same=false
fi
"$hole_map" "$1" >"$work/a"
"$hole_map" "$2" >"$work/b"
if ! cmp -s "$work/a" "$work/b"; then
    echo "hole_map of $1 (-) and $2 (+):"
    diff -U0 "$work/a" "$work/b" | tail -n +3 | cut -b -300 | head -n 100 || true
    same=false
fi
$same

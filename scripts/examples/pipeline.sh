#!/bin/bash
# A stream into a store and out again, whole or not at all. The producer stands for pg_dump, mysqldump or tar.
#
#   pipeline.sh            in a store of its own in a temporary directory
#   pipeline.sh LINES      with so many lines instead of 100000
set -euo pipefail

lines=${1:-100000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export FT_STORE=$work/store

produce() { seq 1 "$lines" | sed 's/$/ a row of the table/'; }
export lines
export -f produce

echo '# a producer, a checkpoint, a consumer:  produce | ftckpt save db -  ...  ftrestore db - | consume'
produce | ftckpt save db -
expected=$(produce | sha256sum)
restored=$(ftrestore db - | sha256sum)
[[ $restored = "$expected" ]] || { echo "pipeline.sh: the stream came back different" >&2; exit 1; }
echo "the stream came back as it was, $lines lines"

echo '# a pipe hides that its producer failed; --from-command sees it, and no checkpoint is made'
ftckpt save db --from-command -- bash -c produce
if ftckpt save db --from-command -- bash -c 'produce; exit 1' 2>"$work/message"; then
    echo "pipeline.sh: a failed producer made a checkpoint" >&2
    exit 1
fi
sed 's/^/  /' "$work/message"

echo '# what there is'
ftckpt list db

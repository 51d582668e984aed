#!/bin/bash
# Made store/ and listing.txt, once, with version 0.1.0. They are never made again: later versions must read these bytes.
# A new version of the format gets a folder of its own, made like this:
#
#     tests/golden/store-v1/make.sh ftckpt NEW-FOLDER      (as root, for the owners)
set -euo pipefail
ftckpt=$(realpath "$1")
mkdir -p "$2"
cd "$2"
umask 022
export TZ=UTC FT_STORE=$PWD/store

make_tree() {
    mkdir -p tree/dir/empty
    printf 'a line that is stored\n' >tree/plain
    : >tree/nothing
    for ((i = 0; i < 300; i++)); do echo "line $i of a file that compresses"; done >tree/dir/text
    ln tree/plain tree/dir/second-name
    ln -s ../plain tree/dir/link
    ln -s /no/such/place tree/dangling
    mkfifo tree/pipe
    mknod tree/null c 1 3
    printf 'before' >tree/holes
    truncate -s 1M tree/holes
    printf 'after' >>tree/holes
    printf x >$'tree/odd\nname \xff'
    printf x >tree/attributes
    setfattr -n user.note -v text tree/attributes
    setfattr -n user.bytes -v 0x00ff0a tree/attributes
    chmod 4711 tree/attributes
    chmod 0600 tree/plain
    chown 1234:4321 tree/plain
    touch -d @1000000000.123456789 tree/plain tree/holes tree/attributes tree/pipe tree/null tree/nothing
    touch -d '1969-12-31 23:59:58.999999999' tree/dir/text $'tree/odd\nname \xff'
    touch -h -d @1 tree/dir/link tree/dangling
    touch -d @2000000000 tree/dir/empty tree/dir tree
}

# kind mode uid gid size mtime quoted-path, and sha256 of what can be read: from the tree, not from the program.
list_tree() {
    (cd tree && find . -printf '%P\0' | LC_ALL=C sort -z | while IFS= read -r -d '' path; do
        size=0 sum=-
        if [[ -f ./$path && ! -L ./$path ]]; then
            size=$(stat -c %s "./$path") sum=$(sha256sum <"./$path" | cut -c 1-64)
        fi
        printf '%s %s %s %s %s\n' "$(stat -c %F "./$path" | sed 's/regular empty/regular/; s/ /-/g')" \
            "$(stat -c '%a %u %g' "./$path")" "$size" \
            "$(find "./$path" -maxdepth 0 -printf %T@ | sed 's/0$//')" "$sum $(printf '%s' "$path" | xxd -p | tr -d '\n')"
    done)
}

make_tree
list_tree >listing.txt
"$ftckpt" save state tree
printf 'another line\n' >>tree/dir/text
"$ftckpt" save state tree
printf 'the stream\n' | "$ftckpt" save stream -
rm -rf tree store/tmp store/guards store/gate
chmod -R a+rX store

#!/bin/bash
# Makes a tree of everything that a checkpoint must bring back exactly. What only root can make is made by root only, and said.
#
#     tests/cli/make_tree.sh DIR            about 200 objects in DIR, which must not exist
#     tests/cli/make_tree.sh --many DIR     and 200,000 files in one directory of it
set -euo pipefail

many=false
if [[ ${1-} == --many ]]; then
    many=true
    shift
fi
[[ $# -eq 1 && ! -e $1 ]] || { echo "usage: make_tree.sh [--many] DIR   (DIR must not exist)" >&2; exit 2; }
mkdir -p "$1"
cd "$1"
umask 022

# pattern SIZE: that many bytes that do not repeat soon.
pattern() { perl -e '$n = shift; $x = 1; $s = ""; while (length $s < $n) { $x = ($x * 1103515245 + 12345) % 4294967296; $s .= pack "N", $x } print substr $s, 0, $n' "$1"; }

# place FILE SIZE OFFSET: writes SIZE bytes at OFFSET and leaves the rest as it is.
place() { pattern "$2" | dd of="$1" bs=64K oflag=seek_bytes seek="$3" conv=notrunc iflag=fullblock status=none; }

make_contents() {
    mkdir contents
    : >contents/0-bytes
    printf x >contents/1-byte
    for size in 4095 4096 4097 65536 1048577; do pattern "$size" >"contents/$size-bytes"; done
    pattern 8388608 >contents/8-MiB
    cp contents/8-MiB contents/8-MiB-again
    head -c 3000000 /dev/zero >contents/zeros-that-are-stored
}

make_sparse() {
    mkdir sparse
    truncate -s 1M sparse/hole-only
    place sparse/hole-at-start 70000 1048576
    place sparse/hole-at-end 70000 0
    truncate -s 4M sparse/hole-at-end
    place sparse/hole-in-middle 65536 0
    place sparse/hole-in-middle 65536 3145728
    for ((i = 0; i < 64; i++)); do place sparse/comb 4096 $((i * 12288)); done
    truncate -s 1000001 sparse/comb-with-odd-end
    place sparse/comb-with-odd-end 5 500000
    truncate -s 5G sparse/5-GiB
    place sparse/5-GiB 100000 $((1 << 30))
    place sparse/5-GiB 4096 $((3 << 30))
    place sparse/5-GiB 1 $(((5 << 30) - 1))
}

make_links() {
    mkdir -p links/a/b links/c
    pattern 5000 >links/a/b/last-name
    ln links/a/b/last-name links/a/first-name
    ln links/a/b/last-name links/c/other-directory
    ln links/a/b/last-name top-name-of-the-group
    : >links/empty-1
    ln links/empty-1 links/c/empty-2
    ln -s /no/such/place links/absolute-and-dangling
    ln -s ../nowhere links/relative-and-dangling
    ln -s a/b links/to-directory
    ln -s "$(printf 'odd\n\xff name')" links/odd-target
    ln -s "$(printf 'x%.0s' {1..4000})" links/long-target
    ln -s x links/symlink-of-two-names
    ln links/symlink-of-two-names links/c/symlink-of-two-names
    mkfifo links/pipe links/pipe-of-two-names
    ln links/pipe-of-two-names links/c/pipe-of-two-names
}

make_names() {
    mkdir names
    local name
    for name in $'new\nline' $'\xff\xfenot UTF-8' ' space at both ends ' '-dash' '--' '...' '*?[a]' "quote'\"" 'back\slash' $'\e[31mred' \
        $'tab\t' 'a' 'a.b' 'a0' 'a-b' 'ä' $'a\xcc\x88' "$(printf 'n%.0s' {1..255})"; do
        printf '%s' "$name" >"names/$name"
    done
    mkdir names/a.d "names/$(printf 'd%.0s' {1..255})" $'names/dir\n\xff'
    for name in names/a.d "names/$(printf 'd%.0s' {1..255})" $'names/dir\n\xff'; do printf in >"$name/in"; done
    mkdir -p empty/below/below
}

# 40 levels of 200 bytes each, with a file and a link at the deepest and a file at each level behind the directory.
make_deep() {
    perl -e 'use Fcntl; my $dir = "d" x 200; mkdir "beyond-path-max" or die; chdir "beyond-path-max" or die;
        for my $level (1 .. 40) {
            open my $f, ">", "z" or die; print $f $level; close $f;
            mkdir $dir or die "$dir: $!"; chdir $dir or die;
        }
        open my $f, ">", "deepest" or die; print $f "deepest"; close $f;
        symlink "deepest", "link" or die; link "deepest", "hard" or die; utime 1, 1000000000, "deepest" or die'
}

make_modes() {
    mkdir modes
    local mode
    for mode in 0400 0444 0600 0644 0755 0777 1644 2755 4755 6711; do
        printf '%s' "$mode" >"modes/file-$mode"
        chmod "$mode" "modes/file-$mode"
        # A directory that its owner may not enter stops rsync, though not root's.
        [[ $EUID -eq 0 || $mode =~ .[1357].. ]] || continue
        mkdir "modes/dir-$mode"
        chmod "$mode" "modes/dir-$mode"
    done
    chmod 1777 modes/dir-0777
    chmod 2775 modes/dir-2755
}

make_attributes() {
    mkdir attributes attributes/with-default-acl attributes/dir
    printf x | tee attributes/{plain,binary,many,acl,read-only,shared-1} >/dev/null
    setfattr -n user.note -v text attributes/plain
    setfattr -n user.empty attributes/plain
    setfattr -n user.binary -v 0x00ff0a00 attributes/binary
    setfattr -n user.large -v "$(printf 'v%.0s' {1..2000})" attributes/binary
    for ((i = 0; i < 40; i++)); do setfattr -n "user.number-$i" -v "$i" attributes/many; done
    setfattr -n user.of-a-directory -v x attributes/dir
    ln attributes/shared-1 attributes/shared-2
    setfattr -n user.of-a-hard-link -v x attributes/shared-2
    setfacl -m u:1000:r,u:4000000000:rw,g:54321:x,m:rw attributes/acl
    setfacl -m u:1000:rx attributes/dir
    setfacl -m d:u:1000:rwx,d:g:54321:r,d:o:- attributes/with-default-acl
    setfattr -n user.note -v x attributes/read-only
    chmod 0440 attributes/read-only
}

make_what_only_root_can() {
    mkdir root
    mknod root/character c 1 3
    mknod root/block b 7 200
    mknod root/large-numbers c 4095 1048575
    chmod 0640 root/block
    printf x | tee root/{owned,set-uid-of-another,capable,closed,trusted} >/dev/null
    chown 3999999999:3999999998 root/owned
    chown 1234:4321 root/set-uid-of-another
    chmod 6755 root/set-uid-of-another
    chmod 0 root/closed
    setcap cap_net_raw,cap_dac_override+ep root/capable
    setfattr -n trusted.note -v x root/trusted
    mkdir root/dir-of-another
    chown 1234:4321 root/dir-of-another
    chmod 2750 root/dir-of-another
    ln -s x root/link-of-another
    chown -h 1234:4321 root/link-of-another
    setfattr -h -n trusted.note -v x root/link-of-another
    mkfifo root/pipe-of-another
    chown 1234:4321 root/pipe-of-another
}

# Last, as making things moves the times of directories.
set_times() {
    mkdir times times/directory
    printf x | tee times/{before-1970,at-1970,one-nanosecond,1901,2100} >/dev/null
    ln -s x times/symlink
    mkfifo times/pipe
    touch -d '1969-12-31 23:59:58.999999999 UTC' times/before-1970
    touch -d @0 times/at-1970
    touch -d @1600000000.000000001 times/one-nanosecond
    touch -d '1901-12-14 00:00:00.5 UTC' times/1901
    touch -d '2100-01-01 00:00:00.123456789 UTC' times/2100
    touch -h -d '1950-06-01 12:00:00.987654321 UTC' times/symlink
    touch -d '1999-12-31 23:59:59.999999999 UTC' times/pipe
    touch -d '1965-05-05 05:05:05.055555555 UTC' times/directory
    touch -d @1000000000.100000001 empty/below/below empty/below empty names sparse links/a links
    touch -d '1968-01-01 00:00:00.25 UTC' times .
}

make_contents
make_sparse
make_links
make_names
make_deep
make_modes
make_attributes
if [[ $EUID -eq 0 ]]; then
    make_what_only_root_can
else
    echo "make_tree.sh: without root no devices, foreign owners, capabilities or trusted attributes" >&2
fi
if $many; then
    perl -e 'mkdir "many" or die; for (1 .. 200000) { open my $f, ">", sprintf("many/%x-%d", $_ * 2654435761 % 4294967296, $_) or die; print $f $_ if $_ % 4; close $f }'
fi
set_times

# What a user gets installed: programs, man pages, completions; as files and as a Debian package.

bats_require_minimum_version 1.5.0

setup() {
    build=$BATS_TEST_DIRNAME/../../build/release
    files=(bin/ftckpt bin/ftrestore bin/ftcounter bin/ft2pc
        share/man/man1/ftckpt.1 share/man/man1/ftrestore.1 share/man/man1/ftcounter.1 share/man/man1/ft2pc.1
        share/man/man5/ft-store.5 share/man/man7/ft.7
        share/bash-completion/completions/ftckpt share/bash-completion/completions/ft2pc share/zsh/vendor-completions/_ftckpt
        share/fish/vendor_completions.d/ftckpt.fish share/doc/ft/README.md)
}

@test "cmake --install puts programs, man pages and completions" {
    cmake --install "$build" --prefix "$BATS_TEST_TMPDIR/usr"
    for file in "${files[@]}"; do [ -s "$BATS_TEST_TMPDIR/usr/$file" ]; done
    run -0 "$BATS_TEST_TMPDIR/usr/bin/ftckpt" --version
}

@test "cpack makes a Debian package of them that depends on the libraries it needs" {
    cd "$BATS_TEST_TMPDIR"
    cpack -G DEB --config "$build/CPackConfig.cmake" -B "$BATS_TEST_TMPDIR"
    package=$(echo ft_*.deb)
    dpkg-deb --contents "$package" >contents
    for file in "${files[@]}"; do grep -q " ./usr/$file\$" contents; done
    dpkg-deb --field "$package" Depends | grep -q libzstd1
}

// What the benchmarks of kernels work on: the start of the file that FT_BENCH_FILE names, or made-up text without it.
//
//     FT_BENCH_FILE=usr.tar build/bin/block_bench
#pragma once

#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

#include "libcore/base/bytes.h"

namespace ft::bench {

/// Words of a small vocabulary in random order, with numbers between: compresses about as well as program text.
inline std::string made_up_text(std::size_t size) {
    std::mt19937_64 random(1);
    std::string vocabulary[1024];
    for (std::string& word : vocabulary)
        for (std::size_t n = 2 + random() % 9; n > 0; --n) word += static_cast<char>('a' + random() % 26);
    std::string text;
    while (text.size() < size) {
        text += vocabulary[random() % 1024 * (random() % 1024) / 1024];
        text += random() % 8 == 0 ? " " + std::to_string(random() % 100000) + "\n" : " ";
    }
    text.resize(size);
    return text;
}

inline Bytes random_bytes(std::size_t size) {
    std::mt19937_64 random(2);
    Bytes bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

/// The first `size` bytes of the corpus, fewer if it has fewer.
inline Bytes corpus(std::size_t size) {
    std::string text(size, '\0');
    if (const char* path = std::getenv("FT_BENCH_FILE")) {
        std::ifstream file(path, std::ios::binary);
        if (!file.read(text.data(), static_cast<std::streamsize>(size)) && file.gcount() == 0)
            throw std::runtime_error(std::string("FT_BENCH_FILE: cannot read ") + path);
        text.resize(static_cast<std::size_t>(file.gcount()));
    } else {
        text = made_up_text(size);
    }
    const View bytes = view_of(text);
    return {bytes.begin(), bytes.end()};
}

}  // namespace ft::bench

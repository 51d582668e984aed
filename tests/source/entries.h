// What the tests of entries share: whole lists encoded and decoded at once, and random lists that obey the rules.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "libcore/source/entry.h"

namespace ft::source {

[[nodiscard]] Bytes encode(const std::vector<Entry>& entries);
/// Hands the stream to the reader in pieces of at most `piece` bytes.
[[nodiscard]] std::vector<Entry> decode(View stream, std::size_t piece = 1U << 16);
/// A list of about `count` entries of all kinds, with odd names, deep and flat places, and content of up to three
/// records.
[[nodiscard]] std::vector<Entry> random_entries(std::mt19937_64& random, std::size_t count);

}  // namespace ft::source

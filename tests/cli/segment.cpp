// A program that keeps its state in a shared memory segment, for the tests of saving and restoring such segments.
//
//     segment map NAME          a Boost.Interprocess segment with a map in it: makes it, prints "ready", stays
//     segment plain NAME        one made by shm_open(3) and nothing else: likewise
//     segment check-map NAME    exits 0 if the segment holds just what `segment map` put there
//     segment check-plain NAME  likewise
//     segment pair NAME         counts in two words, the first and the last of 32 MiB, one after the other, for ever:
//                               at every instant the first is equal to the last, or one more
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <boost/interprocess/allocators/allocator.hpp>
#include <boost/interprocess/containers/map.hpp>
#include <boost/interprocess/containers/string.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <span>
#include <string>

namespace bi = boost::interprocess;

namespace {

constexpr std::size_t map_bytes = 4U << 20, plain_bytes = 300'000, pair_bytes = 32U << 20;
constexpr int map_entries = 5000;

using Text =
    bi::basic_string<char, std::char_traits<char>, bi::allocator<char, bi::managed_shared_memory::segment_manager>>;
using Pair = std::pair<const int, Text>;
using Map = bi::map<int, Text, std::less<>, bi::allocator<Pair, bi::managed_shared_memory::segment_manager>>;

std::string value_of(int key) {
    return "value " + std::to_string(key) + std::string(static_cast<std::size_t>(key % 90), '.');
}

/// The parent kills us.
[[noreturn]] void stay() {
    std::puts("ready");
    std::fflush(stdout);
    for (;;) ::pause();
}

[[noreturn]] void keep_map(const std::string& name) {
    bi::managed_shared_memory segment(bi::create_only, name.c_str(), map_bytes);
    Map& map = *segment.construct<Map>("map")(std::less<>(), segment.get_segment_manager());
    for (int key = 0; key < map_entries; ++key)
        map.emplace(key, Text(value_of(key).c_str(), segment.get_segment_manager()));
    stay();
}

bool is_map_whole(const std::string& name) {
    bi::managed_shared_memory segment(bi::open_only, name.c_str());
    const Map* map = segment.find<Map>("map").first;
    if (map == nullptr || map->size() != map_entries || !segment.check_sanity()) return false;
    int key = 0;
    for (const auto& [at, text] : *map)
        if (at != key || value_of(key++) != text.c_str()) return false;
    return true;
}

/// The whole segment, mapped; made of `size` bytes unless that is 0.
std::span<std::uint64_t> mapped(const std::string& name, std::size_t size) {
    const int file = ::shm_open(name.c_str(), size != 0 ? O_RDWR | O_CREAT | O_EXCL : O_RDWR, 0600);
    if (file < 0 || (size != 0 && ::ftruncate(file, static_cast<off_t>(size)) != 0)) std::abort();
    const auto bytes = static_cast<std::size_t>(::lseek(file, 0, SEEK_END));
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) std::abort();
    return {static_cast<std::uint64_t*>(memory), bytes / sizeof(std::uint64_t)};
}

[[noreturn]] void keep_plain(const std::string& name) {
    std::uint64_t next = 0;
    for (std::uint64_t& word : mapped(name, plain_bytes)) word = ++next;
    stay();
}

bool is_plain_whole(const std::string& name) {
    const std::span<const std::uint64_t> words = mapped(name, 0);
    if (words.size_bytes() != plain_bytes) return false;
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i] != i + 1) return false;
    return true;
}

[[noreturn]] void count_in_pair(const std::string& name) {
    const std::span<std::uint64_t> words = mapped(name, pair_bytes);
    for (std::size_t i = 0; i < words.size(); i += 512) words[i] = i + 1;  // no page is a hole
    const std::atomic_ref<std::uint64_t> first(words.front()), last(words.back());
    first = last = 0;
    std::puts("ready");
    std::fflush(stdout);
    for (std::uint64_t count = 1;; ++count) {
        first.store(count);
        last.store(count);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc == 3 ? argv[1] : "", name = argc == 3 ? argv[2] : "";
    if (what == "map") keep_map(name);
    if (what == "plain") keep_plain(name);
    if (what == "pair") count_in_pair(name);
    if (what == "check-map") return is_map_whole(name) ? 0 : 1;
    if (what == "check-plain") return is_plain_whole(name) ? 0 : 1;
    std::fputs("usage: segment map|plain|check-map|check-plain|pair NAME\n", stderr);
    return 2;
}

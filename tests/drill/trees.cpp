#include "tests/drill/trees.h"

#include <fstream>
#include <iterator>

#include "libcore/base/text.h"
#include "libcore/sim/chance.h"

namespace ft::drill {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t large_file = 400'000, window = 4096;

std::string noise(std::uint64_t seed, std::size_t size) {
    sim::Chance chance(seed);
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(chance.next());
    return bytes;
}

std::string content_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string told(const fs::directory_entry& entry) {
    if (entry.is_symlink()) return "-> " + fs::read_symlink(entry.path()).string();
    return entry.is_directory() ? "<dir>" : content_of(entry.path());
}

}  // namespace

Tree tree_of_version(std::uint64_t version) {
    static const std::string steady = noise(1, large_file);
    const std::string number = std::to_string(version);
    Tree tree{{"", "<dir>"}, {"empty", "<dir>"}, {"steady", "<dir>"}, {"changing", "<dir>"}};
    tree["version"] = number;
    tree["link"] = "-> version";
    tree["only-" + number] = "this file is in version " + number + " only";
    tree["large"] = steady;
    tree["large"].replace(version * 7 % 90 * window, window, noise(version, window));
    for (std::uint64_t i = 0; i < 8; ++i) tree["steady/" + std::to_string(i)] = noise(100 + i, 5000);
    for (std::uint64_t i = 0; i < 4; ++i)
        tree["changing/" + std::to_string(i)] = noise(sim::mix(version, i), 1000 + version % 7 * 500);
    return tree;
}

void write_tree(const fs::path& path, const Tree& tree) {
    fs::remove_all(path);
    for (const auto& [name, what] : tree) {  // a folder comes before what is in it
        const fs::path at = name.empty() ? path : path / name;
        if (what == "<dir>")
            fs::create_directory(at);
        else if (what.starts_with("-> "))
            fs::create_symlink(what.substr(3), at);
        else
            std::ofstream(at, std::ios::binary) << what;
    }
}

Tree read_tree(const fs::path& path) {
    if (!fs::exists(path)) return {};
    Tree tree{{"", told(fs::directory_entry(path))}};
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path))
        tree[entry.path().lexically_relative(path).string()] = told(entry);
    return tree;
}

std::optional<std::uint64_t> version_of(const Tree& tree) {
    const auto at = tree.find("version");
    const std::optional<std::uint64_t> version = at == tree.end() ? std::nullopt : parse_number(at->second);
    if (!version || tree != tree_of_version(*version)) return std::nullopt;
    return version;
}

}  // namespace ft::drill

#include "tests/conformance/dir_suite.h"

#include <algorithm>

#include "libcore/base/failure.h"
#include "tests/catch.h"

namespace ft::conformance {

void keep_dir_promises(TestedDisk& disk) {
    const Powers powers = disk.powers();
    for (const auto& promises :
         {promises_on_names(), promises_on_moves(), promises_on_files(), promises_on_attributes()}) {
        for (const Promise& promise : promises) {
            DYNAMIC_SECTION(promise.words) {
                auto dir = disk.empty_dir();
                promise.check(*dir, powers);
                clear(*dir);
                CHECK(dir->list().empty());
            }
        }
    }
}

int error_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Failure& failure) {
        return failure.error();
    }
    return 0;
}

void put(io::Dir& dir, const std::string& name, std::string_view content) {
    auto file = dir.create_file(name, 0600);
    REQUIRE(file);
    file->write_at(view_of(content), 0);
}

std::string content_of(io::File& file) {
    const Bytes bytes = io::read_whole(file, 1U << 26);
    return std::string(text_of(bytes));
}

std::string get(io::Dir& dir, const std::string& name) { return content_of(*io::open_file(dir, name)); }

std::vector<std::string> names_in(io::Dir& dir) {
    std::vector<std::string> names;
    for (io::Listed& listed : dir.list()) names.push_back(std::move(listed.name));
    std::sort(names.begin(), names.end());
    return names;
}

void clear(io::Dir& dir) {
    for (const std::string& name : names_in(dir)) {
        const auto stat = dir.stat(name);
        REQUIRE(stat);
        if (stat->kind != io::Kind::dir) {
            REQUIRE(dir.remove_file(name));
            continue;
        }
        dir.set_mode(name, 0700);
        clear(*io::open_dir(dir, name));
        REQUIRE(dir.remove_dir(name));
    }
}

}  // namespace ft::conformance

#include "tests/sim/seeds.h"

#include <errno.h>

#include <cstdlib>

#include "libcore/base/text.h"
#include "tests/catch.h"

namespace ft::sim {

std::optional<std::uint64_t> number_in_environment(const char* variable) {
    const char* text = std::getenv(variable);
    if (text == nullptr || *text == '\0') return std::nullopt;
    const std::optional<std::uint64_t> number = parse_number(text);
    if (!number) FAIL(variable << " is not a number: " << text);
    return number;
}

std::uint64_t seed_count(std::uint64_t usual) {
    if (number_in_environment("FT_SEED")) return 1;
    if (const auto count = number_in_environment("FT_SEEDS")) return *count;
    return number_in_environment("FT_LONG").value_or(0) != 0 ? usual * 10 : usual;
}

std::string repeat_command(const std::string& settings) {
    std::string test;
    for (const char c : Catch::getResultCapture().getCurrentTestName()) {
        if (c == ',' || c == '[') test += '\\';  // have a meaning where tests are chosen
        test += c;
    }
    return settings + " " + program_invocation_name + " '" + test + "'";
}

void for_every_seed(std::uint64_t usual, const std::function<void(std::uint64_t seed)>& body) {
    const std::uint64_t first = number_in_environment("FT_SEED").value_or(1000);
    const std::uint64_t count = seed_count(usual);
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        INFO("seed " << seed << "; repeat with: " << repeat_command("FT_SEED=" + std::to_string(seed)));
        body(seed);
    }
}

CutCount for_every_told_cut(const Scenario& scenario, const Check& check, CutPlan plan) {
    if (const auto step = number_in_environment("FT_STEP")) plan.step = step;
    const auto told = [&](Rebooted& disk) {
        INFO(disk.story() << "; FT_STEP=" << disk.cut().step << " cuts there only");
        check(disk);
    };
    return for_every_cut(scenario, told, plan);
}

void check_cuts_twice(const Image& start, const Scenario& scenario, const Check& check, std::uint64_t seed) {
    const Check twice = [&](Rebooted& disk) {
        CutPlan again{
            .start = disk.image(), .seed = mix(disk.seed(), disk.cut().survival), .survivals = 1, .moments = 2};
        (void)for_every_cut(scenario, check, again);
        check(disk);
    };
    const CutCount count = for_every_told_cut(scenario, twice, {.start = start, .seed = seed, .survivals = 2});
    CHECK(count.disks > count.steps);
}

}  // namespace ft::sim

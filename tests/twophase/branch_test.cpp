// Goal: a branch's name says which branch it is, nothing else is taken for one, and it fits where XA's ids have to.
#include "libcore/twophase/journal.h"
#include "libcore/twophase/participant.h"
#include "tests/catch.h"

namespace ft::twophase {

namespace {

const Uuid coordinator = *Uuid::from_hex("000102030405060708090a0b0c0d0e0f");
const std::string start = "ft-000102030405060708090a0b0c0d0e0f-";
constexpr std::uint64_t first_journal = 0x0123456789abcdef;

}  // namespace

TEST_CASE("a branch's id names its coordinator, and its transaction as people know it", "[twophase]") {
    const Branch branch{coordinator, first_journal, 0, 10};
    CHECK(branch.id() == start + "0123456789abcdef-0-a");
    CHECK(branch.id().find(name_of(first_journal)) != std::string::npos);
}

TEST_CASE("a branch is found again from its id, which has 64 bytes at most", "[twophase]") {
    for (const std::uint64_t journal : {std::uint64_t(0), std::uint64_t(1), first_journal, UINT64_MAX})
        for (const std::uint32_t sequence : {0U, 1U, 15U, 16U, (1U << 28) - 1})
            for (const std::uint32_t index : {0U, 9U, 4095U}) {
                const Branch branch{coordinator, journal, sequence, index};
                CHECK(Branch::from_id(branch.id()) == branch);
                CHECK(branch.id().size() <= 64);
            }
    CHECK(Branch{coordinator, UINT64_MAX, (1U << 28) - 1, 4095}.id().size() == 64);
}

TEST_CASE("what is prepared at a place is asked for, the coordinator's own, or foreign", "[twophase]") {
    const Uuid mine = *Uuid::from_hex(std::string(32, 'a')), other = *Uuid::from_hex(std::string(32, 'b'));
    const Branch one{mine, 0x1'000001, 0, 0}, of_another_ledger{mine, 0x2'000001, 0, 0},
        foreign{other, 0x1'000001, 0, 0};
    const std::string prefix = one.id().substr(0, one.id().size() - 10);
    Listed listed;
    for (const std::string& id : {one.id(), of_another_ledger.id(), foreign.id(), std::string("ft-"), std::string("x")})
        listed.add(id, prefix);
    CHECK(listed.branches == std::vector<Branch>{one});
    CHECK(listed.foreign == 3);
}

TEST_CASE("no two texts name the same branch", "[twophase]") {
    const std::string good = start + "0123456789abcdef-1a-2";
    REQUIRE(Branch::from_id(good).has_value());
    for (const std::string& bad : std::initializer_list<std::string>{
             std::string(),
             std::string("ft-"),
             std::string("someone-elses"),
             "ft" + good.substr(3),
             "FT-" + good.substr(3),
             " " + good,
             good + " ",
             good + "-",
             good + "-0",
             good.substr(0, good.size() - 1),
             good.substr(0, good.size() - 2),
             start + "0123456789abcdeF-1a-2",        // upper case
             start + "0123456789abcdef-1A-2",        //
             start + "123456789abcdef-1a-2",         // a journal of 15 digits
             start + "00123456789abcdef-1a-2",       // of 17
             start + "0123456789abcdef-01a-2",       // leading zeros
             start + "0123456789abcdef-1a-02",       //
             start + "0123456789abcdef--2",          // nothing
             start + "0123456789abcdef-1a-",         //
             start + "0123456789abcdef-10000000-2",  // 2^28
             start + "0123456789abcdef-1a-1000",     // 2^12
             start + "0123456789abcdef-+1a-2",       //
             "ft-000102030405060708090a0b0c0d0e-0123456789abcdef-1a-2",
             "ft-000102030405060708090a0b0c0d0e0F-0123456789abcdef-1a-2",
         }) {
        INFO(bad);
        CHECK_FALSE(Branch::from_id(bad).has_value());
    }
}

TEST_CASE("a transaction's name is 16 digits in lower case, and nothing else is one", "[twophase]") {
    for (const std::uint64_t number : {std::uint64_t(0), std::uint64_t(10), UINT64_MAX})
        CHECK(number_from(name_of(number)) == number);
    CHECK(name_of(10) == "000000000000000a");
    for (const char* bad : {"", "a", "000000000000000", "000000000000000A", "00000000000000000", "0x0000000000000a",
                            "-00000000000000a", "../../../journals"})
        CHECK_FALSE(number_from(bad).has_value());
}

}  // namespace ft::twophase

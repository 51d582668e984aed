// Goal: transactions over databases, a counter and a file happen or do not, whoever is killed and whichever server
// crashes (bank_drill.h); and the worst that MariaDB can do, a session that outlives its coordinator, changes nothing
// of that. Method: four transfers and a recovery at once, most of them with SIGKILL at a moment of chance, in some
// rounds a server too; then a recovery and the oracle. A relay kills ft2pc at its word to MariaDB, and keeps its
// session alive.
#include <algorithm>
#include <fstream>

#include "tests/catch.h"
#include "tests/drill/bank_drill.h"
#include "tests/sim/seeds.h"
#include "tests/twophase/relay.h"

namespace ft::drill {

namespace {

const std::vector<std::string> none;

bool is_long() { return sim::number_in_environment("FT_LONG").has_value(); }

/// Whether the oracle complains, with this word.
bool complains(BankDrill& drill, const std::string& word) {
    const std::vector<std::string> complaints = drill.look();
    return std::any_of(complaints.begin(), complaints.end(),
                       [&](const std::string& one) { return one.find(word) != std::string::npos; });
}

std::string content_of(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("money, counter and file agree whoever is killed and whichever server crashes", "[drill]") {
    const std::uint64_t kills = is_long() ? 200 : 10, crashes = is_long() ? 50 : 3, most_rounds = 20 * kills;
    const std::uint64_t seed = sim::number_in_environment("FT_SEED").value_or(1);
    BankDrill drill(seed);
    for (std::uint64_t round = 0; drill.kills() < kills || drill.crashes() < crashes || drill.committed() < 4;
         ++round) {
        INFO(sim::repeat_command("FT_SEED=" + std::to_string(seed)));
        INFO("round " << round << ", after " << drill.kills() << " kills and " << drill.crashes() << " crashes");
        REQUIRE(round < most_rounds);
        REQUIRE(drill.round(drill.crashes() < crashes && round % 2 == 0) == none);
    }
}

TEST_CASE("the bank's oracle complains of what is split, lost, made, miscounted or left", "[drill]") {
    BankDrill drill(7);
    REQUIRE(drill.look() == none);
    while (drill.committed() == 0) REQUIRE(drill.round(false) == none);
    const std::string row = drill.ask("two", "select tag || ''',' || amount from book limit 1");
    const std::string tag = row.substr(0, row.find('\''));
    (void)drill.ask("two", "delete from book where tag = '" + tag + "'");
    CHECK(complains(drill, tag + " is split"));
    CHECK(complains(drill, "two holds"));
    (void)drill.ask("two", "insert into book values ('" + row + ")");
    (void)drill.ask("shop", "update accounts set balance = balance + 1 where id = 1");
    CHECK(complains(drill, "of money"));
    (void)drill.ask("shop",
                    "update accounts set balance = balance - 1 where id = 1; xa start 'x'; insert into "
                    "ft2pc_witness values ('y'); xa end 'x'; xa prepare 'x'");
    CHECK(complains(drill, "x is left"));
    (void)drill.ask("shop", "xa rollback 'x'");
    std::filesystem::rename(drill.folder() / "done" / tag, drill.folder() / "new" / "moved");
    CHECK(complains(drill, "the counter is"));
    for (const char* bank : {"one", "two", "shop"}) (void)drill.ask(bank, "delete from book where tag = '" + tag + "'");
    CHECK((complains(drill, tag + " was acknowledged and is lost") || drill.kills() > 0));
}

TEST_CASE("a coordinator dies while its link to MariaDB hangs, and nothing is split", "[drill]") {
    const twophase::MariaServer server;
    server.query("create table shop.t (n int primary key) engine=innodb");
    const std::string folder = server.folder(), socket = folder + "/relay", home = folder + "/home";
    const Programs programs(folder);
    const int times = is_long() ? 50 : 5;
    std::string rows;
    for (int i = 1; i <= times; ++i) {
        const bool is_decided = i % 3 != 0;
        const std::string number = std::to_string(i), file = folder + "/" + number;
        std::ofstream(folder + "/sql") << "insert into t values (" << number << ")";
        std::ofstream(folder + "/new") << number;
        const twophase::Relay relay(server.socket(), socket,
                                    {.freeze_at = is_decided ? "XA COMMIT" : "XA PREPARE", .hand_on = !is_decided});
        const Ran ran =
            programs.run({"ft2pc", "run", "--dir", home, "-p", "mysql:" + twophase::MariaServer::place(socket), "--sql",
                          folder + "/sql", "-p", "file:" + file + "=" + folder + "/new"});
        REQUIRE(ran.killed());
        REQUIRE(programs.run({"ft2pc", "recover", "--dir", home}).ending.succeeded());
        if (is_decided) rows += (rows.empty() ? "" : ",") + number;
        REQUIRE(server.query("select coalesce(group_concat(n), '') from shop.t") == rows);
        REQUIRE(content_of(file) == (is_decided ? number : ""));
        REQUIRE(server.query("xa recover; select branch from shop.ft2pc_witness") == "");
        REQUIRE(programs.run({"ft2pc", "list", "--dir", home}).answer.empty());
    }
}

}  // namespace ft::drill

#include "tests/drill/bank_drill.h"

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

namespace ft::drill {

namespace fs = std::filesystem;

namespace {

constexpr const char* banks[] = {"one", "two", "shop"};
constexpr int accounts = 12, at_first = 100, transfers = 4, most_moved = 40;
constexpr int incomplete = 3, in_doubt = 6, refused = 7;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::set<std::string> set_of(const std::string& text) {
    const std::vector<std::string> lines = lines_of(text);
    return {lines.begin(), lines.end()};
}

}  // namespace

BankDrill::BankDrill(std::uint64_t seed)
    : programs_(folder()), chance_(seed), pg_({"max_prepared_transactions = 20"}), maria_() {
    for (const char* name : {"new", "done"}) fs::create_directory(folder() / name);
    pg_.query("create database one");
    pg_.query("create database two");
    std::string rows;
    for (int i = 0; i < accounts; ++i) rows += fmt::format("{}({}, {})", i == 0 ? "" : ",", i, at_first);
    for (const char* bank : banks) {
        const std::string engine = std::string(bank) == "shop" ? " engine=innodb" : "";
        (void)ask(bank,
                  "create table accounts (id int primary key, balance int not null check (balance >= 0))" + engine);
        (void)ask(bank, "create table book (tag varchar(20) primary key, amount int not null)" + engine);
        (void)ask(bank, "insert into accounts values " + rows);
    }
    if (!programs_.run({"ftcounter", "create", folder() / "hits"}).ending.succeeded()) complain("no counter");
}

std::string BankDrill::ask(const std::string& bank, const std::string& sql) const {
    return bank == "shop" ? maria_.query("use shop; " + sql) : twophase::rows_of(pg_.session(sql, bank), sql);
}

std::string BankDrill::place_of(const std::string& bank) const {
    if (bank == "shop") return "mysql:" + maria_.place();
    return fmt::format("pg:host={} user=postgres dbname={}", pg_.folder(), bank);
}

/// Who meets another transaction's lock soon gives up.
std::string BankDrill::amount_sql(const std::string& bank, const std::string& tag, int amount) {
    const std::string file = folder() / "new" / (tag + "." + bank);
    std::ofstream(file) << (bank == "shop" ? "SET SESSION innodb_lock_wait_timeout = 1;\n"
                                           : "SET LOCAL lock_timeout = '300ms';\n")
                        << fmt::format("UPDATE accounts SET balance = balance + {} WHERE id = {};\n", amount,
                                       chance_.below(accounts))
                        << fmt::format("INSERT INTO book VALUES ('{}', {});\n", tag, amount);
    return file;
}

Part BankDrill::transfer(const std::string& tag) {
    const int first = static_cast<int>(chance_.below(2 * most_moved)) - most_moved,
              second = static_cast<int>(chance_.below(2 * most_moved)) - most_moved;
    const int amounts[] = {first, second, -first - second};
    Command command{"ft2pc", "run", "--dir", folder() / "home", "--prepare-wait", "3s", "--deliver-wait", "1s"};
    for (int i = 0; i < 3; ++i)
        command.insert(command.end(), {"-p", place_of(banks[i]), "--sql", amount_sql(banks[i], tag, amounts[i])});
    std::ofstream(folder() / "new" / tag) << tag;
    command.insert(command.end(), {"-p", "counter:" + (folder() / "hits").string() + "+1", "-p",
                                   fmt::format("file:{0}/done/{1}={0}/new/{1}", folder().string(), tag)});
    Part part{.command = command, .chunks = {}, .kill_after = std::nullopt};
    if (chance_.percent(60)) part.kill_after = lasts_ * static_cast<long>(chance_.below(1100)) / 1000;
    return part;
}

std::vector<std::string> BankDrill::round(bool with_crash) {
    std::vector<Part> parts;
    std::vector<std::string> tags;
    for (int i = 0; i < transfers; ++i) {
        tags.push_back("t" + std::to_string(drawn_++));
        parts.push_back(transfer(tags.back()));
    }
    parts.push_back({.command = {"ft2pc", "recover", "--dir", folder() / "home", "--deliver-wait", "1s"},
                     .chunks = {},
                     .kill_after = std::nullopt});
    if (chance_.one_in(3)) parts.back().kill_after = lasts_ * static_cast<long>(chance_.below(1000)) / 1000;
    std::vector<Played> played;
    play_with_crash(parts, with_crash, played);
    for (std::size_t i = 0; i < tags.size(); ++i) hear(tags[i], played[i].ran);
    const Ran last = programs_.run({"ft2pc", "recover", "--dir", folder() / "home"});
    if (!last.ending.succeeded()) complain("the last recover " + last.ending.text() + ": " + last.answer);
    return look();
}

void BankDrill::play_with_crash(const std::vector<Part>& parts, bool with_crash, std::vector<Played>& played) {
    if (!with_crash) {
        played = play(programs_, parts);
        return;
    }
    const bool is_pg = chance_.one_in(2);
    const auto moment = lasts_ * static_cast<long>(chance_.below(1000)) / 1000;
    {
        const std::jthread crash([&] {
            const Fd due = timer(moment);
            std::uint64_t expirations = 0;
            if (::read(due.get(), &expirations, sizeof expirations) < 0) return;
            is_pg ? pg_.stop() : maria_.stop();
        });
        played = play(programs_, parts);
    }
    is_pg ? pg_.start() : maria_.start();
    ++crashes_;
}

void BankDrill::hear(const std::string& tag, const Ran& ran) {
    // A kill that met its victim may come later the next time.
    lasts_ = ran.killed() ? lasts_ + lasts_ / 20 : std::max(lasts_ - lasts_ / 20, std::min(lasts_, ran.duration));
    kills_ += ran.killed() ? 1 : 0;
    told_[tag] = Fate::unknown;
    if (ran.killed()) return;
    const int code = ran.ending.signal == 0 ? ran.ending.code : -1;
    if (code == 0 || code == incomplete) told_[tag] = Fate::committed;
    if (code == refused) told_[tag] = Fate::aborted;
    if (told_[tag] == Fate::unknown) complain(tag + " " + ran.ending.text() + ": " + ran.answer);
}

std::vector<std::string> BankDrill::look() {
    look_at_transactions();
    look_at_money();
    look_for_remains();
    return std::exchange(complaints_, {});
}

void BankDrill::look_at_transactions() {
    std::vector<std::set<std::string>> books;
    for (const char* bank : banks) books.push_back(set_of(ask(bank, "select tag from book")));
    books.emplace_back();
    for (const fs::directory_entry& entry : fs::directory_iterator(folder() / "done"))
        if (!entry.path().filename().string().starts_with('.')) books.back().insert(entry.path().filename());
    for (const auto& [tag, told] : told_) {
        const auto has = [&](const std::set<std::string>& book) { return book.contains(tag); };
        const auto in = std::count_if(books.begin(), books.end(), has);
        if (in != 0 && in != static_cast<long>(books.size())) complain(tag + " is split");
        if (told == Fate::committed && in == 0) complain(tag + " was acknowledged and is lost");
        if (told == Fate::aborted && in != 0) complain(tag + " was refused and is done");
    }
    committed_ = books.back().size();
    const std::string value = lines_of(programs_.run({"ftcounter", "get", folder() / "hits"}).answer + "\n").front();
    if (value != std::to_string(committed_))
        complain(fmt::format("the counter is {}, but there are {} files", value, committed_));
}

void BankDrill::look_at_money() {
    long sum = 0;
    for (const char* bank : banks) {
        const long held = std::stol(ask(bank, "select sum(balance) from accounts")),
                   moved = std::stol(ask(bank, "select coalesce(sum(amount), 0) from book"));
        if (held != accounts * at_first + moved)
            complain(fmt::format("{} holds {}, but its book says {}", bank, held, accounts * at_first + moved));
        sum += held;
    }
    if (sum != 3 * accounts * at_first) complain(fmt::format("there is {} of money", sum));
}

void BankDrill::look_for_remains() {
    const std::string left[] = {programs_.run({"ft2pc", "list", "--dir", folder() / "home"}).answer,
                                pg_.query("select gid from pg_prepared_xacts"),
                                maria_.query("xa recover; select branch from shop.ft2pc_witness")};
    for (const std::string& text : left)
        for (const std::string& line : lines_of(text)) complain(line + " is left");
    for (const fs::directory_entry& entry : fs::directory_iterator(folder() / "done"))
        if (entry.path().filename().string().starts_with('.')) complain(entry.path().string() + " is left");
}

}  // namespace ft::drill

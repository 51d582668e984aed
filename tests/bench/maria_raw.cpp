// What tests/bench/transactions measures ft2pc against at a MariaDB server, and what makes its branches.
//
//   maria_raw prepare CONNECTIONS SOCKET <IDS
//       leaves a branch prepared for each line of IDS: the n-th changes the n-th account, and has a witness
//   maria_raw settle CONNECTIONS SOCKET <IDS
//       a thin client: XA ROLLBACK of each, and nothing else; it is not told of rollbacks that did not happen, and its
//       answers are not durable. Prints seconds
#include <mysql.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "libcore/base/failure.h"

namespace {

using ft::check;
using Words = std::vector<std::string>;

class Database {
public:
    explicit Database(const std::string& socket) : connection_(::mysql_init(nullptr), ::mysql_close) {
        check(
            ::mysql_real_connect(connection_.get(), nullptr, "root", nullptr, "shop", 0, socket.c_str(), 0) != nullptr,
            "the database is there");
    }
    void obey(const std::string& statement) {
        check(::mysql_query(connection_.get(), statement.c_str()) == 0, "the database has obeyed");
    }

private:
    std::unique_ptr<MYSQL, void (*)(MYSQL*)> connection_;
};

/// A session that has prepared one branch cannot begin another.
void prepare(const std::string& socket, std::size_t n, const std::string& id) {
    Database database(socket);
    for (const std::string& statement :
         {"XA START '" + id + "'", "UPDATE account SET balance = 1 WHERE id = " + std::to_string(n + 1),
          "INSERT INTO ft2pc_witness VALUES ('" + id + "')", "XA END '" + id + "'", "XA PREPARE '" + id + "'"})
        database.obey(statement);
}

/// Seconds that it takes.
double in_threads(int count, const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (int i = 1; i < count; ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int run(const Words& words) {
    if (words.size() != 3 || (words[0] != "prepare" && words[0] != "settle")) return 2;
    const std::string& socket = words[2];
    Words ids;
    for (std::string id; std::getline(std::cin, id);) ids.push_back(id);
    std::atomic<std::size_t> next{0};
    const auto prepare_all = [&] {
        for (std::size_t i; (i = next++) < ids.size();) prepare(socket, i, ids[i]);
    };
    const auto settle_all = [&] {
        Database database(socket);
        for (std::size_t i; (i = next++) < ids.size();) database.obey("XA ROLLBACK '" + ids[i] + "'");
    };
    if (words[0] == "prepare")
        (void)in_threads(std::stoi(words[1]), prepare_all);
    else
        std::printf("%.3f\n", in_threads(std::stoi(words[1]), settle_all));
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return run(Words(argv + 1, argv + argc)); }

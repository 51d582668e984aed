#include "tests/twophase/mariadb_server.h"

#include <csignal>
#include <filesystem>

#include "libcore/proc/bounded.h"
#include "tests/catch.h"

namespace ft::twophase {

namespace {

constexpr const char* settings[] = {"--no-defaults", "--innodb-flush-method=nosync", "--innodb-log-file-size=8M",
                                    "--innodb-buffer-pool-size=16M", "--aria-log-file-size=8M"};

}  // namespace

MariaServer::MariaServer(Users users) : users_(users) {
    user_.give(folder());
    const std::string data = folder() + "/data";
    if (users == Users::accounts)
        user_.run({"mariadb-install-db", "--no-defaults", "--datadir=" + data, "--skip-test-db", "--skip-name-resolve",
                   "--auth-root-authentication-method=normal", "--innodb-flush-method=nosync"},
                  folder());
    else
        user_.run({"mkdir", "-p", data + "/mysql"}, folder());
    start();
    query(
        "create database shop; create table shop.ft2pc_witness (branch varchar(64) character set ascii primary key) "
        "engine=innodb");
}

MariaServer::~MariaServer() {
    if (server_) server_->signal(SIGKILL);
}

void MariaServer::start() {
    // The server is in /usr/sbin, where a plain user's shell does not look.
    std::vector<std::string> command{"/bin/sh", "-c", "log=$0; PATH=$PATH:/usr/sbin; exec \"$@\" >>\"$log\" 2>&1",
                                     folder() + "/log", "mariadbd"};
    command.insert(command.end(), std::begin(settings), std::end(settings));
    command.insert(command.end(), {"--datadir=" + folder() + "/data", "--socket=" + socket(), "--skip-networking",
                                   "--pid-file=" + folder() + "/pid", "--tmpdir=" + folder()});
    if (users_ == Users::anybody) command.emplace_back("--skip-grant-tables");
    server_.emplace(proc::Child::start({.command = user_.as_user(command), .folder = folder()}));
    const auto answers = [&] {
        proc::Child child = proc::Child::start(
            {.command = {"mariadb-admin", "--no-defaults", "--silent", "--user=root", "--socket=" + socket(), "ping"},
             .capture_output = true});
        (void)all_output(child);
        return child.wait().succeeded();
    };
    const auto waited = proc::wait_until(answers, proc::bounds_from_now(clock_, std::chrono::seconds(60), {}));
    REQUIRE(waited == proc::Waited::done);
}

void MariaServer::stop() {
    server_->signal(SIGKILL);
    (void)server_->wait();
    server_.reset();
}

std::vector<std::string> MariaServer::client(const std::vector<std::string>& more) const {
    std::vector<std::string> words{"mariadb", "--no-defaults",       "--user=root", "--socket=" + socket(),
                                   "--batch", "--skip-column-names", "--unbuffered"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

proc::Child MariaServer::session(const std::string& sql) const {
    return proc::Child::start({.command = client({"-e", sql}), .capture_output = true});
}

proc::Child MariaServer::shell() const {
    return proc::Child::start({.command = client({}), .capture_output = true, .feed_input = true});
}

std::string MariaServer::query(const std::string& sql) const { return rows_of(session(sql), sql); }

}  // namespace ft::twophase

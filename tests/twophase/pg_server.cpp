#include "tests/twophase/pg_server.h"

#include <unistd.h>

#include <csignal>
#include <fstream>

#include "libcore/proc/bounded.h"
#include "tests/catch.h"

namespace ft::twophase {

namespace {

/// The folder of initdb and postgres.
std::string find_programs() {
    proc::Child child = proc::Child::start({.command = {"pg_config", "--bindir"}, .capture_output = true});
    std::string folder = all_output(child);
    REQUIRE(child.wait().succeeded());
    while (folder.ends_with('\n')) folder.pop_back();
    if (::access((folder + "/initdb").c_str(), X_OK) != 0)
        FAIL("no initdb in " << folder << ": install what 'scripts/packages test' lists");
    return folder;
}

}  // namespace

PgServer::PgServer(const std::vector<std::string>& settings) : programs_(find_programs()) {
    user_.give(folder());
    const std::string data = folder() + "/data";
    user_.run({programs_ + "/initdb", "--pgdata=" + data, "--auth=trust", "--username=postgres", "--no-sync",
               "--encoding=UTF8", "--locale=C"},
              folder());
    std::ofstream conf(data + "/postgresql.conf", std::ios::app);
    conf << "listen_addresses = ''\nunix_socket_directories = '" << folder() << "'\nfsync = off\n"
         << "logging_collector = off\nshared_buffers = 16MB\n";
    for (const std::string& setting : settings) conf << setting << "\n";
    conf.close();
    start();
}

PgServer::~PgServer() {
    if (server_) server_->signal(SIGQUIT);
}

void PgServer::start() {
    const std::string script = "exec \"$0\" -D \"$1\" >>\"$2\" 2>&1";
    server_.emplace(proc::Child::start({.command = user_.as_user({"/bin/sh", "-c", script, programs_ + "/postgres",
                                                                  folder() + "/data", folder() + "/log"}),
                                        .folder = folder()}));
    const auto answers = [&] {
        proc::Child child = proc::Child::start({.command = {programs_ + "/pg_isready", "-q", "-h", folder()}});
        return child.wait().succeeded();
    };
    const auto waited = proc::wait_until(answers, proc::bounds_from_now(clock_, std::chrono::seconds(60), {}));
    REQUIRE(waited == proc::Waited::done);
}

void PgServer::stop() {
    server_->signal(SIGQUIT);
    (void)server_->wait();
    server_.reset();
}

proc::Child PgServer::session(const std::string& sql, const std::string& database) const {
    return proc::Child::start({.command = {"psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql,
                                           "host=" + folder() + " user=postgres dbname=" + database},
                               .capture_output = true});
}

std::string PgServer::query(const std::string& sql) const { return rows_of(session(sql), sql); }

}  // namespace ft::twophase

// Goal: a PostgreSQL database keeps every promise of a participant.
// Method: a real server; a coordinator in a process of its own talks to it through a relay, which kills it before or
// after it hands on the n-th message.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "libcore/base/failure.h"
#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/conformance/participant_suite.h"
#include "tests/twophase/pg_server.h"

namespace ft::twophase {

namespace {

sockaddr_un address_of(const std::string& folder) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder + "/.s.PGSQL.5432";
    REQUIRE(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    return address;
}

/// Between one coordinator and the server.
class Relay {
public:
    Relay(const std::string& server, const std::string& folder, unsigned step) : server_(server), step_(step) {
        std::filesystem::create_directory(folder);
        const sockaddr_un own = address_of(folder);
        ::unlink(own.sun_path);
        listening_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0);
        REQUIRE(::listen(listening_.get(), 8) == 0);
        process_ = ::fork();
        REQUIRE(process_ >= 0);
        if (process_ == 0) serve();
        listening_.reset();
    }
    ~Relay() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

private:
    struct Pair {
        Fd client, server;
        pid_t pid = 0;
    };
    [[noreturn]] void serve() {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        std::vector<Pair> pairs;
        for (;;) {
            std::vector<pollfd> ready{{listening_.get(), POLLIN, 0}};
            for (const Pair& pair : pairs) {
                ready.push_back({pair.client.get(), POLLIN, 0});
                ready.push_back({pair.server.get(), POLLIN, 0});
            }
            ::poll(ready.data(), ready.size(), -1);
            for (std::size_t i = pairs.size(); i-- > 0;)
                if (!relay(pairs[i], ready[1 + 2 * i].revents != 0, ready[2 + 2 * i].revents != 0))
                    pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(i));
            if (ready[0].revents != 0) pairs.push_back(accept());
        }
    }
    Pair accept() {
        Pair pair{Fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)),
                  Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))};
        ucred peer{};
        socklen_t size = sizeof peer;
        ::getsockopt(pair.client.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
        pair.pid = peer.pid;
        const sockaddr_un server = address_of(server_);
        ::connect(pair.server.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server);
        return pair;
    }
    bool relay(const Pair& pair, bool from_client, bool from_server) {
        if (from_client) {
            if (seen_ == step_) ::kill(pair.pid, SIGKILL);
            if (!hand_on(pair.client, pair.server)) return false;
            if (seen_ + 1 == step_) ::kill(pair.pid, SIGKILL);
            seen_ += 2;
        }
        return !from_server || hand_on(pair.server, pair.client);
    }
    static bool hand_on(const Fd& from, const Fd& to) {
        char buffer[65536];
        const ssize_t got = ::read(from.get(), buffer, sizeof buffer);
        return got > 0 && ::send(to.get(), buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
    }

    std::string server_;
    unsigned step_, seen_ = 0;
    Fd listening_;
    pid_t process_ = -1;
};

/// Objects are the rows that say so, in one table.
class Rows final : public conformance::TestedKind {
public:
    Rows() {
        static PgServer server({"max_prepared_transactions = 20"});  // the process's: making one takes seconds
        server_ = &server;
        server_->query("drop table if exists changes; create table changes (object int)");
    }
    std::unique_ptr<Participant> make(const Branch& branch, unsigned object) override {
        return make_at(server_->folder(), branch, object);
    }
    unsigned changes(unsigned object) override {
        return static_cast<unsigned>(
            std::stoul(server_->query("select count(*) from changes where object = " + std::to_string(object))));
    }
    std::vector<std::string> traces() override {
        const std::string left = server_->query("select gid from pg_prepared_xacts");
        return left.empty() ? std::vector<std::string>{} : std::vector<std::string>{left};
    }
    [[nodiscard]] bool is_exclusive() const override { return false; }

    bool kill_in(conformance::Stage stage, const Branch& branch, unsigned object, unsigned step) override {
        const Relay relay(server_->folder(), server_->folder() + "/relay", step);
        const pid_t coordinator = ::fork();
        REQUIRE(coordinator >= 0);
        if (coordinator == 0) act(stage, branch, object);
        int status = 0;
        REQUIRE(::waitpid(coordinator, &status, 0) == coordinator);
        REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
        return WIFSIGNALED(status);
    }

private:
    std::unique_ptr<Participant> make_at(const std::string& folder, const Branch& branch, unsigned object) {
        const Kind kind = pg_kind();
        Spec spec = kind.parse(PgServer::conninfo("host=" + folder), "/");
        spec.fields["sql"] = "insert into changes values (" + std::to_string(object) + ")";
        return kind.make(spec, branch, {.locate = io::locate, .clock = clock_, .locks = *locks_});
    }
    [[noreturn]] void act(conformance::Stage stage, const Branch& branch, unsigned object) {
        const auto participant = make_at(server_->folder() + "/relay", branch, object);
        bool well = true;
        if (stage == conformance::Stage::prepare) well = participant->prepare().vote == Vote::yes;
        if (stage == conformance::Stage::commit) well = participant->commit("").ack == Ack::done;
        if (stage == conformance::Stage::abort) well = participant->abort().ack == Ack::done;
        ::_exit(well ? 0 : 1);
    }

    PgServer* server_ = nullptr;
    SystemClock clock_;
    std::unique_ptr<io::Dir> locks_ = io::open_root("/");
};

}  // namespace

TEST_CASE("a PostgreSQL database keeps the promises of a participant", "[twophase][conformance]") {
    conformance::keep_participant_promises([] { return std::make_unique<Rows>(); });
}

}  // namespace ft::twophase

// Goal: a MariaDB database keeps every promise of a participant.
// Method: a real server; a coordinator in a process of its own talks to it through a relay, which kills it before or
// after it hands on the n-th message.
#include <sys/wait.h>
#include <unistd.h>

#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/conformance/participant_suite.h"
#include "tests/twophase/mariadb_server.h"
#include "tests/twophase/relay.h"

namespace ft::twophase {

namespace {

/// Objects are the rows that say so, in one table.
class Rows final : public conformance::TestedKind {
public:
    Rows() {
        static MariaServer server;  // the process's
        server_ = &server;
        server_->query(
            "create or replace table shop.changes (object int) engine=innodb; delete from shop.ft2pc_witness");
    }
    std::unique_ptr<Participant> make(const Branch& branch, unsigned object) override {
        return make_at(server_->socket(), branch, object);
    }
    unsigned changes(unsigned object) override {
        return static_cast<unsigned>(
            std::stoul(server_->query("select count(*) from shop.changes where object = " + std::to_string(object))));
    }
    std::vector<std::string> traces() override {
        const std::string left = server_->query("xa recover; select branch from shop.ft2pc_witness");
        return left.empty() ? std::vector<std::string>{} : std::vector<std::string>{left};
    }
    [[nodiscard]] bool is_exclusive() const override { return false; }

    bool kill_in(conformance::Stage stage, const Branch& branch, unsigned object, unsigned step) override {
        const std::string socket = server_->folder() + "/relay";
        const Relay relay(server_->socket(), socket, {.kill_at = step});
        const pid_t coordinator = ::fork();
        REQUIRE(coordinator >= 0);
        if (coordinator == 0) act(socket, stage, branch, object);
        int status = 0;
        REQUIRE(::waitpid(coordinator, &status, 0) == coordinator);
        REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
        return WIFSIGNALED(status);
    }

private:
    std::unique_ptr<Participant> make_at(const std::string& socket, const Branch& branch, unsigned object) {
        const Kind kind = mysql_kind();
        Spec spec = kind.parse(MariaServer::place(socket), "/");
        spec.fields["sql"] = "insert into changes values (" + std::to_string(object) + ")";
        return kind.make(spec, branch, {.locate = io::locate, .clock = clock_, .locks = *locks_});
    }
    [[noreturn]] void act(const std::string& socket, conformance::Stage stage, const Branch& branch, unsigned object) {
        const auto participant = make_at(socket, branch, object);
        bool well = true;
        if (stage == conformance::Stage::prepare) well = participant->prepare().vote == Vote::yes;
        if (stage == conformance::Stage::commit) well = participant->commit("").ack == Ack::done;
        if (stage == conformance::Stage::abort) well = participant->abort().ack == Ack::done;
        ::_exit(well ? 0 : 1);
    }

    MariaServer* server_ = nullptr;
    SystemClock clock_;
    std::unique_ptr<io::Dir> locks_ = io::open_root("/");
};

}  // namespace

TEST_CASE("a MariaDB database keeps the promises of a participant", "[twophase][conformance]") {
    conformance::keep_participant_promises([] { return std::make_unique<Rows>(); });
}

}  // namespace ft::twophase

// Goal: a PostgreSQL database keeps every promise of a participant.
// Method: a real server; a coordinator in a process of its own talks to it through a relay, which kills it before or
// after it hands on the n-th message.
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "libcore/base/failure.h"
#include "libcore/twophase/kinds.h"
#include "tests/catch.h"
#include "tests/conformance/participant_suite.h"
#include "tests/twophase/pg_server.h"
#include "tests/twophase/relay.h"

namespace ft::twophase {

namespace {

constexpr const char* socket_name = "/.s.PGSQL.5432";

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
        std::filesystem::create_directory(server_->folder() + "/relay");
        const Relay relay(server_->folder() + socket_name, server_->folder() + "/relay" + socket_name,
                          {.kill_at = step});
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

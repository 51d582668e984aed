// "pg:CONNINFO" with some SQL: PostgreSQL as participant. The SQL runs at prepare, in one transaction, which PREPARE
// TRANSACTION then detaches from the session under the branch's id.
//
// What became of a branch that the server does not know any more is asked of the server's commit log, by the
// transaction number that the vote's token holds: an id that is not found says nothing by itself. The only file that
// includes libpq.
#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/proc/bounded.h"
#include "libcore/twophase/kinds.h"
#include "libcore/twophase/replacement.h"
#include "libcore/twophase/sql_script.h"

#if FT_LIBPQ
#include <dlfcn.h>
#include <libpq-fe.h>

#include <cstdlib>

namespace ft::twophase {

namespace {

// What is used of libpq.
// clang-format off
#define FT_PQ_CALLS(X) \
    X(PQclear) X(PQcmdStatus) X(PQconnectPoll) X(PQconnectStartParams) X(PQconninfoFree) X(PQconninfoParse) \
    X(PQconsumeInput) X(PQerrorMessage) X(PQfinish) X(PQflush) X(PQfreemem) X(PQgetResult) X(PQgetisnull) \
    X(PQgetvalue) X(PQhost) X(PQisBusy) X(PQnfields) X(PQntuples) X(PQport) X(PQresultErrorField) \
    X(PQresultErrorMessage) X(PQresultStatus) X(PQsendQuery) X(PQsendQueryParams) X(PQserverVersion) \
    X(PQsetNoticeProcessor) X(PQsetnonblocking) X(PQsocket) X(PQstatus)
// clang-format on

/// libpq is loaded when a database is first named: with all that it brings along it would double the time that every
/// command takes to begin.
struct LibPq {
#define FT_PQ_MEMBER(name) decltype(&::name) name = nullptr;
    FT_PQ_CALLS(FT_PQ_MEMBER)
#undef FT_PQ_MEMBER
};

LibPq load_libpq() {
    constexpr const char* library = "libpq.so.5";
    void* loaded = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);  // for as long as the program lives
    if (loaded == nullptr)
        throw Failure(
            {.what = "cannot use PostgreSQL", .where = library, .why = ::dlerror(), .todo = "install libpq5"});
    LibPq calls;
#define FT_PQ_LOAD(name) calls.name = reinterpret_cast<decltype(calls.name)>(::dlsym(loaded, #name));
    FT_PQ_CALLS(FT_PQ_LOAD)
#undef FT_PQ_LOAD
    return calls;
}

const LibPq& pq() {
    static const LibPq calls = load_libpq();
    return calls;
}

constexpr std::chrono::seconds connect_limit{3};
constexpr int oldest_version = 130000;  // pg_current_xact_id_if_assigned, xid8
constexpr std::string_view no_such_object = "42704", not_in_this_state = "55000", too_many = "53200";
constexpr std::string_view probe =
    "SELECT pg_current_xact_id_if_assigned()::text, system_identifier::text FROM pg_control_system()";

/// What the server said to one statement.
struct Reply {
    std::string tag;                                   ///< "COMMIT PREPARED"; "" where it failed
    std::string state;                                 ///< SQLSTATE where it failed
    std::string message;                               ///< and why
    std::vector<std::optional<std::string>> row = {};  ///< the first
};

std::string one_line(const char* message) {
    std::string text = message == nullptr ? "" : message;
    while (text.ends_with('\n')) text.pop_back();
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at))
        text.replace(at, text.find_first_not_of("\n\t ", at) - at, "; ");
    return printable(text);
}

/// A connection, whose calls end in time. fails  where the server cannot be reached any more, or takes too long.
class Session {
public:
    Session(const std::string& conninfo, const std::string& name, const proc::Bounds& bounds);
    /// Statements, in one message; a reply for each of them up to the first that fails.
    [[nodiscard]] std::vector<Reply> run(const std::string& statements, const proc::Bounds& bounds);
    /// One statement with parameters.
    [[nodiscard]] Reply ask(const std::string& statement, const std::vector<std::string>& values,
                            const proc::Bounds& bounds);
    /// Whether the connection is broken, and so ends at the server too.
    [[nodiscard]] bool is_lost() const { return pq().PQstatus(connection_.get()) == CONNECTION_BAD; }

private:
    struct Finish {
        void operator()(PGconn* connection) const { pq().PQfinish(connection); }
    };
    [[nodiscard]] Failure failure(std::string_view what) const;
    void check_waited(proc::Waited waited, std::string_view what) const;
    void connect(const proc::Bounds& bounds);
    [[nodiscard]] std::vector<Reply> replies(const proc::Bounds& bounds);
    std::unique_ptr<PGconn, Finish> connection_;
};

Failure Session::failure(std::string_view what) const {
    return Failure({.what = std::string(what), .why = one_line(pq().PQerrorMessage(connection_.get()))});
}

void Session::check_waited(proc::Waited waited, std::string_view what) const {
    if (waited == proc::Waited::done) return;
    const char* host = pq().PQhost(connection_.get());
    const char* port = pq().PQport(connection_.get());
    throw Failure({.what = std::string(what),
                   .where = fmt::format("{} port {}", host == nullptr ? "" : host, port == nullptr ? "" : port),
                   .why = waited == proc::Waited::stopped ? "it was stopped" : "no answer in time"});
}

Session::Session(const std::string& conninfo, const std::string& name, const proc::Bounds& bounds) {
    const char* keywords[] = {"dbname", "application_name", nullptr};
    const char* values[] = {conninfo.c_str(), name.c_str(), nullptr};
    connection_.reset(pq().PQconnectStartParams(keywords, values, 1));
    check(connection_ != nullptr, "there is memory for a connection");
    connect(bounds);
    pq().PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
    pq().PQsetnonblocking(connection_.get(), 1);
    if (pq().PQserverVersion(connection_.get()) < oldest_version)
        throw Failure({.what = "cannot use this server", .why = "it is older than PostgreSQL 13"});
}

void Session::connect(const proc::Bounds& bounds) {
    constexpr std::string_view what = "cannot connect";
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (next == PGRES_POLLING_FAILED || pq().PQstatus(connection_.get()) == CONNECTION_BAD) throw failure(what);
        const int socket = pq().PQsocket(connection_.get());
        check_waited(
            next == PGRES_POLLING_READING ? proc::wait_readable(socket, bounds) : proc::wait_writable(socket, bounds),
            what);
        next = pq().PQconnectPoll(connection_.get());
    }
}

/// The server waits for us to send, or to take, rows.
bool is_copy(ExecStatusType status) {
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

Reply reply_of(const PGresult* result) {
    Reply reply;
    const ExecStatusType status = pq().PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
        reply.tag = pq().PQcmdStatus(const_cast<PGresult*>(result));
        for (int i = 0; pq().PQntuples(result) > 0 && i < pq().PQnfields(result); ++i)
            reply.row.push_back(pq().PQgetisnull(result, 0, i) != 0
                                    ? std::nullopt
                                    : std::optional<std::string>(pq().PQgetvalue(result, 0, i)));
        return reply;
    }
    const char* state = pq().PQresultErrorField(result, PG_DIAG_SQLSTATE);
    reply.state = state != nullptr ? state : "08000";
    reply.message = one_line(pq().PQresultErrorMessage(result));
    if (is_copy(status)) reply.message = "COPY from or to the client is not possible here";
    return reply;
}

std::vector<Reply> Session::replies(const proc::Bounds& bounds) {
    constexpr std::string_view what = "cannot ask the server";
    PGconn* connection = connection_.get();
    while (pq().PQflush(connection) > 0) check_waited(proc::wait_writable(pq().PQsocket(connection), bounds), what);
    std::vector<Reply> all;
    for (;;) {
        while (pq().PQisBusy(connection) != 0) {
            check_waited(proc::wait_readable(pq().PQsocket(connection), bounds), what);
            if (pq().PQconsumeInput(connection) == 0) throw failure(what);
        }
        const std::unique_ptr<PGresult, void (*)(PGresult*)> result(pq().PQgetResult(connection), pq().PQclear);
        if (!result) break;
        all.push_back(reply_of(result.get()));
        if (is_copy(pq().PQresultStatus(result.get()))) break;
    }
    if (is_lost()) throw failure(what);
    if (all.empty()) throw Failure({.what = std::string(what), .why = "it does not answer"});
    return all;
}

std::vector<Reply> Session::run(const std::string& statements, const proc::Bounds& bounds) {
    if (pq().PQsendQuery(connection_.get(), statements.c_str()) == 0) throw failure("cannot ask the server");
    return replies(bounds);
}

Reply Session::ask(const std::string& statement, const std::vector<std::string>& values, const proc::Bounds& bounds) {
    std::vector<const char*> pointers;
    for (const std::string& value : values) pointers.push_back(value.c_str());
    if (pq().PQsendQueryParams(connection_.get(), statement.c_str(), static_cast<int>(values.size()), nullptr,
                               pointers.data(), nullptr, nullptr, 0) == 0)
        throw failure("cannot ask the server");
    return replies(bounds).back();
}

class Postgres final : public Participant {
public:
    Postgres(std::string conninfo, std::optional<std::string> sql, std::string branch, const Surroundings& surroundings)
        : conninfo_(std::move(conninfo)),
          sql_(std::move(sql)),
          branch_(std::move(branch)),
          surroundings_(surroundings) {}

    Voted prepare() override;
    Settled commit(const std::string& token) override;
    Settled abort() override;
    Settled fence() override;
    void interrupt() override { interrupt_.raise(); }

private:
    [[nodiscard]] proc::Bounds bounds(std::chrono::nanoseconds limit) const {
        return proc::bounds_from_now(surroundings_.clock, limit, {surroundings_.stop, interrupt_.descriptor()});
    }
    [[nodiscard]] Session& session(const proc::Bounds& until);
    [[nodiscard]] Voted execute(const proc::Bounds& until);
    [[nodiscard]] Voted detach(const std::vector<Reply>& replies, const proc::Bounds& until);
    [[nodiscard]] Settled witness(const std::string& token, const proc::Bounds& until);
    [[nodiscard]] Settled end_sessions(const proc::Bounds& until);
    [[nodiscard]] Settled settle(const std::function<Settled(const proc::Bounds& until)>& how);
    /// The server truncates a session's name after 63 bytes; all ids begin alike.
    [[nodiscard]] std::string session_name() const { return branch_.substr(branch_.find('-') + 1); }

    std::string conninfo_;
    std::optional<std::string> sql_;
    std::string branch_;
    Surroundings surroundings_;
    proc::Interrupt interrupt_;
    std::optional<Session> session_;
    bool left_at_work_ = false;  // a session of this object may still do what it was told
    bool told_to_prepare_ = false;
};

Voted refuse(std::string why) { return {.vote = Vote::no, .token = "", .why = std::move(why)}; }

Session& Postgres::session(const proc::Bounds& until) {
    if (!session_) {
        proc::Bounds soon = until;
        soon.end = std::min(until.end, surroundings_.clock.monotonic() + connect_limit);
        session_.emplace(conninfo_, session_name(), soon);
    }
    return *session_;
}

Voted Postgres::prepare() {
    if (!sql_) return refuse("there is no SQL to run: add it with --sql FILE");
    if (const std::string control = transaction_control_in(*sql_); !control.empty())
        return refuse(control + " would end the transaction that ft2pc runs the SQL in");
    const proc::Bounds until = bounds(surroundings_.prepare_limit);
    try {
        (void)session(until);
    } catch (const Failure& failure) {  // nothing was begun
        return refuse(failure.what());
    }
    left_at_work_ = true;
    Voted voted;
    try {
        voted = execute(until);
        left_at_work_ = false;
    } catch (const Failure& failure) {  // this participant's failure is its vote
        const bool is_undone = !told_to_prepare_ && session_->is_lost();
        voted = {.vote = is_undone ? Vote::no : Vote::silent, .token = "", .why = failure.what()};
    }
    if (voted.vote != Vote::yes) session_.reset();  // which ends its transaction, if there still is one
    return voted;
}

Voted Postgres::execute(const proc::Bounds& until) {
    const std::vector<Reply> replies = session(until).run(fmt::format("BEGIN;{}\n;{}", *sql_, probe), until);
    if (!replies.back().state.empty()) return refuse(replies.back().message);
    for (std::size_t i = 1; i < replies.size(); ++i)
        if (replies[i].tag == "COMMIT" || replies[i].tag == "BEGIN" || replies[i].tag == "PREPARE TRANSACTION")
            return refuse("the SQL has ended its transaction by itself: what came before that is not undone");
    return detach(replies, until);
}

/// Ends the session's part in the transaction: read-only ones at once, others by preparing them.
Voted Postgres::detach(const std::vector<Reply>& replies, const proc::Bounds& until) {
    const auto& row = replies.back().row;
    if (row.size() != 2 || !row[1]) return refuse("the server does not tell its transaction numbers");
    if (!row[0]) {
        const Reply reply = session(until).run("COMMIT", until).back();
        if (reply.tag != "COMMIT") return refuse(reply.message.empty() ? "the SQL has failed" : reply.message);
        return {.vote = Vote::read_only, .token = "", .why = ""};
    }
    told_to_prepare_ = true;
    const Reply reply = session(until).run(fmt::format("PREPARE TRANSACTION '{}'", branch_), until).back();
    if (reply.tag == "PREPARE TRANSACTION") return {Vote::yes, fmt::format("{} {}", *row[0], *row[1]), ""};
    if (reply.state == not_in_this_state || reply.state == too_many)
        return refuse(reply.message +
                      "; set max_prepared_transactions in postgresql.conf to at least the number of "
                      "transactions at once, and restart the server");
    return refuse(reply.message.empty() ? "a part of the SQL has failed" : reply.message);
}

/// One question after the decision; whatever goes wrong is asked again, on a new connection.
Settled Postgres::settle(const std::function<Settled(const proc::Bounds& until)>& how) {
    interrupt_.clear();
    try {
        return how(bounds(surroundings_.settle_limit));
    } catch (const Failure& failure) {  // this participant's failure is its answer
        session_.reset();
        return {Ack::again, failure.what()};
    }
}

Settled Postgres::commit(const std::string& token) {
    return settle([&](const proc::Bounds& until) -> Settled {
        const Reply reply = session(until).run(fmt::format("COMMIT PREPARED '{}'", branch_), until).back();
        if (reply.tag == "COMMIT PREPARED") return {Ack::done, ""};
        if (reply.state == no_such_object) return witness(token, until);
        return {Ack::again, reply.message};
    });
}

/// What became of a branch that is not prepared any more.
Settled Postgres::witness(const std::string& token, const proc::Bounds& until) {
    std::string_view words = token;
    const std::string number(take_word(words)), server(words);
    if (number.empty()) return {Ack::unknown, "the server does not know the transaction, and the vote left no number"};
    const Reply reply = session(until).ask(
        "SELECT pg_xact_status($1::text::xid8), system_identifier::text FROM pg_control_system()", {number}, until);
    if (!reply.state.empty() || reply.row.size() != 2) return {Ack::unknown, reply.message};
    if (reply.row[1] != server) return {Ack::unknown, "this is another server than it was prepared in"};
    const std::string status = reply.row[0].value_or("forgotten");
    if (status == "committed") return {Ack::done, ""};
    if (status == "aborted") return {Ack::broken, "the server has rolled it back: somebody has told it to"};
    if (status == "in progress") return {Ack::again, "the server is still at it"};
    return {Ack::unknown, "the server has forgotten what became of it"};
}

Settled Postgres::abort() {
    return settle([&](const proc::Bounds& until) -> Settled {
        if (left_at_work_)
            if (const Settled ended = end_sessions(until); ended.ack != Ack::done) return ended;
        left_at_work_ = false;
        const Reply reply = session(until).run(fmt::format("ROLLBACK PREPARED '{}'", branch_), until).back();
        if (reply.tag == "ROLLBACK PREPARED" || reply.state == no_such_object) return {Ack::done, ""};
        return {Ack::again, reply.message};
    });
}

Settled Postgres::fence() {
    return settle([&](const proc::Bounds& until) { return end_sessions(until); });
}

/// A session that was told to prepare may do so after whoever told it is gone.
Settled Postgres::end_sessions(const proc::Bounds& until) {
    constexpr const char* others =
        "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity "
        "WHERE application_name = $1 AND pid <> pg_backend_pid()";
    std::string why;
    const auto are_gone = [&] {
        const Reply reply = session(until).ask(others, {session_name()}, until);
        why = reply.message.empty() ? "its former session does not end" : reply.message;
        return reply.row.size() == 1 && reply.row[0] == "0";
    };
    if (proc::wait_until(are_gone, until) == proc::Waited::done) return {Ack::done, ""};
    return {Ack::again, why};
}

struct FreeOptions {
    void operator()(PQconninfoOption* options) const { pq().PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

Failure unusable(const std::string& why) {
    return Failure({.what = "cannot understand a 'pg:' participant",
                    .why = why,
                    .todo = "give a connection string: 'pg:host=/run/postgresql dbname=orders', pg:service=orders",
                    .exit = Exit::usage});
}

std::string quoted(std::string_view value) {
    std::string text = "'";
    for (const char c : value) text += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
    return text + "'";
}

bool is_secret(const PQconninfoOption& option) { return option.dispchar != nullptr && option.dispchar[0] == '*'; }

/// The same from whichever shell it is used: what the environment adds is written down. Not passwords; and nothing that
/// a service file says otherwise.
std::string settled_conninfo(const PQconninfoOption* options) {
    std::string conninfo;
    bool has_service = std::getenv("PGSERVICE") != nullptr;
    for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option)
        has_service = has_service || (std::string_view(option->keyword) == "service" && option->val != nullptr);
    for (; options->keyword != nullptr; ++options) {
        const std::string_view keyword = options->keyword;
        const bool may_add = !has_service || keyword == "service" || keyword == "passfile";
        const char* value = options->val;
        if (value == nullptr && may_add && options->envvar != nullptr && !is_secret(*options))
            value = std::getenv(options->envvar);
        if (value != nullptr && *value != '\0') conninfo += fmt::format("{}={} ", keyword, quoted(value));
    }
    if (conninfo.ends_with(' ')) conninfo.pop_back();
    return conninfo;
}

Spec parse(const std::string& text, const std::string&) {
    char* error = nullptr;
    const Options options(pq().PQconninfoParse(text.c_str(), &error));
    const std::unique_ptr<char, void (*)(void*)> message(error, pq().PQfreemem);
    if (!options) throw unusable(one_line(error));
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr && is_secret(*option))
            throw unusable(
                fmt::format("a {} would be seen by others and kept: put it into ~/.pgpass", option->keyword));
    return {.kind = "pg", .label = "pg:" + text, .fields = {{"conninfo", settled_conninfo(options.get())}}};
}

std::unique_ptr<Participant> make(const Spec& spec, const Branch& branch, const Surroundings& surroundings) {
    const auto sql = spec.fields.find("sql");
    return std::make_unique<Postgres>(field_of(spec, "conninfo"),
                                      sql == spec.fields.end() ? std::nullopt : std::optional(sql->second), branch.id(),
                                      surroundings);
}

}  // namespace

#else

namespace ft::twophase {

namespace {

Failure built_without() {
    return Failure({.what = "cannot use 'pg:' participants",
                    .why = "built without PostgreSQL",
                    .todo = "install libpq-dev and rebuild"});
}

Spec parse(const std::string&, const std::string&) { throw built_without(); }
std::unique_ptr<Participant> make(const Spec&, const Branch&, const Surroundings&) { throw built_without(); }

}  // namespace

#endif

Kind pg_kind() { return {"pg", "pg:CONNINFO --sql FILE", parse, make, true}; }

}  // namespace ft::twophase

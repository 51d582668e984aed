#include "libcore/twophase/pg_session.h"

#include <fmt/format.h>

#include "libcore/base/text.h"

#if FT_LIBPQ
#include <dlfcn.h>
#include <libpq-fe.h>

#include <cstdlib>
#include <utility>

namespace ft::twophase::pg {

namespace {

// What is used of libpq.
// clang-format off
#define FT_PQ_CALLS(X) \
    X(PQclear) X(PQcmdStatus) X(PQconnectPoll) X(PQconnectStartParams) X(PQconninfoFree) X(PQconninfoParse) \
    X(PQconsumeInput) X(PQenterPipelineMode) X(PQerrorMessage) X(PQexitPipelineMode) X(PQfinish) X(PQflush) \
    X(PQfreemem) X(PQgetResult) X(PQgetisnull) X(PQgetvalue) X(PQhost) X(PQisBusy) X(PQnfields) X(PQntuples) \
    X(PQpipelineSync) X(PQport) X(PQresultErrorField) X(PQresultErrorMessage) X(PQresultStatus) X(PQsendQuery) \
    X(PQsendQueryParams) X(PQserverVersion) \
    X(PQsetNoticeProcessor) X(PQsetnonblocking) X(PQsocket) X(PQstatus) X(PQtransactionStatus)
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

constexpr int oldest_version = 130000;  // pg_current_xact_id_if_assigned, xid8

std::string one_line(const char* message) {
    std::string text = message == nullptr ? "" : message;
    while (text.ends_with('\n')) text.pop_back();
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at))
        text.replace(at, text.find_first_not_of("\n\t ", at) - at, "; ");
    return printable(text);
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

std::string written_down(const PQconninfoOption* options) {
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

}  // namespace

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

bool Session::is_as_new(const proc::Bounds& bounds) {
    try {
        if (std::exchange(forgetting_, false)) return replies(bounds).back().state.empty() && is_idle();
        // Nothing is asked; so what there is to read is the server's farewell.
        return is_idle() && proc::wait_readable(descriptor(), proc::within(bounds, {})) == proc::Waited::late;
    } catch (const Failure&) {  // it has waited, unused: nobody has lost anything
        return false;
    }
}

void Session::Finish::operator()(pg_conn* connection) const { pq().PQfinish(connection); }
bool Session::is_lost() const { return pq().PQstatus(connection_.get()) == CONNECTION_BAD; }
bool Session::is_idle() const { return pq().PQtransactionStatus(connection_.get()) == PQTRANS_IDLE; }
void Session::begin_to_forget() { forgetting_ = send("DISCARD ALL"); }

Session::Session(const std::string& conninfo, const proc::Bounds& bounds) {
    const char* keywords[] = {"dbname", "application_name", nullptr};
    const char* values[] = {conninfo.c_str(), "ft2pc", nullptr};
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

bool Session::has_replies() {
    PGconn* connection = connection_.get();
    if (has_all_) return true;
    if (pq().PQflush(connection) > 0) return false;
    if (pq().PQconsumeInput(connection) == 0) return true;  // it is lost
    while (pq().PQisBusy(connection) == 0) {
        const std::unique_ptr<PGresult, void (*)(PGresult*)> result(pq().PQgetResult(connection), pq().PQclear);
        if (!result) return has_all_ = true;
        replies_.push_back(reply_of(result.get()));
        if (is_copy(pq().PQresultStatus(result.get()))) return true;
    }
    return false;
}

void Session::wait_for_more(const proc::Bounds& bounds) const {
    const bool is_said = pq().PQflush(connection_.get()) == 0;
    check_waited(is_said ? proc::wait_readable(descriptor(), bounds) : proc::wait_writable(descriptor(), bounds),
                 "cannot ask the server");
}

std::vector<Reply> Session::replies(const proc::Bounds& bounds) {
    constexpr std::string_view what = "cannot ask the server";
    while (!has_replies()) wait_for_more(bounds);
    if (is_lost()) throw failure(what);
    if (replies_.empty()) throw Failure({.what = std::string(what), .why = "it does not answer"});
    return std::exchange(replies_, {});
}

bool Session::send(const std::string& statements) {
    has_all_ = false;
    return pq().PQsendQuery(connection_.get(), statements.c_str()) != 0;
}

int Session::descriptor() const { return pq().PQsocket(connection_.get()); }

std::vector<Reply> Session::run(const std::string& statements, const proc::Bounds& bounds) {
    if (!send(statements)) throw failure("cannot ask the server");
    return replies(bounds);
}

Reply Session::ask(const std::string& statement, const std::vector<std::string>& values, const proc::Bounds& bounds) {
    std::vector<const char*> pointers;
    has_all_ = false;
    for (const std::string& value : values) pointers.push_back(value.c_str());
    if (pq().PQsendQueryParams(connection_.get(), statement.c_str(), static_cast<int>(values.size()), nullptr,
                               pointers.data(), nullptr, nullptr, 0) == 0)
        throw failure("cannot ask the server");
    return replies(bounds).back();
}

std::vector<Reply> Session::run_each(const std::vector<std::string>& statements, const proc::Bounds& bounds) {
    PGconn* connection = connection_.get();
    bool is_well = pq().PQenterPipelineMode(connection) != 0;
    for (const std::string& statement : statements)
        is_well =
            is_well &&
            pq().PQsendQueryParams(connection, statement.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 0 &&
            pq().PQpipelineSync(connection) != 0;
    std::vector<Reply> all;
    for (std::size_t ended = 0; is_well && ended < statements.size();) {
        if (pq().PQisBusy(connection) != 0) {
            wait_for_more(bounds);
            is_well = pq().PQconsumeInput(connection) != 0;
            continue;
        }
        const std::unique_ptr<PGresult, void (*)(PGresult*)> result(pq().PQgetResult(connection), pq().PQclear);
        if (result && pq().PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC)
            ++ended;
        else if (result)
            all.push_back(reply_of(result.get()));
        else  // between a statement and its end
            is_well = !is_lost();
    }
    if (!is_well || pq().PQexitPipelineMode(connection) == 0) throw failure("cannot ask the server");
    check(all.size() == statements.size(), "each statement is answered once");
    return all;
}

std::string settled_conninfo(const std::string& text) {
    char* error = nullptr;
    const Options options(pq().PQconninfoParse(text.c_str(), &error));
    const std::unique_ptr<char, void (*)(void*)> message(error, pq().PQfreemem);
    if (!options) throw unusable(one_line(error));
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr && is_secret(*option))
            throw unusable(
                fmt::format("a {} would be seen by others and kept: put it into ~/.pgpass", option->keyword));
    return written_down(options.get());
}

}  // namespace ft::twophase::pg

#else

namespace ft::twophase::pg {

namespace {

Failure built_without() {
    return Failure({.what = "cannot use 'pg:' participants",
                    .why = "built without PostgreSQL",
                    .todo = "install libpq-dev and rebuild"});
}

}  // namespace

void Session::Finish::operator()(pg_conn*) const {}
bool Session::is_lost() const { throw built_without(); }
bool Session::is_idle() const { throw built_without(); }
void Session::begin_to_forget() { throw built_without(); }
bool Session::is_as_new(const proc::Bounds&) { throw built_without(); }
Session::Session(const std::string&, const proc::Bounds&) { throw built_without(); }
std::vector<Reply> Session::run(const std::string&, const proc::Bounds&) { throw built_without(); }
bool Session::send(const std::string&) { throw built_without(); }
bool Session::has_replies() { throw built_without(); }
std::vector<Reply> Session::replies(const proc::Bounds&) { throw built_without(); }
int Session::descriptor() const { throw built_without(); }
std::vector<Reply> Session::run_each(const std::vector<std::string>&, const proc::Bounds&) { throw built_without(); }
Reply Session::ask(const std::string&, const std::vector<std::string>&, const proc::Bounds&) { throw built_without(); }
std::string settled_conninfo(const std::string&) { throw built_without(); }

}  // namespace ft::twophase::pg

#endif

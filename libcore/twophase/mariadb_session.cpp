#include "libcore/twophase/mariadb_session.h"

#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"

#if FT_LIBMARIADB
#include <dlfcn.h>
#include <mysql.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ft::twophase {

namespace {

// What is used of libmariadb.
// clang-format off
#define FT_MARIADB_CALLS(X) \
    X(mysql_close) X(mysql_errno) X(mysql_error) X(mysql_fetch_lengths) X(mysql_fetch_row) X(mysql_free_result) \
    X(mysql_get_server_info) X(mysql_get_server_version) X(mysql_get_socket) X(mysql_get_timeout_value_ms) \
    X(mysql_init) X(mysql_next_result_cont) X(mysql_next_result_start) X(mysql_num_fields) X(mysql_optionsv) \
    X(mysql_real_connect_cont) X(mysql_real_connect_start) X(mysql_real_query_cont) X(mysql_real_query_start) \
    X(mysql_reset_connection_cont) X(mysql_reset_connection_start) \
    X(mysql_session_track_get_first) X(mysql_store_result_cont) X(mysql_store_result_start)
// clang-format on

struct LibMariaDb {
#define FT_MARIADB_MEMBER(name) decltype(&::name) name = nullptr;
    FT_MARIADB_CALLS(FT_MARIADB_MEMBER)
#undef FT_MARIADB_MEMBER
};

LibMariaDb load_library() {
    constexpr const char* library = "libmariadb.so.3";
    void* loaded = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);  // for as long as the program lives
    if (loaded == nullptr)
        throw Failure(
            {.what = "cannot use MariaDB", .where = library, .why = ::dlerror(), .todo = "install libmariadb3"});
    LibMariaDb calls;
#define FT_MARIADB_LOAD(name) calls.name = reinterpret_cast<decltype(calls.name)>(::dlsym(loaded, #name));
    FT_MARIADB_CALLS(FT_MARIADB_LOAD)
#undef FT_MARIADB_LOAD
    return calls;
}

const LibMariaDb& lib() {
    static const LibMariaDb calls = load_library();
    return calls;
}

constexpr unsigned long oldest_version = 100500;  // a prepared branch outlives its session since MDEV-742
constexpr unsigned first_of_client = 2000, end_of_client = 3000, killed = 1927, in_shutdown = 1053;

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

/// "... (111)" as people understand it.
std::string with_errno_text(std::string message) {
    const std::size_t open = message.rfind(" (");
    if (open == std::string::npos || !message.ends_with(')')) return message;
    const auto number = parse_number(std::string_view(message).substr(open + 2, message.size() - open - 3));
    if (!number || *number == 0 || *number > 4095) return message;
    return message.substr(0, open) + fmt::format(" ({})", std::strerror(static_cast<int>(*number)));
}

struct FreeResult {
    void operator()(MYSQL_RES* result) const { lib().mysql_free_result(result); }
};

}  // namespace

struct MariaSession::Link {
    MYSQL handle{};
    std::string where;      ///< for messages
    bool is_whole = false;  ///< no call was left half done
    MariaWritten written;
    std::string use;  ///< the statement that chooses the database
    int forgetting = 0, not_forgotten = 0;

    Link() { check(lib().mysql_init(&handle) != nullptr, "there is memory for a connection"); }
    ~Link() {
        const my_socket socket = lib().mysql_get_socket(&handle);
        if (!is_whole && socket >= 0) ::shutdown(socket, SHUT_RDWR);  // so that no farewell waits for the other side
        lib().mysql_close(&handle);
    }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    [[nodiscard]] Failure failure(std::string_view what) {
        return Failure({.what = std::string(what), .why = with_errno_text(printable(lib().mysql_error(&handle)))});
    }
    /// Waits for what libmariadb asks for, and tells it what has come.
    [[nodiscard]] int wait(int wanted, std::string_view what, const proc::Bounds& bounds);
    /// One of its calls, from what its _start has answered to the end.
    template <typename Continue>
    void finish(int wanted, std::string_view what, const proc::Bounds& bounds, Continue&& go_on) {
        is_whole = false;
        while (wanted != 0) wanted = go_on(wait(wanted, what, bounds));
        is_whole = true;
    }
    void connect(const MariaPlace& place, const proc::Bounds& bounds);
    void set_up(const MariaPlace& place);
    [[nodiscard]] MariaReply reply(const proc::Bounds& bounds);
    [[nodiscard]] MariaReply error_reply();
    void note_state();
    [[nodiscard]] bool is_lost() {
        const unsigned error = lib().mysql_errno(&handle);
        const bool is_broken = error >= first_of_client && error < end_of_client;
        return is_whole && (is_broken || error == killed || error == in_shutdown);
    }
};

int MariaSession::Link::wait(int wanted, std::string_view what, const proc::Bounds& bounds) {
    proc::Bounds until = bounds;
    if ((wanted & MYSQL_WAIT_TIMEOUT) != 0)
        until.end = std::min(
            until.end, bounds.clock.monotonic() + std::chrono::milliseconds(lib().mysql_get_timeout_value_ms(&handle)));
    const my_socket socket = lib().mysql_get_socket(&handle);
    const bool for_writing = (wanted & MYSQL_WAIT_WRITE) != 0;
    const proc::Waited waited = for_writing ? proc::wait_writable(socket, until) : proc::wait_readable(socket, until);
    if (waited == proc::Waited::done) return for_writing ? MYSQL_WAIT_WRITE : MYSQL_WAIT_READ;
    if (waited == proc::Waited::late && until.end < bounds.end) return MYSQL_WAIT_TIMEOUT;
    throw Failure({.what = std::string(what),
                   .where = where,
                   .why = waited == proc::Waited::stopped ? "it was stopped" : "no answer in time"});
}

/// Before an option file is read, and again after it: a session that was made anew by itself would have lost its
/// transaction, and no server may ask for files of this host.
void MariaSession::Link::set_up(const MariaPlace& place) {
    const my_bool no = 0;
    const unsigned no_files = 0;
    lib().mysql_optionsv(&handle, MYSQL_OPT_RECONNECT, &no);
    lib().mysql_optionsv(&handle, MYSQL_OPT_LOCAL_INFILE, &no_files);
    lib().mysql_optionsv(&handle, MYSQL_OPT_NONBLOCK, 0);
    lib().mysql_optionsv(&handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    lib().mysql_optionsv(&handle, MYSQL_INIT_COMMAND, "SET SESSION autocommit = 1");
    if (!place.defaults_file.empty() && ::access(place.defaults_file.c_str(), R_OK) != 0)
        throw Failure(
            {.what = "cannot read the option file", .where = place.defaults_file, .why = std::strerror(errno)});
    if (!place.defaults_file.empty())
        lib().mysql_optionsv(&handle, MYSQL_READ_DEFAULT_FILE, place.defaults_file.c_str());
    lib().mysql_optionsv(&handle, MYSQL_READ_DEFAULT_GROUP, ("client" + place.defaults_group_suffix).c_str());
}

void MariaSession::Link::connect(const MariaPlace& place, const proc::Bounds& bounds) {
    constexpr std::string_view what = "cannot connect";
    where = !place.socket.empty() ? place.socket : place.host + (place.port.empty() ? "" : " port " + place.port);
    use = "USE " + quoted_name(place.database);
    set_up(place);
    MYSQL* connected = nullptr;
    const auto port = static_cast<unsigned>(parse_number(place.port).value_or(0));
    const int begun =
        lib().mysql_real_connect_start(&connected, &handle, or_null(place.host), or_null(place.user), nullptr,
                                       place.database.c_str(), port, or_null(place.socket), CLIENT_MULTI_STATEMENTS);
    finish(begun, what, bounds, [&](int come) { return lib().mysql_real_connect_cont(&connected, &handle, come); });
    if (connected == nullptr) throw failure(what);
    const my_bool no = 0;
    lib().mysql_optionsv(&handle, MYSQL_OPT_RECONNECT, &no);
    const std::string version = lib().mysql_get_server_info(&handle);
    if (version.find("MariaDB") == std::string::npos || lib().mysql_get_server_version(&handle) < oldest_version)
        throw Failure({.what = "cannot use this server",
                       .where = where,
                       .why = fmt::format("it is {}, not MariaDB 10.5 or newer", printable(version))});
}

MariaReply MariaSession::Link::error_reply() {
    return {.error = lib().mysql_errno(&handle), .message = printable(lib().mysql_error(&handle)), .rows = {}};
}

/// "T_R_W_S_": W for a table that can be rolled back, w for one that cannot. Told only where it has changed.
void MariaSession::Link::note_state() {
    const char* state = nullptr;
    std::size_t length = 0;
    if (lib().mysql_session_track_get_first(&handle, SESSION_TRACK_TRANSACTION_STATE, &state, &length) != 0) return;
    const std::string_view letters(state, length);
    written.transactional = written.transactional || letters.find('W') != std::string_view::npos;
    written.lasting = written.lasting || letters.find('w') != std::string_view::npos;
}

/// Of the statement that has been answered just now.
MariaReply MariaSession::Link::reply(const proc::Bounds& bounds) {
    constexpr std::string_view what = "cannot ask the server";
    MYSQL_RES* stored = nullptr;
    finish(lib().mysql_store_result_start(&stored, &handle), what, bounds,
           [&](int come) { return lib().mysql_store_result_cont(&stored, &handle, come); });
    const std::unique_ptr<MYSQL_RES, FreeResult> result(stored);
    if (lib().mysql_errno(&handle) != 0) return error_reply();
    note_state();
    MariaReply reply;
    if (!result) return reply;
    while (const MYSQL_ROW row = lib().mysql_fetch_row(result.get())) {
        const unsigned long* lengths = lib().mysql_fetch_lengths(result.get());
        auto& kept = reply.rows.emplace_back();
        for (unsigned i = 0; i < lib().mysql_num_fields(result.get()); ++i)
            kept.push_back(row[i] == nullptr ? std::nullopt : std::optional(std::string(row[i], lengths[i])));
    }
    return reply;
}

MariaSession::MariaSession(const MariaPlace& place, const proc::Bounds& bounds) : link_(std::make_unique<Link>()) {
    link_->connect(place, bounds);
}

MariaSession::~MariaSession() = default;

std::vector<MariaReply> MariaSession::run(const std::string& statements, const proc::Bounds& bounds) {
    constexpr std::string_view what = "cannot ask the server";
    MYSQL* handle = &link_->handle;
    std::vector<MariaReply> all;
    int failed = 0;
    link_->finish(lib().mysql_real_query_start(&failed, handle, statements.data(), statements.size()), what, bounds,
                  [&](int come) { return lib().mysql_real_query_cont(&failed, handle, come); });
    while (failed == 0) {  // -1: there are no more
        all.push_back(link_->reply(bounds));
        if (!all.back().is_well()) break;
        link_->finish(lib().mysql_next_result_start(&failed, handle), what, bounds,
                      [&](int come) { return lib().mysql_next_result_cont(&failed, handle, come); });
    }
    if (link_->is_lost()) throw link_->failure(what);
    if (failed > 0) all.push_back(link_->error_reply());
    check(!all.empty(), "a statement has an answer");
    return all;
}

bool MariaSession::is_lost() const { return link_->is_lost(); }
bool MariaSession::is_well() const { return link_->is_whole && !link_->is_lost(); }
const MariaWritten& MariaSession::written() const { return link_->written; }

void MariaSession::begin_to_forget() {
    link_->is_whole = false;
    link_->forgetting = lib().mysql_reset_connection_start(&link_->not_forgotten, &link_->handle);
}

bool MariaSession::has_forgotten(const proc::Bounds& bounds) {
    try {
        link_->finish(link_->forgetting, "cannot ask the server", bounds, [&](int come) {
            return lib().mysql_reset_connection_cont(&link_->not_forgotten, &link_->handle, come);
        });
        if (link_->not_forgotten != 0) return false;
        link_->written = {};
        return run("SET SESSION autocommit = 1; " + link_->use, bounds).back().is_well();
    } catch (const Failure&) {  // it has waited, unused: nobody has lost anything
        return false;
    }
}

}  // namespace ft::twophase

#else

namespace ft::twophase {

struct MariaSession::Link {};

MariaSession::MariaSession(const MariaPlace&, const proc::Bounds&) {
    throw Failure({.what = "cannot use 'mysql:' participants",
                   .why = "built without MariaDB",
                   .todo = "install libmariadb-dev and rebuild"});
}
MariaSession::~MariaSession() = default;
std::vector<MariaReply> MariaSession::run(const std::string&, const proc::Bounds&) { return {}; }
bool MariaSession::is_lost() const { return true; }
bool MariaSession::is_well() const { return false; }
void MariaSession::begin_to_forget() {}
bool MariaSession::has_forgotten(const proc::Bounds&) { return false; }
const MariaWritten& MariaSession::written() const {
    static const MariaWritten nothing;
    return nothing;
}

}  // namespace ft::twophase

#endif

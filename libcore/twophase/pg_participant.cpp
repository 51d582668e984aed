// "pg:CONNINFO" with some SQL: PostgreSQL as participant. The SQL runs at prepare, in one transaction, which PREPARE
// TRANSACTION then detaches from the session under the branch's id.
//
// What became of a branch that the server does not know any more is asked of the server's commit log, by the
// transaction number that the vote's token holds: an id that is not found says nothing by itself.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "libcore/base/failure.h"
#include "libcore/base/parallel.h"
#include "libcore/base/text.h"
#include "libcore/proc/bounded.h"
#include "libcore/twophase/kinds.h"
#include "libcore/twophase/pg_session.h"
#include "libcore/twophase/replacement.h"
#include "libcore/twophase/sql_script.h"

namespace ft::twophase {

namespace {

constexpr std::chrono::seconds connect_limit{3};
constexpr std::string_view no_such_object = "42704", not_in_this_state = "55000", too_many = "53200";
constexpr std::string_view probe = "SELECT pg_current_xact_id_if_assigned()::text",
                           first_probe =
                               "SELECT pg_current_xact_id_if_assigned()::text, system_identifier::text "
                               "FROM pg_control_system()";  // reads a file of the server's

class Postgres final : public Participant {
public:
    Postgres(std::string conninfo, std::optional<std::string> sql, std::string branch, const Surroundings& surroundings)
        : conninfo_(std::move(conninfo)),
          sql_(std::move(sql)),
          is_one_message_(sql_ && changes_rows_only(*sql_)),
          branch_(std::move(branch)),
          surroundings_(surroundings) {}
    ~Postgres() override;
    Postgres(const Postgres&) = delete;
    Postgres& operator=(const Postgres&) = delete;

    Voted prepare() override;
    Settled commit(const std::string& token) override;
    Settled abort() override;
    Settled fence() override;
    [[nodiscard]] bool begin_prepare() override;
    [[nodiscard]] bool begin_commit(const std::string& token) override;
    [[nodiscard]] bool is_ready() override;
    [[nodiscard]] int answer_descriptor() const override { return session_->descriptor(); }
    void interrupt() override { interrupt_.raise(); }
    /// Kind::list.
    [[nodiscard]] Listed list(const std::string& prefix);
    /// As abort(), of others than its own branch.
    void abort_each(std::span<const Branch> branches, std::span<Settled> answers);

private:
    /// What was begun has been waited for: is_ready() has seen to interrupts.
    [[nodiscard]] proc::Bounds bounds(std::chrono::nanoseconds limit) {
        return proc::bounds_from_now(surroundings_.clock, limit,
                                     {surroundings_.stop, begun_until_ ? -1 : interrupt_.descriptor()});
    }
    /// One that was kept, as new; false: there is none.
    bool take_kept(const proc::Bounds& until);
    [[nodiscard]] pg::Session& session(const proc::Bounds& until);
    [[nodiscard]] std::string work() const;
    [[nodiscard]] std::string work_and_prepare() const { return work() + ";PREPARE TRANSACTION '" + branch_ + "'"; }
    [[nodiscard]] std::string commit_prepared() const { return "COMMIT PREPARED '" + branch_ + "'"; }
    [[nodiscard]] bool begin(const std::string& statements, std::chrono::nanoseconds limit);
    /// What the server says to the statements, which were begun or are said now.
    [[nodiscard]] std::vector<pg::Reply> hear(const std::string& statements, const proc::Bounds& until);
    [[nodiscard]] Voted execute(const proc::Bounds& until);
    [[nodiscard]] Voted detach(const std::vector<pg::Reply>& replies, const proc::Bounds& until);
    [[nodiscard]] Voted vote_of(const std::vector<pg::Reply>& replies, const pg::Reply& prepared);
    [[nodiscard]] std::string trouble_in(const std::vector<pg::Reply>& replies);
    [[nodiscard]] Settled witness(const std::string& token, const proc::Bounds& until);
    /// Of other sessions with a name like this one (LIKE).
    [[nodiscard]] Settled end_sessions(const std::string& pattern, const proc::Bounds& until);
    [[nodiscard]] Settled settle(const std::function<Settled(const proc::Bounds& until)>& how);

    std::string conninfo_;
    std::optional<std::string> sql_;
    bool is_one_message_;  // with PREPARE TRANSACTION
    std::string branch_;
    Surroundings surroundings_;
    proc::Interrupt interrupt_;
    std::unique_ptr<pg::Session> session_;
    std::optional<std::chrono::nanoseconds> begun_until_;  // until when there may be an answer to what was begun
    bool left_at_work_ = false;                            // a session of this object may still do what it was told
    bool leaves_traces_ = false, told_to_prepare_ = false;
};

Voted refuse(std::string why) { return {.vote = Vote::no, .token = "", .why = std::move(why)}; }

/// Why what was said to SET, BEGIN, the SQL and the probe makes no branch; "" where it does.
std::string Postgres::trouble_in(const std::vector<pg::Reply>& replies) {
    if (!replies.back().state.empty()) return replies.back().message;
    for (std::size_t i = 2; i < replies.size(); ++i)
        if (replies[i].tag == "COMMIT" || replies[i].tag == "BEGIN" || replies[i].tag == "PREPARE TRANSACTION")
            return "the SQL has ended its transaction by itself: what came before that is not undone";
    const auto& row = replies.back().row;
    if (row.size() == 2) session_->server = row[1].value_or("");
    return row.empty() || session_->server.empty() ? "the server does not tell its transaction numbers" : "";
}

/// replies   to all before PREPARE TRANSACTION.
/// prepared  to that.
Voted Postgres::vote_of(const std::vector<pg::Reply>& replies, const pg::Reply& prepared) {
    const std::string trouble = prepared.state.empty() ? trouble_in(replies) : "";
    if (prepared.tag == "PREPARE TRANSACTION") {
        if (!trouble.empty()) return {.vote = Vote::silent, .token = "", .why = trouble};
        return {Vote::yes, fmt::format("{} {}", replies.back().row[0].value_or("0"), session_->server), ""};
    }
    if (!trouble.empty()) return refuse(trouble);
    const bool is_of_prepare = prepared.message.find("prepared transactions") != std::string::npos;
    if (is_of_prepare && (prepared.state == not_in_this_state || prepared.state == too_many))
        return refuse(prepared.message +
                      "; set max_prepared_transactions in postgresql.conf to at least the number of "
                      "transactions at once, and restart the server");
    return refuse(prepared.message.empty() ? "a part of the SQL has failed" : prepared.message);
}

std::string rollback_prepared(const std::string& branch) { return "ROLLBACK PREPARED '" + branch + "'"; }

Settled after_rollback(const pg::Reply& reply) {
    if (reply.tag == "ROLLBACK PREPARED" || reply.state == no_such_object) return {Ack::done, ""};
    return {Ack::again, reply.message};
}

/// While it works for a branch. The server truncates a session's name after 63 bytes; all ids begin alike.
std::string session_name(const std::string& branch) { return branch.substr(branch.find('-') + 1); }

Postgres::~Postgres() {
    if (!session_ || surroundings_.kept == nullptr || !session_->is_idle()) return;
    if (leaves_traces_) session_->begin_to_forget();
    surroundings_.kept->give("pg:" + conninfo_, std::move(session_));
}

bool Postgres::take_kept(const proc::Bounds& until) {
    while (!session_ && surroundings_.kept != nullptr) {
        std::unique_ptr<Connection> kept = surroundings_.kept->take("pg:" + conninfo_);
        if (kept == nullptr) break;
        session_.reset(&dynamic_cast<pg::Session&>(*kept.release()));
        if (!session_->is_as_new(until)) session_.reset();
    }
    return session_ != nullptr;
}

pg::Session& Postgres::session(const proc::Bounds& until) {
    const proc::Bounds soon = proc::within(until, connect_limit);
    if (!take_kept(soon)) session_ = std::make_unique<pg::Session>(conninfo_, soon);
    return *session_;
}

bool Postgres::begin(const std::string& statements, std::chrono::nanoseconds limit) {
    if (session_->send(statements))
        begun_until_ = surroundings_.clock.monotonic() + limit;
    else
        session_.reset();
    return begun_until_.has_value();
}

bool Postgres::is_ready() {
    return session_->has_replies() || interrupt_.is_raised() || surroundings_.clock.monotonic() >= *begun_until_;
}

std::vector<pg::Reply> Postgres::hear(const std::string& statements, const proc::Bounds& until) {
    if (!std::exchange(begun_until_, std::nullopt)) return session(until).run(statements, until);
    return session_->replies({surroundings_.clock, {}, {}});  // which are there, or do not come in time
}

bool Postgres::begin_prepare() {
    constexpr std::chrono::milliseconds moment{20};  // for what it was told to forget before
    if (!is_one_message_ || !take_kept(proc::bounds_from_now(surroundings_.clock, moment, {}))) return false;
    told_to_prepare_ = left_at_work_ = begin(work_and_prepare(), surroundings_.prepare_limit);
    return told_to_prepare_;
}

Voted Postgres::prepare() {
    const proc::Bounds until = bounds(surroundings_.prepare_limit);
    if (!begun_until_) {
        if (!sql_) return refuse("there is no SQL to run: add it with --sql FILE");
        if (const std::string control = transaction_control_in(*sql_); !control.empty())
            return refuse(control + " would end the transaction that ft2pc runs the SQL in");
        try {
            (void)session(until);
        } catch (const Failure& failure) {  // nothing was begun
            return refuse(failure.what());
        }
    }
    left_at_work_ = true;
    leaves_traces_ = may_leave_traces(*sql_);
    Voted voted;
    try {
        voted = execute(until);
        left_at_work_ = false;
    } catch (const Failure& failure) {  // this participant's failure is its vote
        const bool is_undone = !told_to_prepare_ && session_->is_lost();
        voted = {.vote = is_undone ? Vote::no : Vote::silent, .token = "", .why = failure.what()};
    }
    if (!session_->is_idle()) session_.reset();  // which ends its transaction, if there still is one
    return voted;
}

std::string Postgres::work() const {
    return fmt::format("SET application_name = '{}';BEGIN;{}\n;{}", session_name(branch_), *sql_,
                       session_->server.empty() ? first_probe : probe);
}

/// Changes of rows go in one message with PREPARE TRANSACTION: one more would cost as much as a small change itself. Of
/// other SQL it is seen first what came of it.
Voted Postgres::execute(const proc::Bounds& until) {
    if (!is_one_message_) return detach(session(until).run(work(), until), until);
    told_to_prepare_ = true;
    std::vector<pg::Reply> replies = hear(work_and_prepare(), until);
    const pg::Reply last = std::move(replies.back());
    if (!last.tag.empty()) replies.pop_back();
    Voted voted = vote_of(replies, last);
    if (voted.vote == Vote::no) told_to_prepare_ = false;
    if (voted.vote != Vote::yes || replies.back().row[0]) return voted;
    const pg::Reply ended = session(until).run(commit_prepared(), until).back();
    voted = {.vote = Vote::read_only, .token = "", .why = ""};
    if (ended.tag != "COMMIT PREPARED") voted = {.vote = Vote::silent, .token = "", .why = ended.message};
    return voted;
}

/// Ends the session's part in the transaction: read-only ones at once, others by preparing them.
Voted Postgres::detach(const std::vector<pg::Reply>& replies, const proc::Bounds& until) {
    if (const std::string why = trouble_in(replies); !why.empty()) return refuse(why);
    if (!replies.back().row[0]) {
        const pg::Reply reply = session(until).run("COMMIT", until).back();
        if (reply.tag != "COMMIT") return refuse(reply.message.empty() ? "the SQL has failed" : reply.message);
        return {.vote = Vote::read_only, .token = "", .why = ""};
    }
    told_to_prepare_ = true;
    return vote_of(replies, session(until).run(fmt::format("PREPARE TRANSACTION '{}'", branch_), until).back());
}

/// One question after the decision; whatever goes wrong is asked again, on a new connection.
Settled Postgres::settle(const std::function<Settled(const proc::Bounds& until)>& how) {
    if (!begun_until_) interrupt_.clear();
    try {
        return how(bounds(surroundings_.settle_limit));
    } catch (const Failure& failure) {  // this participant's failure is its answer
        session_.reset();
        return {Ack::again, failure.what()};
    }
}

bool Postgres::begin_commit(const std::string&) {
    if (!session_ || !session_->is_idle()) return false;
    interrupt_.clear();
    return begin(commit_prepared(), surroundings_.settle_limit);
}

Settled Postgres::commit(const std::string& token) {
    return settle([&](const proc::Bounds& until) -> Settled {
        const pg::Reply reply = hear(commit_prepared(), until).back();
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
    const pg::Reply reply = session(until).ask(
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
            if (const Settled ended = end_sessions(session_name(branch_), until); ended.ack != Ack::done) return ended;
        left_at_work_ = false;
        return after_rollback(session(until).run(rollback_prepared(branch_), until).back());
    });
}

void Postgres::abort_each(std::span<const Branch> branches, std::span<Settled> answers) {
    std::vector<std::string> statements;
    for (const Branch& branch : branches) statements.push_back(rollback_prepared(branch.id()));
    const Settled all = settle([&](const proc::Bounds& until) -> Settled {
        const std::vector<pg::Reply> replies = session(until).run_each(statements, until);
        std::transform(replies.begin(), replies.end(), answers.begin(), after_rollback);
        return {Ack::done, ""};
    });
    if (all.ack != Ack::done) std::fill(answers.begin(), answers.end(), all);
}

Settled Postgres::fence() {
    return settle([&](const proc::Bounds& until) { return end_sessions(session_name(branch_), until); });
}

/// A session that was told to prepare may do so after whoever told it is gone.
Settled Postgres::end_sessions(const std::string& pattern, const proc::Bounds& until) {
    constexpr const char* others =
        "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity "
        "WHERE application_name LIKE $1 AND pid <> pg_backend_pid()";
    std::string why;
    const auto are_gone = [&] {
        const pg::Reply reply = session(until).ask(others, {pattern}, until);
        why = reply.message.empty() ? "its former session does not end" : reply.message;
        return reply.row.size() == 1 && reply.row[0] == "0";
    };
    if (proc::wait_until(are_gone, until) == proc::Waited::done) return {Ack::done, ""};
    return {Ack::again, why};
}

Listed Postgres::list(const std::string& prefix) {
    const proc::Bounds until = bounds(surroundings_.settle_limit);
    if (const Settled ended = end_sessions(session_name(prefix) + "%", until); ended.ack != Ack::done)
        throw Failure({.what = "cannot end the sessions of a dead command", .why = ended.why});
    const std::vector<pg::Reply> rows = session(until).run(
        "SELECT string_agg(replace(gid, ' ', '_'), ' ') FROM pg_prepared_xacts WHERE database = current_database()",
        until);
    if (!rows.back().state.empty() || rows.back().row.size() != 1)
        throw Failure({.what = "cannot list prepared transactions", .why = rows.back().message});
    const std::string all = rows.back().row[0].value_or("");
    Listed listed;
    for (std::string_view left = all; !left.empty();) listed.add(take_word(left), prefix);
    return listed;
}

Spec parse(const std::string& text, const std::string&) {
    return {.kind = "pg", .label = "pg:" + text, .fields = {{"conninfo", pg::settled_conninfo(text)}}};
}

std::unique_ptr<Participant> make(const Spec& spec, const Branch& branch, const Surroundings& surroundings) {
    const auto sql = spec.fields.find("sql");
    return std::make_unique<Postgres>(field_of(spec, "conninfo"),
                                      sql == spec.fields.end() ? std::nullopt : std::optional(sql->second), branch.id(),
                                      surroundings);
}

Listed list(const Spec& place, const std::string& prefix, const Surroundings& surroundings) {
    return Postgres(field_of(place, "conninfo"), std::nullopt, "", surroundings).list(prefix);
}

std::vector<Settled> abort_all(const Spec& place, const std::vector<Branch>& branches, unsigned at_once,
                               const Surroundings& surroundings) {
    constexpr std::size_t at_a_time = 64;  // said in one go
    std::vector<Settled> answers(branches.size());
    parallel_for(at_once, (branches.size() + at_a_time - 1) / at_a_time, [&](std::size_t i) {
        const std::size_t from = i * at_a_time, count = std::min(at_a_time, branches.size() - from);
        Postgres(field_of(place, "conninfo"), std::nullopt, "", surroundings)
            .abort_each(std::span(branches).subspan(from, count), std::span(answers).subspan(from, count));
    });
    return answers;
}

}  // namespace

Kind pg_kind() {
    return {.name = "pg",
            .usage = "pg:CONNINFO --sql FILE",
            .parse = parse,
            .make = make,
            .takes_sql = true,
            .place = "conninfo",
            .may_commit_alone = true,
            .list = list,
            .abort_all = abort_all};
}

}  // namespace ft::twophase

// "mysql:DATABASE" with some SQL: a MariaDB database as participant. The SQL runs at prepare, in an XA branch that
// bears the branch's id.
//
// What MariaDB 10.11 says of a branch is true only in the session that has prepared it. To others it answers
//  * "unknown XID" as long as that session lives, though the branch is prepared;
//  * "OK" in the moment in which that session ends, and does nothing: the branch is then listed no more, and keeps its
//    rows locked until the server is started again (xid_cache lets go of it before InnoDB does);
//  * "unknown XID" once it has ended, one way or the other;
//  * "OK" for a rollback that is not durable yet.
// So
//  * each session that works for a branch holds the user lock of the branch's id: who holds it is found and ended, and
//    once another session has got the lock, and a moment later, nobody is at work on the branch any more. One that
//    prepares also holds one of many locks of its coordinator's ledger, so that all of them are found without ids;
//  * the branch inserts its id into a table, ft2pc_witness. It is committed if its row can be read there, it has ended
//    otherwise if there is none, and it has not ended as long as the row is locked. No answer of the server counts
//    without that.
// Where a whole ledger's branches are aborted all this is done once for all of them (mariadb_ledger.h).
#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/twophase/kinds.h"
#include "libcore/twophase/ledger.h"
#include "libcore/twophase/mariadb_ledger.h"
#include "libcore/twophase/mariadb_line.h"
#include "libcore/twophase/replacement.h"
#include "libcore/twophase/sql_script.h"

namespace ft::twophase {

namespace {

Voted refuse(std::string why) { return {.vote = Vote::no, .token = "", .why = std::move(why)}; }

class MariaDb final : public Participant {
public:
    MariaDb(MariaPlace place, std::optional<std::string> sql, const Branch& branch, const Surroundings& surroundings)
        : line_(std::move(place), surroundings),
          sql_(std::move(sql)),
          branch_(branch.id()),
          prefix_(branch_prefix(branch.coordinator, ledger_of(branch.journal))),
          surroundings_(surroundings) {}
    ~MariaDb() override;
    MariaDb(const MariaDb&) = delete;
    MariaDb& operator=(const MariaDb&) = delete;

    Voted prepare() override;
    Settled commit(const std::string& token) override;
    Settled abort() override;
    bool keeps_witness() const override { return true; }
    Settled forget() override;
    Settled fence() override;
    void interrupt() override { interrupt_.raise(); }

private:
    [[nodiscard]] proc::Bounds bounds(std::chrono::nanoseconds limit) const {
        return proc::bounds_from_now(surroundings_.clock, limit, {surroundings_.stop, interrupt_.descriptor()});
    }
    /// Statements in which {0} is the branch's id and {1} the table of witnesses: the answer to the last of them.
    [[nodiscard]] MariaReply ask(std::string_view statements, const proc::Bounds& until) {
        return line_.ask(fmt::format(fmt::runtime(statements), branch_, line_.table()), until);
    }
    [[nodiscard]] std::string with_probe(const std::string& sql) const;
    [[nodiscard]] Voted execute(const proc::Bounds& until);
    [[nodiscard]] Voted end_reading(const proc::Bounds& until);
    [[nodiscard]] Voted detach(const proc::Bounds& until);
    void end_session();
    [[nodiscard]] Settled settle(const std::function<Settled(const proc::Bounds& until)>& how);
    [[nodiscard]] Settled tell_attached(std::string_view statement, const proc::Bounds& until);
    [[nodiscard]] Settled flush(const proc::Bounds& until);
    [[nodiscard]] MariaReply tell_detached(const std::string& statement, const proc::Bounds& until);
    [[nodiscard]] Settled be_alone(const proc::Bounds& until);
    [[nodiscard]] MariaReply witness(const proc::Bounds& until);

    MariaLine line_;
    std::optional<std::string> sql_;
    std::string branch_, prefix_;
    Surroundings surroundings_;
    proc::Interrupt interrupt_;
    bool in_branch_ = false, told_to_prepare_ = false, is_attached_ = false;  // the session
    std::optional<std::chrono::nanoseconds> alone_since_;                     // it has had the branch's lock since
};

/// A session that has let go of a prepared branch is of no use: it must not be kept (see above).
MariaDb::~MariaDb() {
    if (in_branch_) line_.end();
}

Voted MariaDb::prepare() {
    if (!sql_) return refuse("there is no SQL to run: add it with --sql FILE");
    if (const std::string control = transaction_control_in(*sql_, Dialect::mariadb); !control.empty())
        return refuse(control + " would end the transaction that ft2pc runs the SQL in");
    const proc::Bounds until = bounds(surroundings_.prepare_limit);
    try {
        (void)line_.session(until);
    } catch (const Failure& failure) {  // nothing was begun
        return refuse(failure.what());
    }
    Voted voted;
    try {
        voted = execute(until);
    } catch (const Failure& failure) {  // this participant's failure is its vote
        const bool is_undone = !told_to_prepare_ && line_.session(until).is_lost();
        voted = {.vote = is_undone ? Vote::no : Vote::silent, .token = "", .why = failure.what()};
    }
    is_attached_ = voted.vote == Vote::yes;
    if (in_branch_ && !is_attached_) end_session();  // which ends its transaction, if there still is one
    return voted;
}

/// The script within the branch, and whether the session is still ours then, whatever its statements did. What it has
/// written to is told with answers that have no rows, unless it has been told before with some that have; or, all of
/// it, when the variable is set.
std::string MariaDb::with_probe(const std::string& sql) const {
    const std::string_view script = up_to_last_statement(sql, Dialect::mariadb);
    return fmt::format(
        "XA START '{0}';{1}{2}SELECT IF(IS_USED_LOCK('{0}') = CONNECTION_ID()"
        " AND @@session.session_track_transaction_info = 'STATE', '{0}', '');"
        "SET SESSION session_track_transaction_info = 'STATE'",
        branch_, script, script.empty() ? "" : "\n;");
}

/// Each message is sent once the one before is answered: what a dead coordinator's session is still told to do is one
/// message, and it does it with the lock.
Voted MariaDb::execute(const proc::Bounds& until) {
    in_branch_ = true;
    const MariaReply begun =
        ask("SET SESSION session_track_transaction_info = 'STATE';" + take_lock_of(prefix_) +
                "; SELECT IF(@ft2pc_i < 256 AND GET_LOCK('{0}', 1) = 1, @@innodb_flush_log_at_trx_commit, '')",
            until);
    if (!begun.is_well()) return refuse(begun.message);
    const std::string flush = value_of(begun);
    if (flush.empty()) return refuse("another session works for this transaction, or too many for others");
    if (flush != "1" && flush != "3")
        return refuse(
            fmt::format("what is prepared would not survive a loss of power: innodb_flush_log_at_trx_commit "
                        "is {}; set it to 1",
                        flush));
    const std::vector<MariaReply> replies = line_.session(until).run(with_probe(*sql_), until);
    if (const MariaReply& last = replies.back(); !last.is_well())
        return refuse(last.error != not_in_this_state
                          ? last.message
                          : last.message + ": the SQL would end the transaction that ft2pc runs it in");
    if (replies.size() < 2 || value_of(replies[replies.size() - 2]) != branch_)
        return refuse("the SQL has released the lock of its transaction, or changed what its session tells of it");
    const MariaWritten written = line_.session(until).written();
    if (written.lasting)
        return refuse(
            "the SQL has written to a table without transactions (MyISAM, Aria, MEMORY), which cannot be "
            "undone; use tables of InnoDB");
    return written.transactional ? detach(until) : end_reading(until);
}

Voted MariaDb::end_reading(const proc::Bounds& until) {
    const MariaReply reply = ask("XA END '{0}'; XA COMMIT '{0}' ONE PHASE", until);
    if (!reply.is_well()) return refuse(reply.message);
    in_branch_ = false;
    return {.vote = Vote::read_only, .token = "", .why = ""};
}

Voted MariaDb::detach(const proc::Bounds& until) {
    const MariaReply reply = ask("INSERT INTO {1} VALUES ('{0}')", until);
    if (reply.error == no_such_table)
        return refuse(
            fmt::format("{}; ft2pc needs this table to tell what was committed, make it: CREATE TABLE {} "
                        "(branch VARCHAR(64) CHARACTER SET ascii PRIMARY KEY) ENGINE=InnoDB",
                        reply.message, line_.table()));
    if (!reply.is_well()) return refuse(reply.message);
    if (line_.session(until).written().lasting) {
        (void)ask("DELETE FROM {1} WHERE branch = '{0}'", until);
        return refuse(fmt::format("{} has to be a table of InnoDB", line_.table()));
    }
    told_to_prepare_ = true;
    const MariaReply prepared = ask("XA END '{0}'; XA PREPARE '{0}'", until);
    if (!prepared.is_well()) return refuse(prepared.message);
    return {.vote = Vote::yes, .token = "", .why = ""};
}

void MariaDb::end_session() {
    line_.end();
    in_branch_ = is_attached_ = false;
    alone_since_.reset();
}

/// One question after the decision; whatever goes wrong is asked again, on a new connection.
Settled MariaDb::settle(const std::function<Settled(const proc::Bounds& until)>& how) {
    interrupt_.clear();
    try {
        return how(bounds(surroundings_.settle_limit));
    } catch (const Failure& failure) {  // this participant's failure is its answer
        end_session();
        return {Ack::again, failure.what()};
    }
}

/// Ends every other session that works on the branch, and waits until the server has let go of it.
Settled MariaDb::be_alone(const proc::Bounds& until) {
    for (MariaReply got = ask("SELECT GET_LOCK('{0}', 0)", until); value_of(got) != "1";
         got = ask("SELECT GET_LOCK('{0}', 1)", until)) {
        if (!got.is_well()) return {Ack::again, got.message};
        if (surroundings_.clock.monotonic() >= until.end) return {Ack::again, "its former session does not end"};
        const MariaReply killed = ask("SELECT IS_USED_LOCK('{0}') INTO @ft2pc_holder; KILL @ft2pc_holder", until);
        if (!killed.is_well() && killed.error != no_such_session) return {Ack::again, killed.message};
    }
    if (!alone_since_) alone_since_ = surroundings_.clock.monotonic();
    return {Ack::done, ""};
}

/// What the table of witnesses knows, whatever this session may see: the row where it is committed; an error where
/// somebody still holds it.
MariaReply MariaDb::witness(const proc::Bounds& until) {
    return ask("SELECT branch FROM {1} WHERE branch = '{0}' LOCK IN SHARE MODE NOWAIT", until);
}

/// Tells the branch the decision, from a session that it was not prepared in.
MariaReply MariaDb::tell_detached(const std::string& statement, const proc::Bounds& until) {
    const auto end = *alone_since_ + time_to_let_go;
    const auto is_over = [&] { return surroundings_.clock.monotonic() >= end; };
    if (proc::wait_until(is_over, until) == proc::Waited::stopped)
        throw Failure({.what = "cannot ask the server", .why = "it was stopped"});
    return ask(statement, until);
}

Settled MariaDb::commit(const std::string&) {
    return settle([&](const proc::Bounds& until) -> Settled {
        if (is_attached_) return tell_attached("XA COMMIT '{0}'", until);
        if (const Settled alone = be_alone(until); alone.ack != Ack::done) return alone;
        const MariaReply told = tell_detached("XA COMMIT '{0}'", until);
        if (!told.is_well() && told.error != unknown_branch)
            return {is_rolled_back(told) ? Ack::broken : Ack::again, told.message};
        const MariaReply row = witness(until);
        if (value_of(row) == branch_) return {Ack::done, ""};
        if (row.error == is_locked) return {Ack::again, std::string(held_by_server)};
        if (!row.is_well()) return {Ack::unknown, row.message};
        return {Ack::unknown,
                "the server does not know the branch, nor is there a witness of its commit in " + line_.table()};
    });
}

Settled MariaDb::abort() {
    return settle([&](const proc::Bounds& until) -> Settled {
        if (is_attached_) {
            const Settled told = tell_attached("XA ROLLBACK '{0}'", until);
            return told.ack == Ack::done ? flush(until) : told;
        }
        if (const Settled alone = be_alone(until); alone.ack != Ack::done) return alone;
        const MariaReply told = tell_detached("XA ROLLBACK '{0}'", until);
        if (!told.is_well() && told.error != unknown_branch && !is_rolled_back(told)) return {Ack::again, told.message};
        const MariaReply row = witness(until);
        if (value_of(row) == branch_) return {Ack::broken, std::string(committed_by_others)};
        if (row.error == no_such_table) return {Ack::done, ""};  // nothing can have been prepared
        if (row.is_well()) return flush(until);
        return {Ack::again, row.error == is_locked ? std::string(held_by_server) : row.message};
    });
}

/// The server makes a commit durable, but not a rollback: after a crash the branch would be prepared again, and nobody
/// would know it any more. A commit after it makes it durable, too.
Settled MariaDb::flush(const proc::Bounds& until) {
    const MariaReply reply =
        ask("START TRANSACTION; INSERT INTO {1} VALUES ('{0}'); DELETE FROM {1} WHERE branch = '{0}'; COMMIT", until);
    if (reply.is_well()) return {Ack::done, ""};
    end_session();  // the SQL may have left it so that it cannot
    return {Ack::again, reply.message};
}

/// Where this object has prepared it, and its session still lives, there is nothing to doubt.
Settled MariaDb::tell_attached(std::string_view statement, const proc::Bounds& until) {
    const MariaReply told = ask(statement, until);
    if (told.is_well()) {
        in_branch_ = is_attached_ = false;
        return {Ack::done, ""};
    }
    end_session();
    return {Ack::again, told.message};
}

Settled MariaDb::forget() {
    return settle([&](const proc::Bounds& until) -> Settled {
        const MariaReply reply = ask("SET SESSION autocommit = 1; DELETE FROM {1} WHERE branch = '{0}'", until);
        if (reply.is_well() || reply.error == no_such_table) return {Ack::done, ""};
        end_session();  // the SQL may have left it so that it cannot
        return {Ack::again, reply.message};
    });
}

Settled MariaDb::fence() {
    return settle([&](const proc::Bounds& until) { return be_alone(until); });
}

Spec parse(const std::string& text, const std::string& folder) {
    return {.kind = "mysql", .label = "mysql:" + text, .fields = {{"place", settled_place(text, folder)}}};
}

std::unique_ptr<Participant> make(const Spec& spec, const Branch& branch, const Surroundings& surroundings) {
    const auto sql = spec.fields.find("sql");
    return std::make_unique<MariaDb>(maria_place(field_of(spec, "place")),
                                     sql == spec.fields.end() ? std::nullopt : std::optional(sql->second), branch,
                                     surroundings);
}

Listed list(const Spec& place, const std::string& prefix, const Surroundings& surroundings) {
    return list_left(maria_place(field_of(place, "place")), prefix, surroundings);
}

std::vector<Settled> abort_all(const Spec& place, const std::vector<Branch>& branches, unsigned at_once,
                               const Surroundings& surroundings) {
    return abort_left(maria_place(field_of(place, "place")), branches, at_once, surroundings);
}

}  // namespace

Kind mysql_kind() {
    return {.name = "mysql",
            .usage = "mysql:DATABASE --sql FILE",
            .parse = parse,
            .make = make,
            .takes_sql = true,
            .place = "place",
            .list = list,
            .abort_all = abort_all};
}

}  // namespace ft::twophase

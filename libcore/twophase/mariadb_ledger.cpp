#include "libcore/twophase/mariadb_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "libcore/base/failure.h"
#include "libcore/base/parallel.h"
#include "libcore/twophase/ledger.h"
#include "libcore/twophase/mariadb_line.h"

namespace ft::twophase {

namespace {

constexpr std::size_t branches_in_a_message = 64;

Failure unlisted(const std::string& why) { return Failure({.what = "cannot list prepared branches", .why = why}); }

/// One session's work for the branches of a ledger at its place.
class LeftThere {
public:
    LeftThere(const MariaPlace& place, std::string prefix, const Surroundings& surroundings)
        : line_(place, surroundings), prefix_(std::move(prefix)), surroundings_(surroundings) {}

    [[nodiscard]] Listed list();
    /// Tells the server to, whatever comes of it. answers  one for each: again where it says that it did not.
    void roll_back(std::span<const Branch> branches, std::span<Settled> answers);
    /// Believes those answers that are so, once that is durable.
    void confirm(std::span<const Branch> branches, std::span<Settled> answers);

private:
    [[nodiscard]] proc::Bounds bounds() const {
        return proc::bounds_from_now(surroundings_.clock, surroundings_.settle_limit, {surroundings_.stop});
    }
    /// In which {0} is the beginning of the ids and {1} the table of witnesses.
    [[nodiscard]] MariaReply ask(std::string_view statements, const proc::Bounds& until) {
        return line_.ask(fmt::format(fmt::runtime(statements), prefix_, line_.table()), until);
    }
    void end_sessions(const proc::Bounds& until);
    void wait_until_let_go(const proc::Bounds& until);
    void tell_to_roll_back(std::span<const Branch> branches, std::span<Settled> answers);
    [[nodiscard]] std::set<std::string> witnesses(std::string_view isolation, const proc::Bounds& until);
    [[nodiscard]] std::vector<std::string> all_prepared(const proc::Bounds& until);
    void flush(const proc::Bounds& until);

    MariaLine line_;
    std::string prefix_;
    Surroundings surroundings_;
};

void LeftThere::end_sessions(const proc::Bounds& until) {
    MariaReply left;
    const auto are_gone = [&] {
        left =
            ask("BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR 1094 BEGIN END; SET @ft2pc_i = 0, @ft2pc_left = 0;"
                " WHILE @ft2pc_i < 256 DO SET @ft2pc_holder = IS_USED_LOCK(CONCAT('{0}/', @ft2pc_i));"
                " IF @ft2pc_holder IS NOT NULL THEN KILL @ft2pc_holder; SET @ft2pc_left = @ft2pc_left + 1; END IF;"
                " SET @ft2pc_i = @ft2pc_i + 1; END WHILE; END;"
                "SELECT @ft2pc_left",
                until);
        return !left.is_well() || value_of(left) == "0";
    };
    const bool is_over = proc::wait_until(are_gone, until) == proc::Waited::done;
    if (!is_over || !left.is_well()) throw unlisted(is_over ? left.message : "former sessions do not end");
}

/// Also where no session was met: the last one may have ended just now.
void LeftThere::wait_until_let_go(const proc::Bounds& until) {
    const auto end = surroundings_.clock.monotonic() + time_to_let_go;
    const auto is_over = [&] { return surroundings_.clock.monotonic() >= end; };
    if (proc::wait_until(is_over, until) != proc::Waited::done) throw unlisted("it was stopped");
}

/// Of the ledger, as far as that isolation lets see them.
std::set<std::string> LeftThere::witnesses(std::string_view isolation, const proc::Bounds& until) {
    const MariaReply reply = ask(fmt::format("SET SESSION TRANSACTION ISOLATION LEVEL {};"
                                             "SELECT branch FROM {{1}} WHERE branch LIKE '{{0}}%'",
                                             isolation),
                                 until);
    if (!reply.is_well() && reply.error != no_such_table) throw unlisted(reply.message);
    std::set<std::string> ids;
    for (const auto& row : reply.rows) ids.insert(row[0].value_or(""));
    return ids;
}

/// What the server says, of all its databases.
std::vector<std::string> LeftThere::all_prepared(const proc::Bounds& until) {
    const MariaReply reply = ask("XA RECOVER", until);
    if (!reply.is_well()) throw unlisted(reply.message);
    std::vector<std::string> ids;
    for (const auto& row : reply.rows) ids.push_back(row.back().value_or(""));
    return ids;
}

/// A rollback is not durable when it is answered, but no later than the next commit. No branch's id is as short as the
/// one that is written here.
void LeftThere::flush(const proc::Bounds& until) {
    const MariaReply reply =
        ask("START TRANSACTION; INSERT INTO {1} VALUES ('{0}'); DELETE FROM {1} WHERE branch = '{0}'; COMMIT", until);
    if (!reply.is_well() && reply.error != no_such_table)
        throw Failure({.what = "cannot make rollbacks durable", .why = reply.message});
}

/// XA RECOVER knows no databases; and it does not list what the server has forgotten and still holds (see
/// mysql_participant.cpp). What is not seen may have been rolled back by a recovery that died before its commit.
Listed LeftThere::list() {
    const proc::Bounds until = bounds();
    end_sessions(until);
    wait_until_let_go(until);
    const std::set<std::string> seen = witnesses("READ UNCOMMITTED", until),
                                committed = witnesses("READ COMMITTED", until);
    flush(until);
    Listed listed;
    for (const std::string& id : seen)
        if (!committed.contains(id)) listed.add(id, prefix_);
    for (const std::string& id : all_prepared(until))
        if (!id.starts_with(prefix_)) listed.add(id, prefix_);
    return listed;
}

void LeftThere::roll_back(std::span<const Branch> branches, std::span<Settled> answers) {
    try {
        tell_to_roll_back(branches, answers);
    } catch (const Failure& failure) {  // this session's failure is the answer for its branches
        line_.end();
        std::fill(answers.begin(), answers.end(), Settled{Ack::again, failure.what()});
    }
}

/// A message is worked off up to the first statement that fails.
void LeftThere::tell_to_roll_back(std::span<const Branch> branches, std::span<Settled> answers) {
    const proc::Bounds until = bounds();
    const MariaReply locked = ask(take_lock_of(prefix_) + "; SELECT @ft2pc_i < 256", until);
    if (value_of(locked) != "1")
        throw Failure({.what = "cannot ask the server",
                       .why = locked.is_well() ? "too many sessions work for this service" : locked.message});
    for (std::size_t told = 0; told < branches.size();) {
        std::string statements;
        for (const Branch& branch : branches.subspan(told))
            statements += fmt::format("{}XA ROLLBACK '{}'", statements.empty() ? "" : ";", branch.id());
        const std::vector<MariaReply> replies = line_.session(until).run(statements, until);
        told += replies.size();
        const MariaReply& last = replies.back();
        if (!last.is_well() && last.error != unknown_branch && !is_rolled_back(last))
            answers[told - 1] = {Ack::again, last.message};
    }
}

void LeftThere::confirm(std::span<const Branch> branches, std::span<Settled> answers) {
    try {
        const proc::Bounds until = bounds();
        const std::set<std::string> seen = witnesses("READ UNCOMMITTED", until),
                                    committed = witnesses("READ COMMITTED", until);
        flush(until);
        for (std::size_t i = 0; i < branches.size(); ++i) {
            if (committed.contains(branches[i].id()))
                answers[i] = {Ack::broken, std::string(committed_by_others)};
            else if (answers[i].ack == Ack::done && seen.contains(branches[i].id()))
                answers[i] = {Ack::again, std::string(held_by_server)};
        }
    } catch (const Failure& failure) {  // nothing is known then
        line_.end();
        std::fill(answers.begin(), answers.end(), Settled{Ack::again, failure.what()});
    }
}

}  // namespace

Listed list_left(const MariaPlace& place, const std::string& prefix, const Surroundings& surroundings) {
    return LeftThere(place, prefix, surroundings).list();
}

std::vector<Settled> abort_left(const MariaPlace& place, const std::vector<Branch>& branches, unsigned at_once,
                                const Surroundings& surroundings) {
    std::vector<Settled> answers(branches.size(), Settled{Ack::done, ""});
    if (branches.empty()) return answers;
    const std::string prefix = branch_prefix(branches[0].coordinator, ledger_of(branches[0].journal));
    const std::size_t messages = (branches.size() + branches_in_a_message - 1) / branches_in_a_message;
    parallel_for(at_once, messages, [&](std::size_t i) {
        const std::size_t from = i * branches_in_a_message,
                          count = std::min(branches_in_a_message, branches.size() - from);
        LeftThere(place, prefix, surroundings)
            .roll_back(std::span(branches).subspan(from, count), std::span(answers).subspan(from, count));
    });
    LeftThere(place, prefix, surroundings).confirm(branches, answers);
    return answers;
}

}  // namespace ft::twophase

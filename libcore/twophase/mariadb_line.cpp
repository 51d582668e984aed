#include "libcore/twophase/mariadb_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ft::twophase {

namespace {

constexpr std::chrono::seconds connect_limit{3};
constexpr std::array rolled_back{1402U, 1613U, 1614U};

}  // namespace

bool is_rolled_back(const MariaReply& reply) {
    return std::find(rolled_back.begin(), rolled_back.end(), reply.error) != rolled_back.end();
}

std::string value_of(const MariaReply& reply) {
    if (reply.rows.empty() || reply.rows[0].empty()) return "";
    return reply.rows[0][0].value_or("");
}

std::string take_lock_of(const std::string& prefix) {
    return fmt::format(
        "BEGIN NOT ATOMIC SET @ft2pc_i = 0;"
        " WHILE @ft2pc_i < 256 AND GET_LOCK(CONCAT('{}/', @ft2pc_i), 0) <> 1 DO SET @ft2pc_i = @ft2pc_i + 1;"
        " END WHILE; END",
        prefix);
}

MariaLine::MariaLine(MariaPlace place, const Surroundings& surroundings)
    : place_(std::move(place)), kept_(surroundings.kept) {}

MariaLine::~MariaLine() {
    if (!session_ || kept_ == nullptr || !session_->is_well()) return;
    session_->begin_to_forget();
    kept_->give(key(), std::move(session_));
}

std::string MariaLine::table() const { return quoted_name(place_.database) + ".ft2pc_witness"; }

std::string MariaLine::key() const {
    std::string all = "mysql";
    for (const std::string& word : {place_.database, place_.host, place_.port, place_.socket, place_.user,
                                    place_.defaults_file, place_.defaults_group_suffix})
        all += '\0' + word;
    return all;
}

MariaSession& MariaLine::session(const proc::Bounds& until) {
    const proc::Bounds soon = proc::within(until, connect_limit);
    while (!session_ && kept_ != nullptr) {
        std::unique_ptr<Connection> kept = kept_->take(key());
        if (kept == nullptr) break;
        session_.reset(&dynamic_cast<MariaSession&>(*kept.release()));
        if (!session_->has_forgotten(soon)) session_.reset();
    }
    if (!session_) session_ = std::make_unique<MariaSession>(place_, soon);
    return *session_;
}

MariaReply MariaLine::ask(const std::string& statements, const proc::Bounds& until) {
    return session(until).run(statements, until).back();
}

}  // namespace ft::twophase

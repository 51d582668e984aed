#include <fmt/format.h>

#include "libcore/base/text.h"
#include "tools/common/shared_counting.h"
#include "tools/ftcounter/commands.h"

namespace ft::tools {

namespace {

using namespace ft::counter;

struct StatusOptions {
    CounterOptions counter;
};

void declare(ui::Flags& flags, StatusOptions& options) { declare_name(flags, options.counter); }

/// One member's place, how it stands, and what to do about it.
struct Row {
    std::string where, state, todo;
    const Reply* reply = nullptr;
    [[nodiscard]] bool is_well() const { return todo.empty(); }
};

Row row_of(OpenedCounter& opened, const Member& member, const Heard& heard) {
    Row row{.where = opened.machine().locator(member), .reply = &heard.reply};
    const std::string& name = opened.name();
    switch (heard.reply.kind) {
        case Reply::Kind::sound:
        case Reply::Kind::refused:
        case Reply::Kind::behind:
            row.state = heard.reply.standing->version == opened.counter().ledger().version() ? "sound" : "behind";
            if (row.state == "behind") row.todo = "the next change brings it up";
            return row;
        case Reply::Kind::damaged:
        case Reply::Kind::missing:
            row.state = heard.reply.kind == Reply::Kind::damaged ? "damaged" : "missing";
            row.todo = fmt::format("ftcounter repair {}", name);
            return row;
        case Reply::Kind::failed:
            row.state = "failing";
            row.todo = "replace its disk, then repair";
            return row;
        case Reply::Kind::busy:
            row.state = "busy";
            row.todo = "another process holds it";
            return row;
        case Reply::Kind::unreachable:
            row.state = "unreachable";
            row.todo = "see to its host";
            return row;
    }
    return row;
}

ui::Answer fields_of(const Row& row) {
    ui::Answer fields;
    fields.text("replica", row.where).text("state", row.state).text("why", row.reply->why).text("todo", row.todo);
    if (const std::optional<Standing>& standing = row.reply->standing)
        fields.number("sequence", standing->version.sequence)
            .integer("value", standing->head.value)
            .number("epoch", standing->annex.charter.epoch)
            .text("durable", standing->on_disk ? "disk" : "memory");
    return fields;
}

void print_rows(ui::Env& env, const std::vector<Row>& rows) {
    using Align = ui::Columns::Align;
    ui::Columns columns({Align::left, Align::left, Align::right, Align::right, Align::left});
    for (const Row& row : rows) {
        const std::optional<Standing>& standing = row.reply->standing;
        columns.row({printable(row.where), row.state, standing ? fmt::format("#{}", standing->version.sequence) : "",
                     standing ? fmt::format("epoch {}", standing->annex.charter.epoch) : "",
                     row.reply->why.empty() ? row.todo : fmt::format("{} ({})", row.todo, row.reply->why)});
    }
    const std::vector<std::string> lines = columns.lines();
    for (std::size_t i = 0; i < rows.size(); ++i) env.item(lines[i], fields_of(rows[i]));
}

std::string bounds_of(const Head& head) {
    std::string text;
    if (head.min != std::numeric_limits<std::int64_t>::min()) text += fmt::format(", at least {}", head.min);
    if (head.max != std::numeric_limits<std::int64_t>::max()) text += fmt::format(", at most {}", head.max);
    return text;
}

void print_reservations(ui::Env& env, const Annex& annex) {
    constexpr std::string_view phases[] = {"", "prepared", "committed", "aborted"};
    for (const Reservation& one : annex.reservations) {
        const std::string_view phase = phases[static_cast<std::size_t>(one.phase)];
        env.item(fmt::format("reservation {}: {:+} {}", printable(one.id), one.amount, phase),
                 ui::Answer().text("reservation", one.id).integer("amount", one.amount).text("phase", phase));
    }
}

/// Of a counter in shared memory: its value, and since when the file is behind.
Exit show_shared(ui::Env& env, const std::string& name, shm::SharedCounter& shared) {
    const shm::Status status = shared.status();
    const bool exact = status.kind == shm::Kind::exact;
    ui::Answer fields;
    fields.text("counter", name)
        .text("segment", shared.name())
        .text("kind", exact ? "exact" : "plain")
        .integer("value", status.value)
        .integer("min", status.min)
        .integer("max", status.max)
        .number("keyed", status.keyed)
        .number("keys", status.keys);
    std::string text =
        fmt::format("{}: {}{}; in memory, {}, {}", name, status.value,
                    bounds_of({.min = status.min, .max = status.max}), shared.name(), exact ? "exact" : "plain");
    if (status.flush) {
        fields.text("file", status.flush->asked.path)
            .time("flushed", status.flush->at)
            .flag("behind", status.flush->is_behind);
        text += fmt::format("; {} in {} since {}{}", status.flush->value, printable(status.flush->asked.path),
                            human_time(status.flush->at), status.flush->is_behind ? ", the rest is not" : "");
    }
    env.summary(text, fields);
    return Exit::done;
}

Exit run(ui::Env& env, const StatusOptions& options) {
    Disk disk;
    counter::NamedPlace named = look_up(disk, options.counter.name);
    if (named.named.descriptor.shared) {
        SharedCounting counting(env, disk, options.counter, std::move(named));
        return show_shared(env, options.counter.name, counting.shared());
    }
    OpenedCounter opened(env, disk, options.counter, std::move(named));
    Counter& counter = opened.counter();
    counter.inspect();
    std::vector<Row> rows;
    std::size_t sound = 0, well = 0;
    for (const Member& member : counter.charter().members) {
        rows.push_back(row_of(opened, member, counter.heard(member.replica)));
        sound += rows.back().reply->is_sound() ? 1 : 0;
        well += rows.back().is_well() ? 1 : 0;
    }
    print_rows(env, rows);
    ui::Answer fields;
    fields.text("counter", options.counter.name);
    std::string text = "no sound replica";
    const bool majority = counter.has_majority();
    if (sound > 0) {
        const Ledger& ledger = counter.ledger();
        const Charter& charter = counter.charter();
        print_reservations(env, ledger.annex());
        text =
            fmt::format("{}: {}{}; {} of {} replicas sound, threshold {}, keys remembered {} of {}",
                        options.counter.name, majority ? std::to_string(ledger.head().value) : "no majority",
                        bounds_of(ledger.head()), sound, rows.size(), charter.threshold,
                        std::min<std::uint64_t>(ledger.head().keyed, counter.identity().keys), counter.identity().keys);
        if (majority) fields.integer("value", ledger.head().value);
        fields.integer("min", ledger.head().min)
            .integer("max", ledger.head().max)
            .number("threshold", charter.threshold)
            .number("keyed", ledger.head().keyed)
            .number("keys", counter.identity().keys)
            .flag("change_of_members_under_way", !charter.former.empty());
    }
    env.summary(text, fields.number("sound", sound).number("replicas", rows.size()).flag("majority", majority));
    if (!majority) return counter.no_majority().exit();
    return well == rows.size() ? Exit::done : Exit::incomplete;
}

}  // namespace

ui::Command add_counter_status() {
    return ui::make_command<StatusOptions>(
        {.name = "status",
         .usage = {"NAME"},
         .purpose = "how each replica stands, and what to do",
         .examples = {{"ftcounter status jobs", "reads all of each replica; exit 3 where one is not well"}}},
        declare, run);
}

}  // namespace ft::tools

// "counter:NAME+N" and "counter:NAME-N": the amount is reserved at prepare under the branch's id, so that no other can
// cross the counter's bounds because of it, and applied at commit. The reservation is kept, with what became of it,
// until forget(): a commit that is asked for again finds it, and counts nothing twice.
#include <fmt/format.h>

#include "libcore/base/failure.h"
#include "libcore/base/text.h"
#include "libcore/counter/named_counter.h"
#include "libcore/twophase/interruption.h"
#include "libcore/twophase/kinds.h"
#include "libcore/twophase/replacement.h"

namespace ft::twophase {

namespace {

using counter::Operation;
using counter::Outcome;

class CounterPart final : public Participant {
public:
    CounterPart(std::string path, std::int64_t amount, std::string branch, const Surroundings& surroundings)
        : path_(std::move(path)), amount_(amount), branch_(std::move(branch)), surroundings_(surroundings) {}

    Voted prepare() override;
    Settled commit(const std::string& token) override;
    Settled abort() override;
    [[nodiscard]] bool keeps_witness() const override { return true; }
    Settled forget() override;
    void interrupt() override { progress_.stop = true; }
    /// The ids of what is reserved there, or released and not forgotten.
    [[nodiscard]] std::vector<std::string> reserved();

private:
    struct Done {
        Outcome::Kind kind = Outcome::Kind::done;
        std::string why;  ///< where it was refused
        [[nodiscard]] bool is(Outcome::Kind other) const { return kind == other; }
        [[nodiscard]] bool accepted() const { return is(Outcome::Kind::done) || is(Outcome::Kind::repeated); }
    };
    /// Opens the counter; nobody else works on it until the act is over.
    template <class Act>
    auto on_counter(std::chrono::nanoseconds limit, Act act);
    [[nodiscard]] Done run(counter::Counter& counter, Operation::Kind kind) const;
    /// Releases what is reserved, and forgets it.
    [[nodiscard]] Settled drop(counter::Counter& counter) const;
    [[nodiscard]] counter::NamedPlace find() const;

    std::string path_;
    std::int64_t amount_;
    std::string branch_;
    Surroundings surroundings_;
    Progress progress_;  // its stop is set from another thread
};

counter::NamedPlace CounterPart::find() const {
    const std::size_t slash = path_.rfind('/');
    std::optional<counter::NamedPlace> place =
        counter::find_place(surroundings_.locate(path_), slash == 0 ? "/" : path_.substr(0, slash));
    if (!place) throw counter::no_such_counter(path_);
    return *std::move(place);
}

template <class Act>
auto CounterPart::on_counter(std::chrono::nanoseconds limit, Act act) {
    progress_.step();
    const counter::Patience patience{.lock = limit / 3, .reply = limit / 3, .grace = limit / 10, .race = limit / 3};
    counter::NamedCounter named(
        find(), path_,
        {.locate = surroundings_.locate, .clock = surroundings_.clock, .progress = progress_, .patience = patience});
    return act(named.counter());
}

CounterPart::Done CounterPart::run(counter::Counter& counter, Operation::Kind kind) const {
    const Operation operation{.kind = kind, .amount = amount_, .id = branch_};
    const Outcome outcome = counter.run({&operation, 1}).back();
    return {outcome.kind, fmt::format("{}: {}", path_, counter::reason(outcome, counter.ledger().head()))};
}

Voted CounterPart::prepare() {
    const EndOfInterruption end(progress_);
    try {
        return on_counter(surroundings_.prepare_limit, [&](counter::Counter& counter) {
            const Done done = run(counter, Operation::Kind::reserve);
            return done.accepted() ? Voted{Vote::yes, "", ""} : Voted{Vote::no, "", done.why};
        });
    } catch (const Failure& failure) {
        // It may have been reserved; or there is no counter, or no majority: then nothing was done.
        const bool perhaps = failure.exit() == Exit::in_doubt || progress_.stop;
        return {perhaps ? Vote::silent : Vote::no, "", failure.what()};
    }
}

Settled CounterPart::commit(const std::string&) {
    const EndOfInterruption end(progress_);
    return on_counter(surroundings_.settle_limit, [&](counter::Counter& counter) -> Settled {
        const Done done = run(counter, Operation::Kind::commit);
        if (done.accepted()) return {Ack::done, ""};
        return {done.is(Outcome::Kind::unknown) ? Ack::unknown : Ack::broken, done.why};
    });
}

Settled CounterPart::abort() {
    const EndOfInterruption end(progress_);
    return on_counter(surroundings_.settle_limit, [&](counter::Counter& counter) { return drop(counter); });
}

Settled CounterPart::drop(counter::Counter& counter) const {
    const Done done = run(counter, Operation::Kind::abort);
    if (done.is(Outcome::Kind::unknown)) return {Ack::done, ""};
    if (!done.accepted()) return {Ack::broken, done.why};
    (void)run(counter, Operation::Kind::forget);  // of what is aborted: it cannot be refused
    return {Ack::done, ""};
}

Settled CounterPart::forget() {
    const EndOfInterruption end(progress_);
    return on_counter(surroundings_.settle_limit, [&](counter::Counter& counter) -> Settled {
        // One that could never be applied is still reserved.
        if (run(counter, Operation::Kind::forget).accepted()) return {Ack::done, ""};
        return drop(counter);
    });
}

std::vector<std::string> CounterPart::reserved() {
    return on_counter(surroundings_.settle_limit, [&](counter::Counter& counter) {
        const Operation look{.kind = Operation::Kind::get};
        (void)counter.run({&look, 1});
        std::vector<std::string> ids;
        for (const counter::Reservation& one : counter.ledger().annex().reservations)
            if (one.phase != counter::Reservation::Phase::committed) ids.push_back(one.id);
        return ids;
    });
}

Failure unclear(const std::string& text, std::string why) {
    return Failure({.what = "cannot understand 'counter:" + printable(text) + "'",
                    .why = std::move(why),
                    .todo = "give counter:NAME+N or counter:NAME-N",
                    .exit = Exit::usage});
}

/// What follows the last sign, with it.
std::int64_t amount_in(const std::string& text, std::size_t sign) {
    const std::string digits = text.substr(sign + 1);
    if (digits.find_first_not_of("0123456789") != std::string::npos) throw unclear(text, "N is no number");
    const std::optional<std::int64_t> amount = parse_integer(text[sign] == '-' ? "-" + digits : digits);
    if (!amount) throw unclear(text, digits.empty() ? "there is no number behind the sign" : "N has no 64 bits");
    if (*amount == 0) throw unclear(text, "adding nothing is no change");
    return *amount;
}

Spec parse(const std::string& text, const std::string& folder) {
    const std::size_t sign = text.find_last_of("+-");
    if (sign == std::string::npos) throw unclear(text, "there is no amount");
    const std::int64_t amount = amount_in(text, sign);
    const std::string path = absolute(counter::name_path(text.substr(0, sign)), folder);
    return {
        .kind = "counter", .label = "counter:" + text, .fields = {{"path", path}, {"amount", std::to_string(amount)}}};
}

std::unique_ptr<Participant> make(const Spec& spec, const Branch& branch, const Surroundings& surroundings) {
    const bool is_place = !spec.fields.contains("amount");
    const std::optional<std::int64_t> amount = is_place ? 0 : parse_integer(field_of(spec, "amount"));
    if (!amount) throw damage(spec.label, "its amount is no number");
    return std::make_unique<CounterPart>(path_of(spec, "path"), *amount, branch.id(), surroundings);
}

Listed list(const Spec& place, const std::string& prefix, const Surroundings& surroundings) {
    CounterPart part(path_of(place, "path"), 0, "", surroundings);
    Listed listed;
    for (const std::string& id : part.reserved()) listed.add(id, prefix);
    return listed;
}

}  // namespace

Kind counter_kind() {
    return {.name = "counter", .usage = "counter:NAME+N", .parse = parse, .make = make, .place = "path", .list = list};
}

}  // namespace ft::twophase

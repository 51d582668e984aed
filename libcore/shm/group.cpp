#include "libcore/shm/group.h"

#include <algorithm>
#include <utility>

#include "libcore/base/failure.h"

namespace ft::shm {

using counter::Operation;
using counter::Outcome;

Group::Group(counter::Counter& counter, Clock& clock, const Progress& progress, counter::Patience patience,
             std::string name)
    : counter_(counter), clock_(clock), progress_(progress), patience_(patience), name_(std::move(name)) {}

std::vector<Outcome> Group::run(std::span<const Operation> operations) {
    served_.reset();
    if (leads_ || !(post_to_leader(operations) || post(operations))) return lead(operations);
    served_ = wait();
    if (!served_) return lead(operations);
    return {served_->outcome};
}

std::vector<Outcome> Group::lead(std::span<const Operation> operations) {
    if (!leads_) begin_to_lead();
    look_for_queue();
    return queue_ ? counter_.run(operations, *queue_) : counter_.run(operations);
}

void Group::begin_to_lead() {
    leads_ = true;
    looked_ = std::chrono::nanoseconds(0);
    if (queue_) queue_->set_led(true);
}

void Group::look_for_queue() {
    constexpr std::chrono::milliseconds often{1};
    const auto now = clock_.monotonic();
    if (looked_.count() != 0 && now - looked_ < often) return;
    looked_ = now;
    const std::optional<counter::Counter::Gate> gate = counter_.gate();
    if (queue_ && !is_queue_of(gate)) queue_.reset();
    if (gate && !queue_) queue_ = Queue::find(*gate);
    if (queue_) queue_->set_led(true);
}

bool Group::is_queue_of(const std::optional<counter::Counter::Gate>& gate) const {
    return gate && queue_->place() == *gate && queue_->is_named();
}

bool Group::post_to_leader(std::span<const Operation> operations) {
    const bool is_led = operations.size() == 1 && queue_ && queue_->is_named() && queue_->is_led();
    return is_led && queue_->post(operations.front());
}

bool Group::post(std::span<const Operation> operations) {
    const bool is_closed = queue_ && queue_->is_closed(clock_.monotonic());
    if ((!is_closed && counter_.try_turn()) || operations.size() != 1) return false;
    const std::optional<counter::Counter::Gate> gate = counter_.gate();
    if (queue_ && !is_queue_of(gate)) queue_.reset();
    if (gate && !queue_) queue_ = Queue::make(*gate);
    return queue_ && queue_->post(operations.front());
}

std::optional<Queue::Answer> Group::wait() {
    constexpr std::chrono::nanoseconds shortest = std::chrono::microseconds(500),
                                       longest = std::chrono::milliseconds(8);
    const auto until = clock_.monotonic() + patience_.lock;
    for (auto pause = shortest; queue_->told() == Queue::Told::nothing; pause = std::min(2 * pause, longest)) {
        if (queue_->is_led() || pause > shortest) queue_->wait(pause);
        progress_.step();
        if (queue_->told() != Queue::Told::nothing) break;
        if (!queue_->is_closed(clock_.monotonic()) && counter_.try_turn()) {
            begin_to_lead();
            (void)counter_.run({}, *queue_);
            if (queue_->told() == Queue::Told::nothing && queue_->withdraw(false)) return std::nullopt;
        } else if (clock_.monotonic() >= until) {
            give_up();
        }
    }
    if (queue_->told() == Queue::Told::outcome) return queue_->take_answer();
    throw Failure({.what = "it is not known whether this was counted",
                   .where = name_,
                   .why = "too much has happened since",
                   .todo = "with --key the same command can be repeated safely",
                   .exit = Exit::in_doubt});
}

void Group::give_up() {
    if (queue_->withdraw(false))
        throw Failure({.what = "cannot use the counter",
                       .where = name_,
                       .why = counter_.holder() + " holds it",
                       .todo = "nothing changed; try again",
                       .exit = Exit::busy});
    if (queue_->told() == Queue::Told::nothing)
        throw Failure({.what = "it is not known whether this was counted",
                       .where = name_,
                       .why = "the process that was to do it does not go on",
                       .todo = "with --key the same command can be repeated safely",
                       .exit = Exit::in_doubt});
}

void Group::release() {
    constexpr std::chrono::nanoseconds longest = std::chrono::milliseconds(15);
    constexpr std::chrono::nanoseconds gap = std::chrono::microseconds(1300);  // others look every millisecond
    const auto until = clock_.monotonic() + longest;
    while (has_company() && !progress_.stop && clock_.monotonic() < until && serve()) continue;
    if (has_company()) queue_->close_for(gap, clock_.monotonic());
    const bool led = std::exchange(leads_, false) && queue_;
    if (led) queue_->set_led(false);
    counter_.release();
    if (led) queue_->call_next();
}

bool Group::has_company() {
    if (leads_) look_for_queue();
    return leads_ && queue_ && queue_->are_waiting();
}

bool Group::serve() { return counter_.serve(*queue_); }

}  // namespace ft::shm

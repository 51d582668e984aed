#include "tools/common/shared_counting.h"

#include <fmt/format.h>

#include <utility>

#include "libcore/base/failure.h"

namespace ft::tools {

namespace {

counter::Outcome apply(shm::SharedCounter& shared, const counter::Operation& operation) {
    if (operation.kind == counter::Operation::Kind::get) return {.value = shared.value()};
    return shared.add(operation.amount, operation.key);
}

constexpr std::string_view uuid_word = "# counter ";

Failure memory_is_gone(const std::string& name, const counter::SharedName& shared) {
    return Failure(
        {.what = "the counter's memory is gone",
         .where = name,
         .why = fmt::format("there is no segment {}: the machine was off, or it was removed", shared.segment),
         .todo = fmt::format("'ftcounter rm {}', and create it again; --flush would have kept it", name)});
}

}  // namespace

std::unique_ptr<shm::DiskCopy> disk_copy_of(ui::Env& env, Disk& disk, const counter::SharedName& name) {
    if (name.flush_ms == 0) return nullptr;
    io::Located file = disk.locate(name.file);
    return std::make_unique<shm::DiskCopy>(std::move(file.dir), std::move(file.name), env.clock(),
                                           patience_of(env).lock);
}

std::unique_ptr<shm::SharedCounter> make_shared(const SharedPlace& place, shm::Shape shape, const Uuid& counter,
                                                Clock& clock) {
    const counter::SharedName& name = place.name;
    shape.kind = name.exact ? shm::Kind::exact : shm::Kind::plain;
    if (place.copy == nullptr)
        return shm::SharedCounter::make(name.segment, shape, clock,
                                        {.counter = counter, .state = {.value = shape.start}});
    shape.flush = shm::Flush{.period = std::chrono::milliseconds(name.flush_ms), .path = name.file};
    return place.copy->make(name.segment, shape, counter);
}

std::string plan_of(const SharedPlace& place, const Uuid& fresh) {
    const std::optional<Uuid> there = place.copy != nullptr ? place.copy->counter() : std::nullopt;
    return fmt::format("{}{}{} {}\n", counter::text_of(counter::Descriptor{.replicas = {}, .shared = place.name}),
                       uuid_word, there.value_or(fresh).hex(), there ? "flushed before" : "new");
}

void remove_unfinished(ui::Env& env, Disk& disk, const counter::SharedName& name, std::string_view plan) {
    const std::size_t at = plan.find(uuid_word);
    constexpr std::size_t digits = 32;
    if (at == std::string_view::npos) return;
    const std::string_view rest = plan.substr(at + uuid_word.size());
    const std::optional<Uuid> counter = Uuid::from_hex(rest.substr(0, digits));
    if (!counter) return;
    const std::unique_ptr<shm::DiskCopy> copy = disk_copy_of(env, disk, name);
    const std::unique_ptr<shm::SharedCounter> shared = shm::SharedCounter::find(name.segment, env.clock());
    if (shared && shared->segment().header().counter == *counter) {
        if (copy) copy->flush(*shared);
        shared->remove();
    }
    if (copy && rest.substr(digits).starts_with(" new")) copy->remove_new(*counter);
}

SharedCounting::SharedCounting(ui::Env& env, Disk& disk, const CounterOptions& options, counter::NamedPlace named)
    : env_(env), options_(options) {
    env_.progress().step();  // its locks are waited for without further ones
    const counter::SharedName& name = *named.named.descriptor.shared;
    copy_ = disk_copy_of(env, disk, name);
    shared_ = shm::SharedCounter::find(name.segment, env.clock());
    if (!shared_ && copy_) shared_ = make_shared({name, copy_.get()}, {}, env.clock().random_uuid(), env.clock());
    if (!shared_) shared_ = shm::SharedCounter::find(name.segment, env.clock());  // another has made it meanwhile
    if (!shared_) throw memory_is_gone(options.name, name);
    shared_->segment().set_patience(patience_of(env).lock);
}

std::vector<counter::Outcome> SharedCounting::run(std::span<const counter::Operation> operations) {
    std::vector<counter::Outcome> outcomes;
    outcomes.reserve(operations.size());
    try {
        for (const counter::Operation& operation : operations) outcomes.push_back(apply(*shared_, operation));
    } catch (const Failure& failure) {
        if (outcomes.empty()) throw;
        throw Failure(
            {.what = fmt::format("{} of {} operations were done, and not answered", outcomes.size(), operations.size()),
             .where = options_.name,
             .why = failure.what(),
             .todo = "with keys the same operations can be repeated safely",
             .exit = Exit::in_doubt});
    }
    flush(true);
    return outcomes;
}

void SharedCounting::flush(bool only_if_due) {
    if (!copy_) return;
    try {
        if (only_if_due)
            (void)copy_->flush_if_due(*shared_);
        else
            copy_->flush(*shared_);
    } catch (const Failure& failure) {  // the adds are in the segment: a failed command would be repeated
        env_.progress().step();
        unflushed_ = failure.what();
    }
}

void SharedCounting::settle() { flush(false); }

Exit SharedCounting::warn_of_absent() {
    if (!unflushed_) return Exit::done;
    if (!std::exchange(warned_, true))
        env_.warn(fmt::format("{}: counted in memory, but not flushed: {}", options_.name, *unflushed_));
    return options_.strict ? Exit::incomplete : Exit::done;
}

counter::Head SharedCounting::head() {
    const shm::Status status = shared_->status();
    return {.value = status.value, .min = status.min, .max = status.max, .keyed = status.keyed};
}

void remove_shared(Clock& clock, const counter::NamedPlace& named) {
    if (const auto shared = shm::SharedCounter::find(named.named.descriptor.shared->segment, clock)) shared->remove();
    named.at.dir->remove_file(named.at.name);
    named.at.dir->sync();
}

std::unique_ptr<Counting> open_counting(ui::Env& env, Disk& disk, const CounterOptions& options) {
    counter::NamedPlace named = look_up(disk, options.name);
    if (named.named.descriptor.shared) return std::make_unique<SharedCounting>(env, disk, options, std::move(named));
    return std::make_unique<OpenedCounter>(env, disk, options, std::move(named));
}

}  // namespace ft::tools

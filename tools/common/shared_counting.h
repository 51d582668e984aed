// A counter in shared memory, as the commands see it that count: made again from its file where the machine was off.
#pragma once

#include <memory>
#include <optional>

#include "libcore/shm/disk_copy.h"
#include "libcore/shm/shared_counter.h"
#include "tools/common/opened_counter.h"

namespace ft::tools {

class SharedCounting final : public Counting {
public:
    /// fails  where the memory is gone and nothing is there to make it from.
    SharedCounting(ui::Env& env, Disk& disk, const CounterOptions& options, counter::NamedPlace named);

    [[nodiscard]] std::vector<counter::Outcome> run(std::span<const counter::Operation> operations) override;
    void release() override {}
    [[nodiscard]] bool has_turn() const override { return false; }
    [[nodiscard]] bool may_have_company() override { return false; }
    [[nodiscard]] bool serve() override { return false; }
    void settle() override;
    [[nodiscard]] bool is_exact() const override { return shared_->shape().kind == shm::Kind::exact; }
    [[nodiscard]] counter::Head head() override;
    [[nodiscard]] std::string_view durability() override { return "memory"; }
    /// Says once that the file is not brought after the segment, and why.
    [[nodiscard]] Exit warn_of_absent() override;

    [[nodiscard]] shm::SharedCounter& shared() { return *shared_; }

private:
    /// What is counted stays counted where the file cannot follow.
    void flush(bool only_if_due);

    ui::Env& env_;
    CounterOptions options_;
    std::unique_ptr<shm::DiskCopy> copy_;  // null: it has no file
    std::unique_ptr<shm::SharedCounter> shared_;
    std::optional<std::string> unflushed_;  // why
    bool warned_ = false;
};

/// For good: the segment, if it is there, and the name. The file stays.
void remove_shared(Clock& clock, const counter::NamedPlace& named);
/// What a counter in shared memory is made in.
struct SharedPlace {
    const counter::SharedName& name;
    shm::DiskCopy* copy = nullptr;  ///< null: it has no file
};
/// A new segment, at the state of its file where there is one, else of this counter; nullptr where the name is taken.
[[nodiscard]] std::unique_ptr<shm::SharedCounter> make_shared(const SharedPlace& place, shm::Shape shape,
                                                              const Uuid& counter, Clock& clock);
/// The file that a counter is flushed to; null where it has none.
[[nodiscard]] std::unique_ptr<shm::DiskCopy> disk_copy_of(ui::Env& env, Disk& disk, const counter::SharedName& name);
/// The plan's text (counter/creation.h): the descriptor, and a comment with the counter's uuid, by which what a killed
/// create has left is known.
[[nodiscard]] std::string plan_of(const SharedPlace& place, const Uuid& fresh);
/// Removes what a killed create of this plan has made.
void remove_unfinished(ui::Env& env, Disk& disk, const counter::SharedName& name, std::string_view plan);

}  // namespace ft::tools

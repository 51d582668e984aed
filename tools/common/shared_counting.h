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
    SharedCounting(ui::Env& env, Disk& disk, const CounterOptions& options, NamedPlace named);

    [[nodiscard]] std::vector<counter::Outcome> run(std::span<const counter::Operation> operations) override;
    void release() override {}
    void settle() override;
    [[nodiscard]] bool is_exact() const override { return shared_->shape().kind == shm::Kind::exact; }
    [[nodiscard]] counter::Head head() override;
    [[nodiscard]] std::string_view durability() override { return "memory"; }
    [[nodiscard]] Exit warn_of_absent() override { return Exit::done; }

    [[nodiscard]] shm::SharedCounter& shared() { return *shared_; }

private:
    std::unique_ptr<shm::DiskCopy> copy_;  // null: it has no file
    std::unique_ptr<shm::SharedCounter> shared_;
};

/// For good: the segment, if it is there, and the name. The file stays.
void remove_shared(Clock& clock, const NamedPlace& named);
/// The segment of this name; a new one, or one made from its file, where it is missing and `make`.
[[nodiscard]] std::unique_ptr<shm::SharedCounter> make_shared(const counter::SharedName& name, shm::Shape shape,
                                                              shm::DiskCopy* copy, Clock& clock);
/// The file that a counter is flushed to; null where it has none.
[[nodiscard]] std::unique_ptr<shm::DiskCopy> disk_copy_of(Disk& disk, const counter::SharedName& name, Clock& clock);

}  // namespace ft::tools

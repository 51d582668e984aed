// Replicas as this machine reaches them: files by their paths, others through the commands that lead to them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "libcore/base/progress.h"
#include "libcore/counter/descriptor.h"
#include "libcore/counter/seats.h"
#include "libcore/io/posix.h"

namespace ft::counter {

class Machine final : public Wiring {
public:
    using Locate = std::function<io::Located(const std::string& path)>;
    /// What is known of a counter before its replicas are asked.
    struct Hints {
        Descriptor descriptor;    ///< where this machine finds them: goes before what the replicas say
        std::string folder;       ///< relative paths are below it
        std::string name;         ///< of the file in `folder` that the descriptor was read from; empty: none
        bool is_replica = false;  ///< the descriptor is one replica's own place: its charter tells what `folder` is
    };

    /// locate  opens the directory of a path.
    Machine(Locate locate, Clock& clock, const Progress& progress, Hints hints);

    [[nodiscard]] std::unique_ptr<Link> link(const Member& member) override;
    [[nodiscard]] bool wait(std::chrono::nanoseconds at_most, const std::function<bool()>& done) override;
    void learn(const Charter& charter) override;
    [[nodiscard]] std::vector<Member> named_members() override;

    /// Where this machine finds a member.
    [[nodiscard]] std::string locator(const Member& member) const;
    /// That, with a path in full.
    [[nodiscard]] std::string place(const Member& member) const;
    [[nodiscard]] const std::string& folder() const { return hints_.folder; }

private:
    [[nodiscard]] std::unique_ptr<Link> file_link(const std::string& path);

    Locate locate_;
    Clock& clock_;
    const Progress& progress_;
    Hints hints_;
    Bell bell_;
    bool has_inline_ = false;
};

}  // namespace ft::counter

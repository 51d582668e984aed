// A coordinator's directory: who it is, its journals and ledgers, and locks of what runs for it. FORMAT.md, section 3.
//
//     Home home = Home::open_or_create(disk.make(path), clock);   Journal j = home.begin(...);
#pragma once

#include <memory>
#include <vector>

#include "libcore/twophase/journal.h"
#include "libcore/twophase/ledger.h"

namespace ft::twophase {

class Home {
public:
    /// dir  empty, or a coordinator's. fails  damage() where it is anything else.
    ///      Its own name is durable already.
    [[nodiscard]] static Home open_or_create(std::unique_ptr<io::Dir> dir, Clock& clock);
    /// Whether a directory is a coordinator's whose names, its own path included, are known to be durable.
    [[nodiscard]] static bool is_durable(io::Dir& dir);
    /// std::nullopt where no transaction was ever begun here.
    [[nodiscard]] static std::optional<Home> find(std::unique_ptr<io::Dir> dir);

    [[nodiscard]] const Uuid& coordinator() const { return coordinator_; }
    [[nodiscard]] io::Dir& journals() { return *journals_; }
    [[nodiscard]] io::Dir& locks() { return *locks_; }
    /// Copies of journals that were damaged, as repair found them.
    [[nodiscard]] io::Dir& lost();
    /// Numbers of the journals, in order: of transactions that have not ended.
    [[nodiscard]] std::vector<std::uint64_t> numbers();
    [[nodiscard]] bool has_journal(std::uint64_t number) { return journals_->stat(name_of(number)).has_value(); }
    /// Made when it is first asked for.
    [[nodiscard]] io::Dir& ledgers();
    /// In order.
    [[nodiscard]] std::vector<std::uint64_t> ledger_numbers();
    /// Whether a transaction with a journal of its own is also in a ledger which nobody works with: who ended it would
    /// forget what the ledger still has to tell.
    [[nodiscard]] bool is_in_dead_ledger(std::uint64_t number);

    /// While the file lives, recovery leaves the transaction alone: for one who works on it without holding its
    /// journal.
    [[nodiscard]] std::unique_ptr<io::File> mark_at_work(std::uint64_t number);
    /// Removes the mark, if there is one.
    void unmark(std::uint64_t number);
    [[nodiscard]] bool is_at_work(std::uint64_t number);
    /// Removes the marks of transactions that have ended, which killed processes have left.
    void remove_stray_marks();

private:
    Home(std::unique_ptr<io::Dir> dir, const Uuid& coordinator);
    Uuid coordinator_;
    std::unique_ptr<io::Dir> dir_, ledgers_, journals_, locks_, lost_;
};

}  // namespace ft::twophase

#include "libcore/twophase/home.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcore/base/failure.h"

namespace ft::twophase {

namespace {

constexpr const char* identity_name = "coordinator";
constexpr const char* durable_name = "durable";
constexpr std::string_view first_line = "ft2pc 1\n";
constexpr std::size_t identity_size = first_line.size() + 32 + 1;  ///< bytes

/// std::nullopt where there is none.
std::optional<Uuid> read_identity(io::Dir& dir) {
    const std::unique_ptr<io::File> file = dir.find_file(identity_name, io::Access::read);
    if (file == nullptr) return std::nullopt;
    const std::string where = io::join_path(dir.path(), identity_name);
    const Bytes bytes = io::read_whole(*file, 4096);
    const std::string_view text = text_of(bytes);
    if (!text.starts_with(first_line)) throw damage(where, "not a coordinator's identity, or a newer version's");
    const std::optional<Uuid> uuid = Uuid::from_hex(text.substr(first_line.size(), 32));
    if (text.size() != identity_size || !text.ends_with('\n') || !uuid) throw damage(where, "its uuid cannot be read");
    return uuid;
}

/// Two that do so at once: the first one's holds for both.
Uuid make_identity(io::Dir& dir, Clock& clock) {
    if (dir.find_dir("journals") != nullptr) {
        if (const std::optional<Uuid> uuid = read_identity(dir)) return *uuid;  // made just now by another
        throw damage(dir.path(), "it holds journals, but whose they are is lost");
    }
    const std::string name = fmt::format(".{}.{}", identity_name, clock.random_uuid().hex());
    std::unique_ptr<io::File> file = dir.create_unnamed(0600);
    const bool unnamed = file != nullptr;
    if (!unnamed) file = dir.create_file(name, 0600);
    check(file != nullptr, "a name drawn by chance is free");
    file->write_at(view_of(fmt::format("{}{}\n", first_line, clock.random_uuid().hex())), 0);
    file->sync();
    if (unnamed)
        (void)dir.publish(*file, identity_name);
    else if (!dir.rename_new(name, dir, identity_name))
        dir.remove_file(name);
    return *read_identity(dir);
}

std::vector<std::uint64_t> numbers_in(io::Dir& dir) {
    std::vector<std::uint64_t> numbers;
    for (const io::Listed& listed : dir.list())
        if (const auto number = number_from(listed.name)) numbers.push_back(*number);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

constexpr std::string_view mark_end = ".at-work";

std::string mark_name(std::uint64_t number) { return fmt::format("{}{}", name_of(number), mark_end); }

/// std::nullopt where it is no mark's name.
std::optional<std::uint64_t> marked_by(std::string_view name) {
    if (!name.ends_with(mark_end)) return std::nullopt;
    return number_from(name.substr(0, name.size() - mark_end.size()));
}

}  // namespace

Home::Home(std::unique_ptr<io::Dir> dir, const Uuid& coordinator)
    : coordinator_(coordinator), dir_(std::move(dir)), ledgers_(dir_->find_dir("ledgers")) {
    if (is_durable(*dir_)) {  // no need to sync what is there, which is most of what a small transaction costs
        journals_ = io::open_dir(*dir_, "journals");
        locks_ = io::open_dir(*dir_, "locks");
    } else {
        dir_->sync();  // the identity, whoever made it, is durable before there are journals
        journals_ = io::ensure_dir(*dir_, "journals", 0700);
        locks_ = io::ensure_dir(*dir_, "locks", 0700);
    }
}

bool Home::is_durable(io::Dir& dir) { return dir.stat(durable_name).has_value(); }

io::Dir& Home::lost() {
    if (!lost_) lost_ = io::ensure_dir(*dir_, "lost", 0700);
    return *lost_;
}

Home Home::open_or_create(std::unique_ptr<io::Dir> dir, Clock& clock) {
    std::optional<Uuid> uuid = read_identity(*dir);
    if (!uuid) uuid = make_identity(*dir, clock);
    Home home(std::move(dir), *uuid);
    if (!is_durable(*home.dir_)) (void)home.dir_->create_file(durable_name, 0600);  // made last, all else being synced
    return home;
}

std::optional<Home> Home::find(std::unique_ptr<io::Dir> dir) {
    const std::optional<Uuid> uuid = read_identity(*dir);
    if (!uuid) return std::nullopt;
    return Home(std::move(dir), *uuid);
}

std::unique_ptr<io::File> Home::mark_at_work(std::uint64_t number) {
    std::unique_ptr<io::File> mark = locks_->create_file(mark_name(number), 0600);
    if (mark == nullptr || !mark->try_lock(io::Lock::exclusive))
        throw Failure(
            {.what = "cannot lock", .where = io::join_path(locks_->path(), mark_name(number)), .exit = Exit::busy});
    return mark;
}

void Home::unmark(std::uint64_t number) { locks_->remove_file(mark_name(number)); }

bool Home::is_at_work(std::uint64_t number) {
    const std::unique_ptr<io::File> mark = locks_->find_file(mark_name(number), io::Access::read);
    return mark != nullptr && !mark->try_lock(io::Lock::exclusive);
}

void Home::remove_stray_marks() {
    for (const io::Listed& listed : locks_->list()) {
        const std::optional<std::uint64_t> number = marked_by(listed.name);
        if (number && !journals_->stat(name_of(*number)) && !is_at_work(*number)) unmark(*number);
    }
}

std::vector<std::uint64_t> Home::numbers() { return numbers_in(*journals_); }

io::Dir& Home::ledgers() {
    if (!ledgers_) ledgers_ = io::ensure_dir(*dir_, "ledgers", 0700);
    return *ledgers_;
}

std::vector<std::uint64_t> Home::ledger_numbers() {
    return ledgers_ ? numbers_in(*ledgers_) : std::vector<std::uint64_t>();
}

bool Home::is_in_dead_ledger(std::uint64_t number) {
    return ledgers_ != nullptr && Ledger::is_dead(*ledgers_, ledger_of(number));
}

}  // namespace ft::twophase

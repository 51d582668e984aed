#include "libcore/ckpt/beside.h"

#include "libcore/base/failure.h"
#include "libcore/base/hash.h"
#include "libcore/base/text.h"
#include "libcore/source/tree_remove.h"

namespace ft::ckpt {
namespace {

constexpr std::uint64_t mark_limit = 1U << 16;
constexpr std::uint64_t plan_limit = 4096;

std::string hidden_name(const std::string& name, const std::string& suffix) {
    return "." + (name.size() <= 200 ? name : digest_of(view_of(name)).hex()) + suffix;
}

std::string mark_of(const std::string& name) { return hidden_name(name, ".ft-unfinished"); }

}  // namespace

Beside::Beside(io::Dir& parent, const std::string& name)
    : parent_(parent),
      lock_(hidden_name(name, ".ft-lock")),
      fresh_(hidden_name(name, ".ft-new")),
      mark_(mark_of(name)),
      new_mark_(mark_ + "-new") {
    lock(name);
}

void Beside::lock(const std::string& name) {
    for (;;) {
        held_ = parent_.create_file(lock_, 0600);
        left_ = held_ == nullptr;
        if (!held_) held_ = parent_.find_file(lock_, io::Access::read_write);
        if (!held_) continue;
        if (!held_->try_lock(io::Lock::exclusive))
            throw Failure({.what = "cannot restore",
                           .where = io::join_path(parent_.path(), name),
                           .why = "another restore to it is running",
                           .todo = "try again when it has ended",
                           .exit = Exit::busy});
        const std::optional<io::Stat> there = parent_.stat(lock_);
        if (there && there->ino == held_->stat().ino) return;  // else its last holder has just removed it
    }
}

void Beside::sweep() {
    plan_ = read_plan();
    const std::optional<io::Stat> left = parent_.stat(fresh_);
    // What a killed restore exchanged or renamed may yet be undone by a power failure: neither tree may lose anything,
    // nor the plan go, before.
    if (left || plan_) parent_.sync();
    if (left && (!plan_ || left->ino == plan_->built)) {
        source::remove_tree(parent_, fresh_);
    } else if (left) {
        if (!put_aside())
            throw Failure({.what = "cannot keep the tree that a killed restore has taken out",
                           .where = fresh_,
                           .why = "its name is taken",
                           .todo = "move it away, then try again"});
        parent_.sync();
    }
    parent_.remove_file(new_mark_);
    if (left_) forget_plan();
}

/// Durable when it returns: or the next tree that is built would be taken for one to keep.
void Beside::forget_plan() {
    held_->set_size(0);
    held_->sync();
    plan_.reset();
}

void Beside::plan_to_keep(const std::string& name) {
    plan_ = {.name = name, .built = parent_.stat(fresh_).value().ino};
    held_->write_at(view_of(std::to_string(plan_->built) + " " + name + "\n"), 0);
}

/// std::nullopt also where a power failure has cut it short: then nothing had been exchanged.
std::optional<Beside::Plan> Beside::read_plan() const {
    if (held_->stat().size > plan_limit) return std::nullopt;
    const Bytes bytes = io::read_whole(*held_, plan_limit);
    const std::string_view text = text_of(bytes);
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || !text.ends_with('\n')) return std::nullopt;
    const std::optional<std::uint64_t> built = parse_number(text.substr(0, space));
    const std::string_view name = text.substr(space + 1, text.size() - space - 2);
    if (!built || !io::is_name(name)) return std::nullopt;
    return Plan{std::string(name), *built};
}

bool Beside::put_aside() { return parent_.rename_new(fresh_, parent_, plan_->name); }

void Beside::put_mark(const std::string& text) {
    const std::unique_ptr<io::File> mark = parent_.create_file(new_mark_, 0644);
    if (!mark) throw system_failure("cannot write", io::join_path(parent_.path(), new_mark_), EEXIST);
    mark->write_at(view_of(text + "\n"), 0);
    mark->sync();
    parent_.rename(new_mark_, parent_, mark_);
    parent_.sync();
}

void Beside::remove_mark() {
    if (parent_.remove_file(mark_)) parent_.sync();
}

void Beside::release() {
    if (plan_) forget_plan();
    parent_.remove_file(lock_);  // the name goes before the lock does
    held_.reset();
}

bool Beside::try_clean(const std::string& name) {
    try {
        if (!name.empty()) source::remove_tree(parent_, name);
        parent_.remove_file(new_mark_);
        if (!name.empty() || !plan_) release();
        return true;
    } catch (const Failure&) {  // an outcome here: what it follows upon matters more
        return false;
    }
}

std::optional<std::string> unfinished_restore(io::Dir& parent, const std::string& name) {
    const std::unique_ptr<io::File> mark = parent.find_file(mark_of(name), io::Access::read);
    if (!mark) return std::nullopt;
    std::string text(text_of(io::read_whole(*mark, mark_limit)));
    while (text.ends_with('\n')) text.pop_back();
    return text.empty() ? "a checkpoint that it does not name" : printable(text);
}

}  // namespace ft::ckpt

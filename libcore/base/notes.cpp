#include "libcore/base/notes.h"

namespace ft {

void Notes::add(std::string_view what, std::string_view object, std::string_view why, bool incomplete) {
    std::lock_guard lock(mutex_);
    Note& note = notes_[{std::string(what), std::string(why)}];
    if (note.count++ == 0) {
        note.what = what;
        note.why = why;
        note.first = object;
        note.incomplete = incomplete;
    }
    note.incomplete = note.incomplete || incomplete;
}

std::vector<Note> Notes::take() {
    std::lock_guard lock(mutex_);
    std::vector<Note> taken;
    taken.reserve(notes_.size());
    for (auto& [key, note] : notes_) taken.push_back(std::move(note));
    notes_.clear();
    return taken;
}

}  // namespace ft

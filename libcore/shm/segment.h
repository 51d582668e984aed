// One POSIX shared memory segment that holds a counter: made whole or not at all, checked before it is mapped.
//
//     std::unique_ptr<Segment> made = Segment::make("/hits", header);   // nullptr: the name is taken
//     std::unique_ptr<Segment> found = Segment::find("/hits");          // nullptr: there is none
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "libcore/base/fd.h"
#include "libcore/shm/layout.h"

namespace ft::shm {

class Segment {
    struct Key {};  // for make_unique, and yet nobody else's

public:
    /// fill   writes the first state into a mapping that nobody else sees. Boot and inode of the header are filled in.
    /// fails  Exit::usage for what shm_open(3) would not take as a name, Exit::failed where there is no room for it:
    /// all of
    ///        it is reserved here, so that no later store can find the memory full.
    [[nodiscard]] static std::unique_ptr<Segment> make(const std::string& name, Header header,
                                                       const std::function<void(Segment&)>& fill);
    /// Whether something has that name. fails  as make, for what is no name.
    [[nodiscard]] static bool is_taken(const std::string& name);
    /// fails  damage() for what is no segment of a counter, is cut short, or is a copy of one.
    [[nodiscard]] static std::unique_ptr<Segment> find(const std::string& name);

    Segment(Key key, std::string name, Header header, Fd file);
    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;
    ~Segment();

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const Header& header() const { return header_; }
    /// How long its locks are waited for.
    [[nodiscard]] std::chrono::nanoseconds patience() const { return patience_; }
    void set_patience(std::chrono::nanoseconds patience) { patience_ = patience; }
    [[nodiscard]] Control& control() { return *at<Control>(Layout::control); }
    [[nodiscard]] std::span<Lane> lanes() { return {at<Lane>(Layout::lanes), lane_count}; }
    [[nodiscard]] std::span<Word> table() { return {at<Word>(Layout::table), layout_.places}; }
    [[nodiscard]] std::span<KeyRecord> ring() { return {at<KeyRecord>(layout_.ring()), layout_.records}; }

    /// A mapping of a file that was cut short under it kills: looks first. fails  damage().
    void need_whole() const;
    /// Takes its name away, if the name is still this segment's.
    void remove_name();

private:
    template <class T>
    [[nodiscard]] T* at(std::size_t offset) {
        return reinterpret_cast<T*>(memory_ + offset);
    }

    std::string name_;
    Header header_;
    Layout layout_;
    std::chrono::nanoseconds patience_ = usual_patience;
    Fd file_;
    std::byte* memory_ = nullptr;
};

}  // namespace ft::shm

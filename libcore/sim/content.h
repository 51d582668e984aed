// The bytes of one simulated file: 4 KiB pages that copies share until one of them is written, with holes between them.
//
// Copying a Content copies pointers only, so that a prepared disk can be copied for each of ten thousand runs.
//
//     Content c; c.write(bytes, 5000);   // page 0 is a hole
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "libcore/base/bytes.h"
#include "libcore/io/dir.h"

namespace ft::sim {

inline constexpr std::uint64_t page_size = 4096;
inline constexpr std::uint64_t sector_size = 512;

using Page = std::array<std::byte, page_size>;
/// Shared by all copies of a file's content; never changed while more than one holds it.
using PageRef = std::shared_ptr<const Page>;

class Content {
public:
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Pages that are not holes, in bytes.
    [[nodiscard]] std::uint64_t allocated() const { return allocated_pages_ * page_size; }

    /// As io::File::read_at.
    std::size_t read(std::span<std::byte> into, std::uint64_t at) const;
    /// Grows the size where it ends beyond it.
    void write(View bytes, std::uint64_t at);
    /// As write, without touching the size: bytes beyond it show once the size grows over them.
    void write_data_only(View bytes, std::uint64_t at);
    /// What is cut off reads as zeros if the size grows again.
    void resize(std::uint64_t size);
    /// The size alone, keeping bytes that write_data_only left beyond it.
    void set_size_only(std::uint64_t size) { size_ = size; }
    void punch(std::uint64_t at, std::uint64_t length);
    [[nodiscard]] std::optional<io::Extent> next_data(std::uint64_t from) const;

    /// Bytes by which `allocated` would grow with a write of [at, at+length).
    [[nodiscard]] std::uint64_t growth(std::uint64_t at, std::uint64_t length) const;
    /// nullptr is a hole.
    [[nodiscard]] PageRef page(std::uint64_t index) const { return index < pages_.size() ? pages_[index] : nullptr; }
    void set_page(std::uint64_t index, PageRef page);
    /// Drops bytes beyond the size.
    void clip() { resize(size_); }

private:
    Page& writable(std::uint64_t index);
    void zero(std::uint64_t from, std::uint64_t to);

    std::uint64_t size_ = 0;
    std::uint64_t allocated_pages_ = 0;
    std::vector<PageRef> pages_;  ///< up to the last that is not a hole
};

}  // namespace ft::sim

#include "libcore/sim/content.h"

#include <algorithm>
#include <cstring>

namespace ft::sim {

std::size_t Content::read(std::span<std::byte> into, std::uint64_t at) const {
    if (at >= size_) return 0;
    const std::size_t total = std::min<std::uint64_t>(into.size(), size_ - at);
    for (std::size_t done = 0; done < total;) {
        const std::uint64_t index = (at + done) / page_size, offset = (at + done) % page_size;
        const std::size_t part = std::min<std::uint64_t>(total - done, page_size - offset);
        if (index < pages_.size() && pages_[index])
            std::memcpy(into.data() + done, pages_[index]->data() + offset, part);
        else
            std::memset(into.data() + done, 0, part);
        done += part;
    }
    return total;
}

void Content::write(View bytes, std::uint64_t at) {
    write_data_only(bytes, at);
    size_ = std::max<std::uint64_t>(size_, at + bytes.size());
}

void Content::write_data_only(View bytes, std::uint64_t at) {
    for (std::size_t done = 0; done < bytes.size();) {
        const std::uint64_t index = (at + done) / page_size, offset = (at + done) % page_size;
        const std::size_t part = std::min<std::uint64_t>(bytes.size() - done, page_size - offset);
        std::memcpy(writable(index).data() + offset, bytes.data() + done, part);
        done += part;
    }
}

void Content::resize(std::uint64_t size) {
    const std::uint64_t end = (size + page_size - 1) / page_size;
    while (pages_.size() > end) {
        if (pages_.back()) --allocated_pages_;
        pages_.pop_back();
    }
    zero(size, end * page_size);
    size_ = size;
}

void Content::punch(std::uint64_t at, std::uint64_t length) {
    const std::uint64_t end = std::min(at + length, pages_.size() * page_size);
    if (at >= end) return;
    const std::uint64_t first = (at + page_size - 1) / page_size, last = end / page_size;
    if (first > last) return zero(at, end);
    zero(at, first * page_size);
    for (std::uint64_t index = first; index < last; ++index) set_page(index, nullptr);
    zero(last * page_size, end);
}

std::optional<io::Extent> Content::next_data(std::uint64_t from) const {
    std::uint64_t index = from / page_size;
    const std::uint64_t count = std::min<std::uint64_t>(pages_.size(), (size_ + page_size - 1) / page_size);
    while (index < count && !pages_[index]) ++index;
    if (index >= count || from >= size_) return std::nullopt;
    std::uint64_t end = index;
    while (end < count && pages_[end]) ++end;
    return io::Extent{std::max(from, index * page_size), std::min(size_, end * page_size)};
}

std::uint64_t Content::growth(std::uint64_t at, std::uint64_t length) const {
    if (length == 0) return 0;
    std::uint64_t grown = 0;
    for (std::uint64_t index = at / page_size; index <= (at + length - 1) / page_size; ++index)
        if (index >= pages_.size() || !pages_[index]) grown += page_size;
    return grown;
}

void Content::set_page(std::uint64_t index, PageRef page) {
    if (index >= pages_.size()) {
        if (!page) return;
        pages_.resize(index + 1);
    }
    if (pages_[index]) --allocated_pages_;
    if (page) ++allocated_pages_;
    pages_[index] = std::move(page);
}

Page& Content::writable(std::uint64_t index) {
    if (index >= pages_.size()) pages_.resize(index + 1);
    PageRef& page = pages_[index];
    if (!page) {
        ++allocated_pages_;
        page = std::make_shared<Page>();
    } else if (page.use_count() != 1) {
        page = std::make_shared<Page>(*page);
    }
    return const_cast<Page&>(*page);  // made non-const above and held by nobody else
}

void Content::zero(std::uint64_t from, std::uint64_t to) {
    while (from < to) {
        const std::uint64_t index = from / page_size, part = std::min(to - from, page_size - from % page_size);
        if (page(index)) std::memset(writable(index).data() + from % page_size, 0, part);
        from += part;
    }
}

}  // namespace ft::sim

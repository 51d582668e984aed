#include "libcore/counter/replica_file.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "libcore/base/failure.h"

namespace ft::counter {

namespace {

using Found = Opened::Found;

std::uint64_t highest_of(const std::array<Opened, 2>& copies) {
    return std::max(copies[0].generation, copies[1].generation);
}

bool is_rotten(const std::array<Opened, 2>& copies) {
    return copies[0].found == Found::rotten && copies[1].found == Found::rotten;
}

bool is_newest(const Opened& copy, const std::array<Opened, 2>& copies) {
    return copy.found == Found::whole && copy.generation == highest_of(copies);
}

std::size_t blocks_for(std::size_t bytes) { return (bytes + block_payload - 1) / block_payload; }

/// What block number i of those that hold these bytes holds.
View part_of(View bytes, std::size_t i) {
    const View part = bytes.subspan(i * block_payload);
    return part.first(std::min(part.size(), block_payload));
}

/// The blocks of a new file.
class NewContent {
public:
    explicit NewContent(const Header& header) : header_(header), layout_(header.identity.keys) {
        blocks_.resize(layout_.blocks());
        for (std::size_t i = 0; i < blocks_.size(); ++i) put({}, 0, i);
        const Bytes payload = encode(header);
        for (const unsigned copy : {0U, 1U}) seal(payload, 1, {Layout::header(copy), 0}, blocks_[copy]);
    }
    [[nodiscard]] const std::vector<Block>& blocks() const { return blocks_; }

    /// The last whole key blocks of the window go to the ring, what follows them into the tail.
    void put_keys(const KeyWindow& window, Tail& tail) {
        const auto entry = [&](std::uint64_t number) {
            return window.entries.begin() + static_cast<std::ptrdiff_t>(number - window.first);
        };
        const std::uint64_t end = tail.key_blocks(), kept = Layout::kept_key_blocks(header_.identity.keys);
        tail.first_key_block =
            std::max((window.first + keys_per_block - 1) / keys_per_block, end > kept ? end - kept : 0);
        for (std::uint64_t n = tail.first_key_block; n < end; ++n) {
            const KeyBlock keys{.replica = header_.replica,
                                .number = n,
                                .before = tail.newest_keys,
                                .entries = {entry(n * keys_per_block), entry((n + 1) * keys_per_block)}};
            const Bytes payload = encode(keys);
            for (const unsigned copy : {0U, 1U}) put(payload, 1, layout_.keys(n, copy));
            tail.newest_keys = checksum_of(payload);
        }
        tail.pending = {entry(end * keys_per_block), window.entries.end()};
    }

    void put_annex(const Annex& annex, Tail& tail) {
        const Bytes bytes = encode(annex);
        check(bytes.size() <= most_annex_bytes, "an annex fits its place");
        tail.annex = {
            .generation = 1, .size = static_cast<std::uint32_t>(bytes.size()), .checksum = checksum_of(bytes)};
        for (const unsigned copy : {0U, 1U})
            for (std::size_t i = 0; i < blocks_for(bytes.size()); ++i)
                put(part_of(bytes, i), 1, Layout::annex(0, copy, i));
    }

    /// Both slots hold it, so that the first commit finds a slot that it may overwrite.
    void put_tail(const Tail& tail) {
        const Bytes payload = encode(tail);
        for (const unsigned slot : {0U, 1U})
            for (const unsigned copy : {0U, 1U}) put(payload, slot + 1, Layout::slot(slot, copy));
    }

private:
    void put(View payload, std::uint64_t generation, std::uint64_t number) {
        seal(payload, generation, {number, header_.salt()}, blocks_[number]);
    }
    const Header& header_;
    Layout layout_;
    std::vector<Block> blocks_;
};

}  // namespace

std::optional<SlotChoice> choose_slot(const SlotCopies& found, std::optional<unsigned> given_up) {
    const std::uint64_t first = highest_of(found[0]), second = highest_of(found[1]);
    // A slot without one sound sector may be the newer one: its generation is not known.
    if (first == 0 || second == 0 || first == second) return std::nullopt;
    const unsigned newer = second > first ? 1 : 0;
    for (const unsigned slot : {newer, 1 - newer}) {
        if (slot == given_up) continue;
        const auto& copies = found[slot];
        for (const unsigned copy : {0U, 1U}) {
            if (!is_newest(copies[copy], copies)) continue;
            const bool alone = !is_newest(copies[1 - copy], copies);
            return SlotChoice{slot, copy, alone ? std::optional(1 - copy) : std::nullopt};
        }
        if (is_rotten(copies)) return std::nullopt;  // it may have been acknowledged
        // Else a copy shows whole sectors of an older write: this one never ended.
    }
    return std::nullopt;
}

std::optional<Header> header_of(io::File& file) {
    std::vector<Block> blocks(2);
    if (file.read_at(std::as_writable_bytes(std::span(blocks)), 0) != 2 * block_size) return std::nullopt;
    for (const std::uint64_t copy : {0, 1})
        if (const Opened opened = open(blocks[copy], {.number = Layout::header(static_cast<unsigned>(copy))});
            opened.found == Found::whole)
            return decode_header(opened.payload, file.path());
    return std::nullopt;
}

ReplicaFile::ReplicaFile(io::File& file) : file_(file), where_(file.path()) {
    std::vector<Block> blocks(Layout::opening);
    read_blocks(0, blocks);
    read_header(blocks);
    read_tail(blocks);
    file_.sync();  // what a killed writer has left is seen, and perhaps not durable
    unsynced_ = false;
}

void ReplicaFile::fail(std::string_view why) const { throw damage(where_, why); }

void ReplicaFile::read_blocks(std::uint64_t first, std::span<Block> into) {
    const auto bytes = std::as_writable_bytes(into);
    try {
        if (file_.read_at(bytes, first * block_size) != bytes.size()) fail("it is cut short");
    } catch (const Failure& failure) {
        if (failure.error() != EIO || into.size() == 1) throw;
        read_what_can_be(first, into);
    }
}

void ReplicaFile::read_what_can_be(std::uint64_t first, std::span<Block> into) {
    std::size_t unreadable = 0;
    for (std::size_t i = 0; i < into.size(); ++i) {
        try {
            read_blocks(first + i, into.subspan(i, 1));
        } catch (const Failure& failure) {
            if (failure.error() != EIO || ++unreadable == into.size()) throw;  // it is not this block, but the disk
            into[i].bytes.fill(std::byte{0});
        }
    }
}

void ReplicaFile::heal(std::uint64_t number, View payload, std::uint64_t generation) {
    std::vector<Block> blocks(1);
    seal(payload, generation, at(number), blocks[0]);
    file_.write_at(bytes_of(blocks), number * block_size);
    unsynced_ = true;
}

void ReplicaFile::read_header(std::span<const Block> blocks) {
    salt_ = 0;
    const std::array<Opened, 2> copies{open(blocks[0], at(0)), open(blocks[1], at(1))};
    const unsigned good = copies[0].found == Found::whole ? 0 : 1;
    if (copies[good].found != Found::whole) fail("both copies of its header are damaged, or it is no replica");
    header_ = decode_header(copies[good].payload, where_);
    if (const Opened& other = copies[1 - good]; other.found != Found::whole)
        heal(1 - good, copies[good].payload, copies[good].generation);
    else if (other.payload != copies[good].payload)
        fail("the copies of its header differ");
    salt_ = header_.salt();
    layout_ = Layout(header_.identity.keys);
    if (file_.stat().size != layout_.blocks() * block_size) fail("its size is not what its header says");
}

void ReplicaFile::read_tail(std::span<const Block> blocks) {
    SlotCopies found;
    for (const unsigned slot : {0U, 1U})
        for (const unsigned copy : {0U, 1U}) {
            const std::uint64_t number = Layout::slot(slot, copy);
            found[slot][copy] = open(blocks[number], at(number));
            highest_ = std::max(highest_, found[slot][copy].generation);
        }
    std::optional<SlotChoice> choice = choose_slot(found);
    if (choice && !take(found[choice->slot][choice->copy], blocks)) {
        choice = choose_slot(found, choice->slot);
        if (choice && !take(found[choice->slot][choice->copy], blocks)) choice.reset();
    }
    if (!choice) fail("its newest commit is damaged");
    slot_ = choice->slot;
    const Opened& good = found[slot_][choice->copy];
    if (choice->missing) heal(Layout::slot(slot_, *choice->missing), good.payload, good.generation);
}

bool ReplicaFile::take(const Opened& tail, std::span<const Block> first) {
    tail_ = decode_tail(tail.payload, where_);
    if (tail_.replica != header_.replica || tail_.counter != header_.identity.counter)
        fail("it holds the bytes of another replica");
    return read_annex(tail.generation, first) && read_keys(tail_.sealed, tail.generation);
}

ReplicaFile::AnnexCopy ReplicaFile::take_annex_copy(std::span<const Block> read, unsigned copy) const {
    AnnexCopy taken{.bytes = Bytes()};
    for (std::size_t i = copy; i < read.size(); i += 2) {
        const Opened opened = open(read[i], at(Layout::annex(tail_.annex.place, 0) + i));
        taken.rotten = taken.rotten || opened.found == Found::rotten;
        if (opened.generation == tail_.annex.generation)
            taken.bytes->insert(taken.bytes->end(), opened.payload.begin(), opened.payload.end());
    }
    const bool whole = taken.bytes->size() == read.size() / 2 * block_payload;
    if (whole) taken.bytes->resize(tail_.annex.size);
    if (!whole || checksum_of(*taken.bytes) != tail_.annex.checksum) taken.bytes.reset();
    return taken;
}

bool ReplicaFile::read_annex(std::uint64_t generation, std::span<const Block> first) {
    const AnnexAt& bound = tail_.annex;
    const std::uint64_t at_first = Layout::annex(bound.place, 0);
    std::vector<Block> read(at_first + 2 * blocks_for(bound.size) > first.size() ? 2 * blocks_for(bound.size) : 0);
    if (!read.empty()) read_blocks(at_first, read);
    const std::span<const Block> blocks =
        read.empty() ? first.subspan(at_first, 2 * blocks_for(bound.size)) : std::span<const Block>(read);
    const std::array<AnnexCopy, 2> copies{take_annex_copy(blocks, 0), take_annex_copy(blocks, 1)};
    const unsigned good = copies[0].bytes ? 0 : 1, other = 1 - good;
    if (!copies[good].bytes) {
        const bool rotten = copies[0].rotten && copies[1].rotten;
        if (bound.generation == generation && !rotten) return false;
        fail("both copies of its list of members are damaged");
    }
    annex_ = decode_annex(*copies[good].bytes, where_);
    if (copies[other].bytes) return true;
    for (std::size_t i = other; i < blocks.size(); i += 2)
        heal(Layout::annex(bound.place, 0) + i, part_of(*copies[good].bytes, i / 2), bound.generation);
    return true;
}

std::optional<KeyBlock> ReplicaFile::take_keys(std::uint64_t number, std::span<const Block> read,
                                               std::uint64_t checksum, std::optional<std::uint64_t> generation) {
    std::array<Opened, 2> copies;
    std::array<bool, 2> fits{};
    for (const unsigned copy : {0U, 1U}) {
        copies[copy] = open(read[copy], at(layout_.keys(number, copy)));
        fits[copy] = copies[copy].found == Found::whole && checksum_of(copies[copy].payload) == checksum &&
                     copies[copy].generation == generation.value_or(copies[copy].generation);
    }
    const unsigned good = fits[0] ? 0 : 1;
    if (!fits[good]) {
        if (generation && !is_rotten(copies)) return std::nullopt;
        fail("both copies of a block of its keys are damaged");
    }
    if (!fits[1 - good]) heal(layout_.keys(number, 1 - good), copies[good].payload, copies[good].generation);
    KeyBlock keys = decode_keys(copies[good].payload, where_);
    if (keys.number != number || keys.replica != header_.replica) fail("a block of its keys is another one");
    return keys;
}

std::optional<std::vector<KeyBlock>> ReplicaFile::read_keys(std::uint64_t count,
                                                            std::optional<std::uint64_t> generation) {
    constexpr std::uint64_t at_once = 64;  // 512 KiB: few reads, little memory
    std::vector<KeyBlock> all;
    std::uint64_t checksum = tail_.newest_keys, end = tail_.key_blocks();
    for (const std::uint64_t first = end - count; end > first;) {
        const std::uint64_t to_ring_start = (end - 1) % layout_.key_positions + 1;
        const std::uint64_t run = std::min({end - first, to_ring_start, at_once});
        std::vector<Block> blocks(2 * run);
        read_blocks(layout_.keys(end - run, 0), blocks);
        for (std::uint64_t left = run; left-- > 0;) {
            std::optional<KeyBlock> keys =
                take_keys(--end, std::span(blocks).subspan(2 * left, 2), checksum, generation);
            if (!keys) return std::nullopt;
            checksum = keys->before;
            all.push_back(std::move(*keys));
        }
    }
    return all;
}

KeyWindow ReplicaFile::window() {
    const std::vector<KeyBlock> blocks = *read_keys(tail_.key_blocks() - tail_.first_key_block);
    if (std::exchange(unsynced_, false)) file_.sync();  // copies that were made again
    KeyWindow window{.first = tail_.first_key_block * keys_per_block};
    window.entries.reserve((blocks.size() + 1) * keys_per_block);
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block)
        window.entries.insert(window.entries.end(), block->entries.begin(), block->entries.end());
    window.entries.insert(window.entries.end(), tail_.pending.begin(), tail_.pending.end());
    return window;
}

void ReplicaFile::promise(const Ballot& ballot) {
    Tail next = tail_;
    next.promise = ballot;
    next.sealed = 0;
    write(std::move(next));
}

void ReplicaFile::commit(const Change& change) {
    check(change.base == tail_.version, "a change follows the state that it was made from");
    Tail next = tail_;
    next.version = change.next;
    next.promise = std::max(next.promise, change.next.ballot);
    next.head = change.head;
    add_keys(change.appended, next);
    if (change.annex) add_annex(*change.annex, next);
    write(std::move(next));
    if (change.annex) annex_ = *change.annex;
}

void ReplicaFile::add_keys(std::span<const Entry> appended, Tail& tail) {
    const std::uint64_t first = tail_.key_blocks();
    std::uint64_t number = first;
    for (const Entry& entry : appended) {
        tail.pending.push_back(entry);
        if (tail.pending.size() < keys_per_block) continue;
        KeyBlock keys{.replica = header_.replica, .number = number, .before = tail.newest_keys, .entries = {}};
        keys.entries.swap(tail.pending);
        encoder_.clear();
        put(encoder_, keys);
        add(encoder_.view(), layout_.keys(number, 0));
        tail.newest_keys = checksum_of(encoder_.view());
        keys.entries.clear();
        tail.pending.swap(keys.entries);  // its memory
        ++number;
    }
    const std::uint64_t kept = Layout::kept_key_blocks(header_.identity.keys);
    tail.first_key_block = std::max(tail.first_key_block, number > kept ? number - kept : 0);
    // Perhaps more than are kept.
    tail.sealed = static_cast<std::uint16_t>(std::min(number - first, number - tail.first_key_block));
}

void ReplicaFile::add_annex(const Annex& annex, Tail& tail) {
    const Bytes bytes = encode(annex);
    check(bytes.size() <= most_annex_bytes, "an annex fits its place");
    const auto place = static_cast<std::uint8_t>(1 - tail_.annex.place);  // the newest commit looks at the other one
    add(bytes, Layout::annex(place, 0));
    tail.annex = {.place = place,
                  .generation = next_generation(),
                  .size = static_cast<std::uint32_t>(bytes.size()),
                  .checksum = checksum_of(bytes)};
}

void ReplicaFile::add(View payload, std::uint64_t number) {
    if (runs_.empty() || runs_.back().first + used_ - runs_.back().begin != number)
        runs_.push_back({.first = number, .begin = used_, .end = used_});
    const std::size_t count = 2 * blocks_for(payload.size());
    if (blocks_.size() < used_ + count) blocks_.resize(used_ + count);
    for (std::size_t i = 0; i < count; ++i)
        seal(part_of(payload, i / 2), next_generation(), at(number + i), blocks_[used_++]);
    runs_.back().end = used_;
}

void ReplicaFile::write(Tail tail) {
    check(!dead_, "a replica whose disk has failed is not written again");
    dead_ = true;  // unless all goes well
    const unsigned slot = 1 - slot_;
    encoder_.clear();
    put(encoder_, tail);
    add(encoder_.view(), Layout::slot(slot, 0));
    std::vector<io::Piece> pieces;
    pieces.reserve(runs_.size());
    for (const Run& run : runs_)
        pieces.push_back({bytes_of(blocks_).subspan(run.begin * block_size, (run.end - run.begin) * block_size),
                          run.first * block_size});
    file_.write_durably(pieces);
    runs_.clear();
    used_ = 0;
    dead_ = false;
    ++highest_;
    slot_ = slot;
    tail_ = std::move(tail);
}

void ReplicaFile::write_new(io::File& file, const Header& header, const Ballot& promise, const State& state) {
    NewContent content(header);
    Tail tail{.replica = header.replica,
              .counter = header.identity.counter,
              .promise = promise,
              .version = state.version,
              .head = state.head};
    content.put_keys(state.window, tail);
    content.put_annex(state.annex, tail);
    content.put_tail(tail);
    file.write_at(bytes_of(content.blocks()), 0);
}

}  // namespace ft::counter

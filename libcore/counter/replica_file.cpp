#include "libcore/counter/replica_file.h"

#include <algorithm>

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

std::vector<Block> sealed(View bytes, std::uint64_t generation, Place first, std::size_t count) {
    std::vector<Block> blocks(count);
    for (Block& block : blocks) {
        const View part = bytes.first(std::min(bytes.size(), block_payload));
        bytes = bytes.subspan(part.size());
        seal(part, generation, first, block);
        ++first.number;
    }
    return blocks;
}

}  // namespace

SlotChoice choose_slot(const SlotCopies& found, std::optional<unsigned> given_up) {
    const unsigned newer = highest_of(found[1]) > highest_of(found[0]) ? 1 : 0;
    // A slot without one sound sector may be the newer one: its generation is not known.
    if (highest_of(found[0]) == 0 || highest_of(found[1]) == 0 || highest_of(found[0]) == highest_of(found[1]))
        return {};
    for (const unsigned slot : {newer, 1 - newer}) {
        if (slot == given_up) continue;
        const auto& copies = found[slot];
        for (const unsigned copy : {0U, 1U}) {
            if (!is_newest(copies[copy], copies)) continue;
            SlotChoice choice{.kind = SlotChoice::Kind::found, .slot = slot, .copy = copy};
            if (!is_newest(copies[1 - copy], copies)) choice.missing = 1 - copy;
            return choice;
        }
        if (is_rotten(copies)) return {};  // it may have been acknowledged
        // Else a copy shows whole sectors of an older write: this one never ended.
    }
    return {};
}

ReplicaFile::ReplicaFile(io::File& file) : file_(file), where_(file.path()) {
    std::vector<Block> blocks(Layout::annex(0, 0));
    read_blocks(0, blocks);
    read_header(blocks);
    read_tail(blocks);
    file_.sync();  // what a killed writer has left is seen, and perhaps not durable
    unsynced_ = false;
}

void ReplicaFile::fail(std::string_view why) const { throw damage(where_, why); }

void ReplicaFile::read_blocks(std::uint64_t first, std::span<Block> into) {
    const auto bytes = std::as_writable_bytes(into);
    if (file_.read_at(bytes, first * block_size) != bytes.size()) fail("it is cut short");
}

void ReplicaFile::write_blocks(std::uint64_t first, const std::vector<Block>& blocks) {
    file_.write_at(bytes_of(blocks), first * block_size);
    unsynced_ = true;
}

void ReplicaFile::heal(std::uint64_t number, View payload, std::uint64_t generation) {
    write_blocks(number, sealed(payload, generation, at(number), 1));
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
    highest_ = 0;
    for (const unsigned slot : {0U, 1U})
        for (const unsigned copy : {0U, 1U}) {
            const std::uint64_t number = Layout::slot(slot, copy);
            found[slot][copy] = open(blocks[number], at(number));
            highest_ = std::max(highest_, found[slot][copy].generation);
        }
    std::optional<unsigned> torn;
    for (;;) {
        const SlotChoice choice = choose_slot(found, torn);
        if (choice.kind == SlotChoice::Kind::none) fail("its newest commit is damaged");
        const Opened& good = found[choice.slot][choice.copy];
        tail_ = decode_tail(good.payload, where_);
        if (tail_.replica != header_.replica || tail_.counter != header_.identity.counter)
            fail("it holds the bytes of another replica");
        if (read_annex(good.generation) && read_sealed(good.generation)) {
            slot_ = choice.slot;
            if (choice.missing) heal(Layout::slot(slot_, *choice.missing), good.payload, good.generation);
            return;
        }
        if (torn) fail("its newest commits are damaged");
        torn = choice.slot;
    }
}

bool ReplicaFile::read_annex(std::uint64_t generation) {
    const AnnexAt& kept = tail_.annex;
    const std::size_t count = (kept.size + block_payload - 1) / block_payload;
    std::optional<Bytes> good;
    std::optional<unsigned> bad;
    bool torn = false;
    for (const unsigned copy : {0U, 1U}) {
        std::vector<Block> blocks(count);
        const std::uint64_t first = Layout::annex(kept.place, copy);
        read_blocks(first, blocks);
        Bytes bytes;
        bool rotten = false;
        for (std::size_t i = 0; i < count; ++i) {
            const Opened opened = open(blocks[i], at(first + i));
            rotten = rotten || opened.found == Found::rotten;
            if (opened.found == Found::whole && opened.generation == kept.generation)
                bytes.insert(bytes.end(), opened.payload.begin(), opened.payload.end());
        }
        const bool whole = bytes.size() == count * block_payload;
        if (whole) bytes.resize(kept.size);
        if (whole && checksum_of(bytes) == kept.checksum) {
            good = std::move(bytes);
        } else {
            bad = copy;
            torn = torn || !rotten;
        }
    }
    if (!good && torn && kept.generation == generation) return false;
    if (!good) fail("both copies of its list of members are damaged");
    annex_ = decode_annex(*good, where_);
    if (bad) {
        const std::uint64_t first = Layout::annex(kept.place, *bad);
        write_blocks(first, sealed(*good, kept.generation, at(first), count));
    }
    return true;
}

std::optional<KeyBlock> ReplicaFile::read_keys(std::uint64_t number, std::uint64_t checksum, bool may_be_torn,
                                               std::uint64_t generation) {
    std::vector<Block> blocks(2);
    read_blocks(layout_.keys(number, 0), blocks);
    std::array<Opened, 2> copies;
    std::optional<unsigned> good;
    for (const unsigned copy : {0U, 1U}) {
        copies[copy] = open(blocks[copy], at(layout_.keys(number, copy)));
        if (copies[copy].found == Found::whole && checksum_of(copies[copy].payload) == checksum) good = copy;
    }
    if (!good && may_be_torn && !is_rotten(copies) && copies[0].generation <= generation) return std::nullopt;
    if (!good) fail("both copies of a block of its keys are damaged");
    const Opened& whole = copies[*good];
    if (copies[1 - *good].found != Found::whole || copies[1 - *good].payload != whole.payload)
        heal(layout_.keys(number, 1 - *good), whole.payload, whole.generation);
    KeyBlock keys = decode_keys(whole.payload, where_);
    if (keys.number != number || keys.replica != header_.replica) fail("a block of its keys is another one");
    return keys;
}

bool ReplicaFile::read_sealed(std::uint64_t generation) {
    std::uint64_t checksum = tail_.newest_keys;
    for (std::uint64_t i = 1; i <= tail_.sealed; ++i) {
        const std::optional<KeyBlock> keys = read_keys(tail_.key_blocks() - i, checksum, true, generation);
        if (!keys) return false;
        checksum = keys->before;
    }
    return true;
}

KeyWindow ReplicaFile::window() {
    std::vector<KeyBlock> blocks;
    std::uint64_t checksum = tail_.newest_keys;
    for (std::uint64_t number = tail_.key_blocks(); number-- > tail_.first_key_block;) {
        blocks.push_back(*read_keys(number, checksum, false, 0));
        checksum = blocks.back().before;
    }
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
    write_tail(std::move(next));
}

void ReplicaFile::commit(const Change& change) {
    check(change.base == tail_.version, "a change follows the state that it was made from");
    check(!dead_, "a replica whose disk has failed is not written again");
    dead_ = true;  // unless all goes well
    Tail next = tail_;
    next.version = change.next;
    next.promise = std::max(next.promise, change.next.ballot);
    next.head = change.head;
    write_keys(change.appended, next);
    if (change.annex) write_annex(*change.annex, next);
    dead_ = false;
    write_tail(std::move(next));
    if (change.annex) annex_ = *change.annex;
}

void ReplicaFile::write_keys(const std::vector<Entry>& appended, Tail& tail) {
    tail.sealed = 0;
    tail.pending.insert(tail.pending.end(), appended.begin(), appended.end());
    std::uint64_t number = tail_.key_blocks();
    auto from = tail.pending.begin();
    while (tail.pending.end() - from >= static_cast<std::ptrdiff_t>(keys_per_block)) {
        const KeyBlock keys{.replica = header_.replica,
                            .number = number,
                            .before = tail.newest_keys,
                            .entries = {from, from + keys_per_block}};
        const Bytes payload = encode(keys);
        std::vector<Block> copies(2);
        for (const unsigned copy : {0U, 1U})
            seal(payload, next_generation(), at(layout_.keys(number, copy)), copies[copy]);
        write_blocks(layout_.keys(number, 0), copies);
        tail.newest_keys = checksum_of(payload);
        from += keys_per_block;
        ++number;
        ++tail.sealed;
    }
    tail.pending.erase(tail.pending.begin(), from);
    const std::uint64_t kept = Layout::kept_key_blocks(header_.identity.keys);
    tail.first_key_block = std::max(tail.first_key_block, number > kept ? number - kept : 0);
}

void ReplicaFile::write_annex(const Annex& annex, Tail& tail) {
    const Bytes bytes = encode(annex);
    check(bytes.size() <= most_annex_bytes, "an annex fits its place");
    const auto place = static_cast<std::uint8_t>(1 - tail_.annex.place);  // the newest commit looks at the other one
    const std::size_t count = (bytes.size() + block_payload - 1) / block_payload;
    for (const unsigned copy : {0U, 1U}) {
        const std::uint64_t first = Layout::annex(place, copy);
        write_blocks(first, sealed(bytes, next_generation(), at(first), count));
    }
    tail.annex = {.place = place,
                  .generation = next_generation(),
                  .size = static_cast<std::uint32_t>(bytes.size()),
                  .checksum = checksum_of(bytes)};
}

void ReplicaFile::write_tail(Tail tail) {
    check(!dead_, "a replica whose disk has failed is not written again");
    dead_ = true;  // unless all goes well
    const unsigned slot = 1 - slot_;
    const Bytes payload = encode(tail);
    std::vector<Block> copies(2);
    for (const unsigned copy : {0U, 1U}) seal(payload, next_generation(), at(Layout::slot(slot, copy)), copies[copy]);
    const std::uint64_t offset = Layout::slot(slot, 0) * block_size;
    if (unsynced_) {
        file_.write_at(bytes_of(copies), offset);
        file_.sync();
    } else {
        file_.write_durably(bytes_of(copies), offset);
    }
    unsynced_ = dead_ = false;
    ++highest_;
    slot_ = slot;
    tail_ = std::move(tail);
}

void ReplicaFile::write_new(io::File& file, const Header& header, const Ballot& promise, const State& state) {
    const Layout layout(header.identity.keys);
    const std::uint64_t salt = header.salt();
    std::vector<Block> blocks(layout.blocks());
    for (std::uint64_t i = 0; i < blocks.size(); ++i) seal({}, 0, {i, salt}, blocks[i]);
    const auto put_both = [&](View payload, std::uint64_t generation, std::uint64_t first, std::uint64_t second) {
        seal(payload, generation, {first, salt}, blocks[first]);
        seal(payload, generation, {second, salt}, blocks[second]);
    };

    Tail tail{.replica = header.replica,
              .counter = header.identity.counter,
              .promise = promise,
              .version = state.version,
              .head = state.head};
    const KeyWindow& window = state.window;
    const std::uint64_t kept = Layout::kept_key_blocks(header.identity.keys);
    tail.first_key_block = (window.first + keys_per_block - 1) / keys_per_block;
    if (tail.key_blocks() > kept) tail.first_key_block = std::max(tail.first_key_block, tail.key_blocks() - kept);
    const auto entry = [&](std::uint64_t number) {
        return window.entries.begin() + static_cast<std::ptrdiff_t>(number - window.first);
    };
    for (std::uint64_t n = tail.first_key_block; n < tail.key_blocks(); ++n) {
        const Bytes payload = encode(KeyBlock{.replica = header.replica,
                                              .number = n,
                                              .before = tail.newest_keys,
                                              .entries = {entry(n * keys_per_block), entry((n + 1) * keys_per_block)}});
        put_both(payload, 1, layout.keys(n, 0), layout.keys(n, 1));
        tail.newest_keys = checksum_of(payload);
    }
    tail.pending = {entry(tail.key_blocks() * keys_per_block), window.entries.end()};

    const Bytes annex = encode(state.annex);
    check(annex.size() <= most_annex_bytes, "an annex fits its place");
    tail.annex = {.generation = 1, .size = static_cast<std::uint32_t>(annex.size()), .checksum = checksum_of(annex)};
    for (std::size_t i = 0; i * block_payload < annex.size(); ++i) {
        const View part = View(annex).subspan(i * block_payload);
        put_both(part.first(std::min(part.size(), block_payload)), 1, Layout::annex(0, 0) + i, Layout::annex(0, 1) + i);
    }
    put_both(encode(tail), 1, Layout::slot(0, 0), Layout::slot(0, 1));
    put_both(encode(tail), 2, Layout::slot(1, 0), Layout::slot(1, 1));
    for (const unsigned copy : {0U, 1U}) seal(encode(header), 1, {copy, 0}, blocks[copy]);
    file.write_at(bytes_of(blocks), 0);
}

}  // namespace ft::counter

#include "libcore/shm/flushed.h"

#include "libcore/base/failure.h"

namespace ft::shm {

namespace {

constexpr int tries = 1000;

FlushRecord record_of(const Flushed::Words& words) {
    return {.value = static_cast<std::int64_t>(words[0]),
            .keyed = words[1],
            .monotonic = std::chrono::nanoseconds(static_cast<std::int64_t>(words[2])),
            .at = {.s = static_cast<std::int64_t>(words[3]), .ns = static_cast<std::uint32_t>(words[4])}};
}

Flushed::Seen need_whole(const Segment& segment, const Flushed::Look& look) {
    if (look.found != Flushed::Look::Found::whole)
        throw damage(segment.name(), "what it remembers of its file is damaged");
    return look.seen;
}

}  // namespace

Flushed::Words words_of(const FlushRecord& record) {
    return {static_cast<std::uint64_t>(record.value), record.keyed,
            static_cast<std::uint64_t>(record.monotonic.count()), static_cast<std::uint64_t>(record.at.s),
            record.at.ns};
}

FlushRecord flush_record(Segment& segment, Clock& clock) {
    for (int i = 0; i < tries; ++i) {
        const Flushed::Look look = segment.control().flushed.look();
        if (look.found != Flushed::Look::Found::moving) return record_of(need_whole(segment, look).words);
    }
    const Held held = Held::take(segment.control().flush_lock, clock, segment.name(), segment.patience());
    return record_of(need_whole(segment, segment.control().flushed.look()).words);
}

void put_flush_record(Segment& segment, const FlushRecord& record) {
    Flushed& flushed = segment.control().flushed;
    flushed.commit(need_whole(segment, flushed.look()), words_of(record));
}

}  // namespace ft::shm

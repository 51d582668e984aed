// A shared counter's segment of which everything is hostile: its header, with the right checksum too, and, in a real
// segment, the words and keys that change, with the right check words too. The lock is spared: it is the C library's.
#include <fuzzer/FuzzedDataProvider.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "libcore/base/hash.h"
#include "libcore/shm/shared_counter.h"
#include "tests/fuzz/target.h"

namespace ft::fuzz {
namespace {

void read_header(View bytes) {
    accepts([&] { (void)shm::decode_header(bytes, "/x"); });
    Bytes block = copy_of(bytes.first(std::min(bytes.size(), shm::header_bytes - 8)));
    block.resize(shm::header_bytes);
    put_u64(block, shm::header_bytes - 8, checksum_of(View(block).first(shm::header_bytes - 8)));
    accepts([&] { check(shm::encode(shm::decode_header(block, "/x")) == block, "a header has one form"); });
}

/// One for the whole run, without a name.
shm::SharedCounter& segment_of(shm::Kind kind) {
    static SystemClock clock;
    const auto make = [&](shm::Kind of) {
        const std::string name = "/ft-fuzz-" + std::to_string(::getpid());
        std::unique_ptr<shm::SharedCounter> made = shm::SharedCounter::make(name, {.kind = of, .keys = 8}, clock);
        ::shm_unlink(name.c_str());
        return made;
    };
    static const std::unique_ptr<shm::SharedCounter> plain = make(shm::Kind::plain), exact = make(shm::Kind::exact);
    return kind == shm::Kind::plain ? *plain : *exact;
}

std::uint64_t any(FuzzedDataProvider& in) {
    return in.ConsumeBool() ? in.ConsumeIntegralInRange<std::uint64_t>(0, 40) : in.ConsumeIntegral<std::uint64_t>();
}

shm::KeyRecord any_record(FuzzedDataProvider& in) {
    shm::KeyRecord r{.key_low = any(in), .key_high = any(in), .amount = any(in), .answer = any(in)};
    r.ordinal = any(in);
    r.before = any(in);
    r.check = in.ConsumeBool()
                  ? any(in)
                  : shm::check_word<6>(0, {r.key_low, r.key_high, r.amount, r.answer, r.ordinal, r.before});
    return r;
}

void scribble_keys(FuzzedDataProvider& in, shm::Segment& segment) {
    std::ranges::fill(segment.ring(), shm::KeyRecord{});
    for (shm::Word& place : segment.table()) place = any(in);
    for (int left = in.ConsumeIntegralInRange(0, 20); left > 0; --left)
        segment.ring()[in.ConsumeIntegralInRange<std::size_t>(0, segment.ring().size() - 1)] = any_record(in);
    segment.control().exact.begin({any(in), any(in)});
}

void scribble_lanes(FuzzedDataProvider& in, shm::Segment& segment) {
    shm::Settled::Words words{any(in)};
    for (std::size_t i = 0; i < 3; ++i) {
        words[1 + i] = any(in);
        segment.lanes()[i].raw = any(in);
        segment.lanes()[i].mark = any(in);
    }
    segment.control().settled.begin(words);
}

void use(FuzzedDataProvider& in, shm::SharedCounter& counter) {
    for (int left = in.ConsumeIntegralInRange(0, 6); left > 0; --left)
        accepts([&] { (void)counter.count(static_cast<std::int64_t>(any(in))); });
    accepts([&] { (void)counter.status(); });
    accepts([&] { (void)counter.snapshot(any(in)); });
    for (int left = in.ConsumeIntegralInRange(0, 6); left > 0 && counter.shape().kind == shm::Kind::exact; --left)
        accepts([&] { (void)counter.add(static_cast<std::int64_t>(any(in)), counter::KeyId{any(in), any(in)}); });
}

}  // namespace
}  // namespace ft::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ft;
    fuzz::read_header(fuzz::view_of_input(data, size));
    FuzzedDataProvider in(data, size);
    shm::SharedCounter& exact = fuzz::segment_of(shm::Kind::exact);
    fuzz::scribble_keys(in, exact.segment());
    fuzz::use(in, exact);
    shm::SharedCounter& plain = fuzz::segment_of(shm::Kind::plain);
    fuzz::scribble_lanes(in, plain.segment());
    fuzz::use(in, plain);
    return 0;
}

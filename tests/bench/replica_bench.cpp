// One replica against its disk: durable commits beside the raw writes that they cannot beat, and openings.
//
//   bin/replica_bench [DIRECTORY]     on the disk to be measured; default: the working directory
//
// The kinds take turns, so that a disk that is slower for a while is slower for all of them; medians of the rounds.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/base/fd.h"
#include "libcore/counter/ledger.h"
#include "libcore/counter/replica_file.h"
#include "libcore/io/posix.h"

namespace {

using namespace ft;
using namespace ft::counter;

constexpr int rounds = 21, writes = 150;
constexpr std::uint64_t behind = 10'000'000;  // commits before the openings
constexpr std::uint32_t keys = 4096;

double seconds_of(const std::function<void()>& body) {
    const auto start = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> all) {
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end());
    return all[all.size() / 2];
}

/// Two blocks in the middle of a file that was written before.
class RawFile {
public:
    RawFile(const std::string& path, int flags)
        : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600)) {
        const std::vector<Block> zeros(200);
        check(::pwrite(fd_.get(), zeros.data(), zeros.size() * block_size, 0) > 0, "the file is written");
        check(::fsync(fd_.get()) == 0, "the file is durable");
    }
    void write_and_sync() {
        check(::pwrite(fd_.get(), next(), 2 * block_size, at()) == 2 * block_size, "it is written");
        check(::fdatasync(fd_.get()) == 0, "it is durable");
    }
    void write_durably() {
        iovec part{.iov_base = next(), .iov_len = 2 * block_size};
        check(::pwritev2(fd_.get(), &part, 1, at(), RWF_DSYNC) == 2 * block_size, "it is durable");
    }

private:
    Block* next() {
        blocks_[0].bytes[0] = static_cast<std::byte>(++count_);
        return blocks_.data();
    }
    [[nodiscard]] off_t at() const { return static_cast<off_t>((2 + 2 * (count_ % 2)) * block_size); }
    Fd fd_;
    std::vector<Block> blocks_{2};
    std::uint64_t count_ = 0;
};

/// A replica far on in its life, and the ledger above it.
class Bench {
public:
    explicit Bench(const std::string& path) : dir_(io::open_root(path)) {
        State state{.version = {{1, 0}, behind}};
        state.head.keyed = behind;
        state.head.value = static_cast<std::int64_t>(behind);
        state.annex.charter.members = {{Uuid{}, "bench"}};
        state.window.first = behind - behind % keys_per_block - keys_per_block * 40;
        for (std::uint64_t n = state.window.first; n < behind; ++n)
            state.window.entries.push_back({.key = {n, 1}, .amount = 1, .answer = 1});
        const Header header{.identity = {.counter = {}, .keys = keys, .created = {}}, .replica = {}};
        dir_->remove_file("bench");
        const auto made = dir_->create_file("bench", 0600);
        ReplicaFile::write_new(*made, header, {1, 0}, state);
        made->sync();
        open();
        ledger_.emplace(state.version, state.head, state.annex, keys);
        ledger_->give_window(replica_->window());
    }
    ~Bench() { dir_->remove_file("bench"); }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    void open() {
        replica_.reset();
        file_ = io::open_file(*dir_, "bench", io::Access::direct);
        replica_.emplace(*file_);
    }
    void add(bool keyed) {
        Operation operation{.kind = Operation::Kind::add, .amount = 1};
        if (keyed) operation.key = KeyId{++key_, 2};
        (void)ledger_->apply(operation);
        Version next = ledger_->version();
        ++next.sequence;
        replica_->commit(ledger_->take_change(next, next.sequence));
    }
    [[nodiscard]] KeyWindow window() { return replica_->window(); }
    /// Leaves one copy of each slot torn, as a power cut does.
    void tear() {
        for (const std::uint64_t block : {Layout::slot(0, 1), Layout::slot(1, 0)}) {
            std::vector<Block> torn(1);
            file_->write_durably(bytes_of(torn), block * block_size);
        }
    }

private:
    std::unique_ptr<io::Dir> dir_;
    std::unique_ptr<io::File> file_;
    std::optional<ReplicaFile> replica_;
    std::optional<Ledger> ledger_;
    std::uint64_t key_ = 0;
};

void measure_commits(Bench& bench, const std::string& directory) {
    RawFile plain(directory + "/raw", 0), direct(directory + "/raw-direct", O_DIRECT);
    struct Kind {
        const char* name;
        std::function<void()> write;
        std::vector<double> seconds;
    };
    std::vector<Kind> kinds{{"raw: write 8 KiB, fdatasync", [&] { plain.write_and_sync(); }, {}},
                            {"raw: O_DIRECT, RWF_DSYNC", [&] { direct.write_durably(); }, {}},
                            {"add, commit", [&] { bench.add(false); }, {}},
                            {"add with a key, commit", [&] { bench.add(true); }, {}}};
    for (int round = 0; round < rounds; ++round)
        for (Kind& kind : kinds)
            kind.seconds.push_back(seconds_of([&] {
                for (int i = 0; i < writes; ++i) kind.write();
            }));
    const double limit = median(kinds[0].seconds), direct_limit = median(kinds[1].seconds);
    for (const Kind& kind : kinds)
        std::printf("%-30s %8.1f us %8.0f /s   %5.1f %% of the first, %5.1f %% of the second\n", kind.name,
                    median(kind.seconds) / writes * 1e6, writes / median(kind.seconds),
                    100 * limit / median(kind.seconds), 100 * direct_limit / median(kind.seconds));
    ::unlink((directory + "/raw").c_str());
    ::unlink((directory + "/raw-direct").c_str());
}

void measure_openings(Bench& bench) {
    const auto print = [](const char* name, const std::function<void()>& prepare, const std::function<void()>& body) {
        std::vector<double> all;
        for (int i = 0; i < 101; ++i) {
            prepare();
            all.push_back(seconds_of(body));
        }
        std::printf("%-30s %8.1f us, longest %.1f us\n", name, median(all) * 1e6,
                    *std::max_element(all.begin(), all.end()) * 1e6);
    };
    print(
        "open", [] {}, [&] { bench.open(); });
    print(
        "open after a commit", [&] { bench.add(true); }, [&] { bench.open(); });
    print(
        "open, making copies again", [&] { bench.tear(); }, [&] { bench.open(); });
    print(
        "read the window of 4096 keys", [] {}, [&] { (void)bench.window(); });
}

}  // namespace

int main(int argc, char** argv) {
    const std::string directory = argc > 1 ? argv[1] : ".";
    Bench bench(directory);
    measure_commits(bench, directory);
    measure_openings(bench);
    return 0;
}

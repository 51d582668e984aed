// What tests/bench/counters measures with: the raw writes that no durable counter beats, and clocks for programs that
// answer lines and for programs that are started again and again. Each prints one figure.
//
//   counter_raw write direct|fdatasync FILES SECONDS DIRECTORY     commits per second
//   counter_raw group direct|fdatasync CLIENTS SECONDS DIRECTORY   appends per second of threads that share commits
//   counter_raw clients CLIENTS SECONDS LINE unix:PATH | COMMAND...    answers per second to so many at depth 1
//   counter_raw serve direct|fdatasync DIRECTORY                   answers lines of stdin, one write for those that
//   wait counter_raw drive DEPTH SECONDS LINE unix:PATH | COMMAND...    answers per second; '#' in LINE becomes a
//   number counter_raw spawn COUNT PARALLEL COMMAND...                    milliseconds for each of COUNT * PARALLEL
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/base/fd.h"
#include "libcore/counter/block.h"

namespace {

using namespace ft;
using namespace ft::counter;
using Words = std::vector<std::string>;

class Watch {
public:
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Two slots of two blocks in a file that was written before.
class RawFile {
public:
    RawFile(const std::string& path, bool direct) : path_(path), direct_(direct) {
        fd_ = Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | (direct ? O_DIRECT : 0), 0600));
        const std::vector<Block> zeros(200);
        check(::pwrite(fd_.get(), zeros.data(), zeros.size() * block_size, 0) > 0, "the file is written");
        check(::fsync(fd_.get()) == 0, "the file is durable");
    }
    ~RawFile() { ::unlink(path_.c_str()); }
    RawFile(const RawFile&) = delete;
    RawFile& operator=(const RawFile&) = delete;

    void commit() {
        blocks_[0].bytes[0] = static_cast<std::byte>(++count_);
        iovec part{.iov_base = blocks_.data(), .iov_len = 2 * block_size};
        const auto at = static_cast<off_t>((2 + 2 * (count_ % 2)) * block_size);
        check(::pwritev2(fd_.get(), &part, 1, at, direct_ ? RWF_DSYNC : 0) == 2 * block_size, "it is written");
        check(direct_ || ::fdatasync(fd_.get()) == 0, "it is durable");
    }

private:
    std::string path_;
    bool direct_;
    Fd fd_;
    std::vector<Block> blocks_{2};
    std::uint64_t count_ = 0;
};

/// Commits per second to all files at once: side by side, one thread each.
double write_rate(bool direct, std::ptrdiff_t files, double seconds, const std::string& directory) {
    std::vector<std::thread> threads;
    std::barrier together(files);
    std::uint64_t commits = 0;
    bool more = true;  // written by the first thread, between the two meetings
    const Watch watch;
    const auto body = [&](std::ptrdiff_t number) {
        RawFile file(directory + "/raw" + std::to_string(number), direct);
        for (;;) {
            file.commit();
            if (files > 1) together.arrive_and_wait();
            if (number == 0) more = ++commits % 16 != 0 || watch.seconds() < seconds;
            if (files > 1) together.arrive_and_wait();
            if (!more) return;
        }
    };
    for (std::ptrdiff_t i = 1; i < files; ++i) threads.emplace_back(body, i);
    body(0);
    for (std::thread& thread : threads) thread.join();
    return static_cast<double>(commits) / watch.seconds();
}

/// Appends per second of so many threads: who comes while a commit is under way waits for the next, which is for all.
class GroupCommit {
public:
    GroupCommit(const std::string& path, bool direct) : file_(path, direct) {}
    void append() {
        std::unique_lock lock(mutex_);
        const std::uint64_t wanted = begun_ + 1;
        while (ended_ < wanted) {
            if (begun_ != ended_) {
                changed_.wait(lock);
                continue;
            }
            ++begun_;
            lock.unlock();
            file_.commit();
            lock.lock();
            ended_ = begun_;
            changed_.notify_all();
        }
    }

private:
    RawFile file_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t begun_ = 0, ended_ = 0;
};

/// How often all of these are done in so many seconds, side by side, each by a thread of its own.
double rate_of(const std::vector<std::function<void()>>& works, double seconds) {
    std::atomic<std::uint64_t> count = 0;
    std::vector<std::thread> threads;
    const Watch watch;
    for (const std::function<void()>& work : works)
        threads.emplace_back([&] {
            std::uint64_t done = 0;
            for (; watch.seconds() < seconds; ++done) work();
            count += done;
        });
    for (std::thread& thread : threads) thread.join();
    return static_cast<double>(count) / watch.seconds();
}

double group_rate(bool direct, std::size_t clients, double seconds, const std::string& directory) {
    GroupCommit group(directory + "/raw", direct);
    return rate_of(std::vector<std::function<void()>>(clients, [&] { group.append(); }), seconds);
}

void write_all(int to, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(to, text.data(), text.size());
        check(written > 0, "it can be written");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// The least that a program on a pipe can do: one durable write for the lines that are there, and a number for each.
void serve(bool direct, const std::string& directory) {
    RawFile file(directory + "/raw", direct);
    std::vector<char> in(256 * 1024);
    std::string out;
    std::uint64_t value = 0;
    for (ssize_t got = 0; (got = ::read(STDIN_FILENO, in.data(), in.size())) > 0;) {
        file.commit();
        out.clear();
        for (auto left = std::count(in.begin(), in.begin() + got, '\n'); left > 0; --left)
            out.append(std::to_string(++value)).append("\n");
        write_all(STDOUT_FILENO, out);
    }
}

std::vector<char*> argv_of(const Words& words) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    return argv;
}

pid_t start(const Words& command, int in, int out) {
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    pid_t child = -1;
    check(::posix_spawnp(&child, command[0].c_str(), &files, nullptr, argv_of(command).data(), environ) == 0,
          "the program starts");
    ::posix_spawn_file_actions_destroy(&files);
    return child;
}

void end(pid_t child) {
    int status = 0;
    check(::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0, "it ends well");
}

/// A program that answers each line with one: a child on two pipes, or a server's socket.
class Peer {
public:
    explicit Peer(const Words& command) {
        constexpr std::string_view socket = "unix:";
        if (command[0].starts_with(socket))
            connect(command[0].substr(socket.size()));
        else
            begin(command);
    }
    ~Peer() {
        to_ = Fd();
        if (child_ > 0) end(child_);
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// Sends so many lines and waits for as many.
    void ask(std::string_view lines, std::ptrdiff_t count) {
        write_all(to_.get(), lines);
        while (count > 0) {
            const ssize_t got = ::read(from(), buffer_.data(), buffer_.size());
            check(got > 0, "it answers");
            count -= std::count(buffer_.begin(), buffer_.begin() + got, '\n');
        }
    }

private:
    void begin(const Words& command) {
        int to[2], from[2];
        check(::pipe2(to, O_CLOEXEC) == 0 && ::pipe2(from, O_CLOEXEC) == 0, "a pipe is made");
        for (const int pipe : {to[1], from[1]}) (void)::fcntl(pipe, F_SETPIPE_SZ, 1 << 20);  // a batch fits
        const Fd in(to[0]), out(from[1]);
        to_ = Fd(to[1]);
        from_ = Fd(from[0]);
        child_ = start(command, in.get(), out.get());
    }
    void connect(const std::string& path) {
        to_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        check(path.size() < sizeof address.sun_path, "the path fits");
        path.copy(address.sun_path, path.size());
        check(::connect(to_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "the server is there");
    }
    [[nodiscard]] int from() const { return from_ ? from_.get() : to_.get(); }
    Fd to_, from_;
    pid_t child_ = -1;
    std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

/// Batches of lines, made before the clock runs. A number in '#' is one that no former line had.
std::vector<std::string> batches_of(const std::string& line, std::size_t depth, std::size_t count) {
    const std::size_t hole = line.find('#');
    std::uint64_t number = static_cast<std::uint64_t>(::getpid()) << 32;
    std::vector<std::string> batches(count);
    for (std::string& batch : batches)
        for (std::size_t i = 0; i < depth; ++i) {
            std::string one = line;
            if (hole != std::string::npos) one.replace(hole, 1, std::to_string(++number));
            batch.append(one).append("\n");
        }
    return batches;
}

double drive_rate(std::size_t depth, double seconds, const std::string& line, const Words& command) {
    const std::size_t most = line.find('#') == std::string::npos ? 1 : 4'000'000 / (depth + 100);
    const std::vector<std::string> batches = batches_of(line, depth, most);
    Peer peer(command);
    const auto count = static_cast<std::ptrdiff_t>(depth);
    peer.ask(batches[0], count);  // it has started
    std::size_t asked = 0;
    const Watch watch;
    for (std::size_t next = 1; watch.seconds() < seconds && (most == 1 || next < most); ++next, ++asked)
        peer.ask(batches[next % most], count);
    return static_cast<double>(asked * depth) / watch.seconds();
}

double clients_rate(std::size_t clients, double seconds, const std::string& line, const Words& command) {
    std::vector<std::unique_ptr<Peer>> peers;
    std::vector<std::function<void()>> works;
    for (std::size_t i = 0; i < clients; ++i) {
        peers.push_back(std::make_unique<Peer>(command));
        peers.back()->ask(line + "\n", 1);  // it has started
        works.emplace_back([&line, peer = peers.back().get()] { peer->ask(line + "\n", 1); });
    }
    return rate_of(works, seconds);
}

double milliseconds_each(int count, int parallel, const Words& command) {
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const Watch watch;
    std::vector<std::thread> threads;
    const auto body = [&] {
        for (int i = 0; i < count; ++i) end(start(command, null.get(), null.get()));
    };
    for (int i = 1; i < parallel; ++i) threads.emplace_back(body);
    body();
    for (std::thread& thread : threads) thread.join();
    return watch.seconds() * 1e3 / count / parallel;
}

int run(const Words& words) {
    const auto rest = [&](std::ptrdiff_t from) { return Words(words.begin() + from, words.end()); };
    if (words.size() == 5 && words[0] == "write")
        std::printf("%.1f\n", write_rate(words[1] == "direct", std::stol(words[2]), std::stod(words[3]), words[4]));
    else if (words.size() == 5 && words[0] == "group")
        std::printf("%.1f\n", group_rate(words[1] == "direct", std::stoul(words[2]), std::stod(words[3]), words[4]));
    else if (words.size() > 4 && words[0] == "clients")
        std::printf("%.1f\n", clients_rate(std::stoul(words[1]), std::stod(words[2]), words[3], rest(4)));
    else if (words.size() == 3 && words[0] == "serve")
        serve(words[1] == "direct", words[2]);
    else if (words.size() > 4 && words[0] == "drive")
        std::printf("%.1f\n", drive_rate(std::stoul(words[1]), std::stod(words[2]), words[3], rest(4)));
    else if (words.size() > 3 && words[0] == "spawn")
        std::printf("%.4f\n", milliseconds_each(std::stoi(words[1]), std::stoi(words[2]), rest(3)));
    else
        return 2;
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return run(Words(argv + 1, argv + argc)); }

#include "libcore/counter/remote.h"

#include <fmt/format.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/counter/frame.h"
#include "libcore/counter/race.h"

namespace ft::counter {

namespace {

class RemoteReplica final : public Replica {
public:
    RemoteReplica(std::string command, std::string folder)
        : command_(std::move(command)), folder_(std::move(folder)), stop_(proc::make_pipe()) {}
    RemoteReplica(const RemoteReplica&) = delete;
    RemoteReplica& operator=(const RemoteReplica&) = delete;
    ~RemoteReplica() override {
        if (child_) child_->dismiss();
    }

    Reply handle(const Request& request) override {
        try {
            return ask(request);
        } catch (const Failure& failure) {  // one replica's failure is its reply
            child_.reset();
            return unreachable(failure.parts().why.empty() ? failure.what() : failure.parts().why);
        }
    }

    void interrupt() override { stop_.write.reset(); }

private:
    static Reply unreachable(std::string why) { return {.kind = Reply::Kind::unreachable, .why = std::move(why)}; }

    Reply ask(const Request& request) {
        if (!child_)
            child_.emplace(proc::Child::start(
                {.command = {"sh", "-c", "cd -- \"$1\" && exec sh -c \"$2\"", "sh", folder_, command_},
                 .capture_output = true,
                 .feed_input = true,
                 .own_group = true}));
        put(encode(request));
        proc::Input input = proc::Input::of_child(*child_, command_, stop_.read.get());
        const std::optional<Bytes> reply = receive(input, command_);
        if (reply) return decode_reply(*reply, command_);
        const std::optional<proc::Ending> ending = child_->wait_or({stop_.read.get()});
        child_.reset();
        return unreachable(ending ? fmt::format("the command {}", ending->text()) : "it does not answer");
    }

    /// A program that does not listen any more has perhaps said why.
    void put(const Bytes& request) {
        try {
            send(request, [&](View bytes) { child_->write(bytes, stop_.read.get()); });
        } catch (const Failure& failure) {
            if (failure.error() != EPIPE) throw;
        }
    }

    std::string command_, folder_;
    proc::Pipe stop_;
    std::optional<proc::Child> child_;
};

/// Takes the replica's lock. false: another process held it all the time.
bool lock(LocalReplica& replica, Clock& clock) {
    for (Race race(clock, std::chrono::seconds(5)); !replica.try_lock();)
        if (!race.again()) return false;
    return true;
}

}  // namespace

std::unique_ptr<Replica> remote_replica(std::string command, std::string folder) {
    return std::make_unique<RemoteReplica>(std::move(command), std::move(folder));
}

void serve(LocalReplica& replica, Clock& clock, proc::Input& in, const std::function<void(View)>& out) {
    const std::string where = "the request";
    while (const std::optional<Bytes> bytes = receive(in, where)) {
        const Request request = decode_request(*bytes, where);
        Reply reply;
        if (lock(replica, clock)) {
            reply = replica.handle(request);
            replica.unlock();
        } else {
            reply = {.kind = Reply::Kind::busy, .why = replica.holder() + " holds it"};
        }
        send(encode(reply), out);
    }
}

}  // namespace ft::counter

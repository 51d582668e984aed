#include "libcore/counter/replica.h"

#include <cerrno>
#include <utility>

#include "libcore/base/failure.h"
#include "libcore/io/posix.h"

namespace ft::counter {

namespace {

Reply reply(Reply::Kind kind, std::string why) { return {.kind = kind, .why = std::move(why)}; }

std::string why(const Failure& failure) {
    return failure.parts().why.empty() ? std::string(failure.what()) : failure.parts().why;
}

/// A change that another host sent is believed only as far as it fits.
bool follows(const Change& change, const Tail& tail) {
    const bool counts = change.head.keyed == tail.head.keyed + change.appended.size();
    const bool fits = !change.annex || encode(*change.annex).size() <= most_annex_bytes;
    return counts && fits && change.next > change.base;
}

/// The open file of a new name, locked; nullptr where another is making it. What a killed maker left is used again.
std::unique_ptr<io::File> locked_new_file(io::Dir& dir, const std::string& name) {
    (void)dir.create_file(name, 0666);
    std::unique_ptr<io::File> file = dir.find_file(name, io::Access::direct);
    if (!file || !file->try_lock(io::Lock::exclusive)) return nullptr;
    const std::optional<io::Stat> named = dir.stat(name);
    return named && named->ino == file->stat().ino ? std::move(file) : nullptr;
}

/// A repair by another user, as far as that may, leaves the replica to those who could use it.
void take_owner_and_mode(io::File& file, const io::Stat& former) {
    const io::Stat now = file.stat();
    try {
        if (now.uid != former.uid || now.gid != former.gid) file.set_owner(former.uid, former.gid);
    } catch (const Failure& failure) {
        if (failure.error() != EPERM) throw;
    }
    if (now.mode != former.mode) file.set_mode(former.mode);
}

}  // namespace

bool LocalReplica::try_lock() {
    constexpr int patience = 100;  // times that it is replaced under our hands
    if (file_) return true;
    try {
        for (int i = 0; i < patience; ++i) {
            file_ = dir_->find_file(name_, io::Access::direct);
            if (!file_) return true;
            if (!file_->try_lock(io::Lock::exclusive)) break;
            const std::optional<io::Stat> named = dir_->stat(name_);
            if (named && named->ino == file_->stat().ino) return true;
        }
    } catch (const Failure& failure) {  // one replica's failure is its reply
        failed_ = why(failure);
        file_.reset();
        return true;
    }
    file_.reset();
    return false;
}

std::string LocalReplica::holder() {
    const std::string unknown = "another process";
    try {
        const std::unique_ptr<io::File> file = dir_->find_file(name_, io::Access::read);
        return file ? io::lock_holder(*file) : unknown;
    } catch (const Failure&) {  // one replica's failure is no news of who holds it
        return unknown;
    }
}

std::optional<io::Stat> LocalReplica::stat() {
    try {
        return dir_->stat(name_);
    } catch (const Failure& failure) {  // one replica's failure is its reply
        failed_ = why(failure);
        return std::nullopt;
    }
}

void LocalReplica::unlock() {
    replica_.reset();
    file_.reset();
}

Reply LocalReplica::handle(const Request& request) {
    if (failed_) return reply(Reply::Kind::failed, *failed_);
    try {
        return answer(request);
    } catch (const Failure& failure) {  // one replica's failure is its reply
        replica_.reset();
        if (failure.exit() == Exit::damage) return reply(Reply::Kind::damaged, why(failure));
        failed_ = why(failure);
        return reply(Reply::Kind::failed, *failed_);
    }
}

std::optional<Reply> LocalReplica::load() {
    if (!file_) return reply(Reply::Kind::missing, "there is no such file");
    if (!on_disk_) on_disk_ = dir_->on_disk();
    if (!replica_) replica_ = std::make_unique<ReplicaFile>(*file_);
    return std::nullopt;
}

Reply LocalReplica::answer(const Request& request) {
    if (request.kind == Request::Kind::install) return install(request);
    if (request.kind == Request::Kind::remove) return remove(request);
    if (request.kind == Request::Kind::inspect) replica_.reset();  // not from memory
    if (std::optional<Reply> bad = load()) return std::move(*bad);
    switch (request.kind) {
        case Request::Kind::prepare:
            return prepare(request);
        case Request::Kind::accept:
            return accept(request);
        case Request::Kind::keys:
            return keys();
        case Request::Kind::inspect:
            (void)replica_->window();
            return stands();
        default:
            return stands();
    }
}

Reply LocalReplica::stands(Reply::Kind kind) const {
    const Tail& tail = replica_->tail();
    return {.kind = kind,
            .standing = Standing{.header = replica_->header(),
                                 .promise = tail.promise,
                                 .version = tail.version,
                                 .head = tail.head,
                                 .annex = replica_->annex(),
                                 .on_disk = *on_disk_}};
}

bool LocalReplica::refuses(const Ballot& ballot, std::uint64_t epoch) const {
    return ballot < replica_->tail().promise || epoch < replica_->annex().charter.epoch;
}

Reply LocalReplica::prepare(const Request& request) {
    if (refuses(request.ballot, request.epoch)) return stands(Reply::Kind::refused);
    if (replica_->tail().promise < request.ballot) replica_->promise(request.ballot);
    return stands();
}

Reply LocalReplica::accept(const Request& request) {
    const Change& change = *request.change;
    if (refuses(change.next.ballot, request.epoch)) return stands(Reply::Kind::refused);
    if (change.base != replica_->tail().version) return stands(Reply::Kind::behind);
    if (!follows(change, replica_->tail())) return reply(Reply::Kind::failed, "it was asked for what cannot be");
    replica_->commit(change);
    return stands();
}

Reply LocalReplica::keys() {
    Reply answer = stands();
    answer.keys = replica_->window();
    return answer;
}

Reply LocalReplica::install(const Request& request) {
    const State& state = *request.state;
    std::optional<Header> header = request.header;
    std::optional<Reply> damaged;
    try {
        damaged = load();
    } catch (const Failure& failure) {  // one replica's failure is its reply: this is what repairs it
        if (failure.exit() != Exit::damage || !header) throw;
        damaged = reply(Reply::Kind::damaged, why(failure));
    }
    if (!damaged) {
        const Header& own = replica_->header();
        if (header && (header->replica != own.replica || header->identity.counter != own.identity.counter))
            return stands(Reply::Kind::refused);
        if (refuses(request.ballot, request.epoch) || replica_->tail().version > state.version)
            return stands(Reply::Kind::refused);
        header = own;
    }
    if (!header) return std::move(*damaged);
    if (encode(state.annex).size() > most_annex_bytes) return reply(Reply::Kind::failed, "too many members");

    return replace_file(*header, std::max(request.ballot, state.version.ballot), state);
}

Reply LocalReplica::replace_file(const Header& header, const Ballot& promise, const State& state) {
    const std::string hidden = "." + name_ + ".ft-new";
    std::unique_ptr<io::File> file = locked_new_file(*dir_, hidden);
    if (!file) return reply(Reply::Kind::busy, "another process is making it anew");
    std::unique_ptr<ReplicaFile> replica;
    if (!on_disk_) on_disk_ = dir_->on_disk();
    try {
        if (file_) take_owner_and_mode(*file, file_->stat());
        file->set_size(0);
        ReplicaFile::write_new(*file, header, promise, state);
        replica = std::make_unique<ReplicaFile>(*file);  // read back, and durable
        (void)replica->window();
    } catch (const Failure&) {
        (void)dir_->remove_file(hidden);
        throw;
    }
    if (file_)
        dir_->rename(hidden, *dir_, name_);
    else if (!dir_->rename_new(hidden, *dir_, name_))
        return reply(Reply::Kind::busy, "another process has made it meanwhile");
    dir_->sync();
    replica_ = std::move(replica);  // the former one refers to the former file
    file_ = std::move(file);
    return stands();
}

Reply LocalReplica::remove(const Request& request) {
    if (file_) {
        const std::optional<Header> found = header_of(*file_);
        if (!found || !request.header || found->replica != request.header->replica)
            return reply(Reply::Kind::damaged, "another file is in its place");
    }
    dir_->remove_file(name_);
    dir_->sync();
    unlock();
    return reply(Reply::Kind::missing, "it was removed");
}

}  // namespace ft::counter

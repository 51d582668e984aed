#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "libcore/base/failure.h"
#include "libcore/base/parallel.h"
#include "libcore/ckpt/reach.h"
#include "libcore/ckpt/stored_entries.h"
#include "libcore/ckpt/verbs.h"
#include "libcore/store/block.h"
#include "libcore/store/pack.h"
#include "libcore/store/pending.h"

namespace ft::ckpt {
namespace {

constexpr std::size_t named_at_most = 1000;

/// A thread's tools for one block after another.
struct BlockTools {
    store::BlockDecoder decoder;
    Scratch stored, raw;
};

class Verifying {
public:
    Verifying(store::Store& store, const VerifyRequest& request, Clock& clock, Progress& progress)
        : store_(store),
          backend_(store.backend()),
          request_(request),
          clock_(clock),
          progress_(progress),
          start_(clock.monotonic()) {}

    VerifyReport run() {
        store_.use();
        const bool whole_store = !request_.name && !request_.checkpoint;
        const std::vector<std::string> prepared = whole_store ? store::pending(store_) : std::vector<std::string>{};
        const std::vector<store::CheckpointId> checkpoints = wanted_checkpoints();
        store_.reload_index();  // after they were listed: it knows all that they name
        for (const std::string& name : store_.index().damaged())
            found("", name, "the index object is damaged; try 'ftckpt repair'");
        for (const std::string& name : store_.index().damaged_lists())
            found("", name, "it cannot be read; try 'ftckpt repair'");
        if (whole_store) check_all_packs();
        for (const store::CheckpointId& id : checkpoints)
            check_checkpoint(
                id.text(), [&] { return std::optional(store_.manifest(id)); }, whole_store);
        for (const std::string& transaction : prepared)
            check_checkpoint(
                "pending/" + transaction, [&] { return store::find_pending(store_, transaction); }, true);
        if (!copies_.empty()) record();
        report_.packs = packs_;
        report_.chunks = chunks_;
        report_.bytes = bytes_;
        report_.seconds = ft::seconds(clock_.monotonic() - start_);
        return std::move(report_);
    }

private:
    std::vector<store::CheckpointId> wanted_checkpoints() {
        if (request_.checkpoint) return {*request_.checkpoint};
        std::vector<store::CheckpointId> all;
        for (const std::string& name : request_.name ? std::vector{*request_.name} : store_.names())
            for (const std::uint64_t sequence : store_.sequences(name)) all.push_back({name, sequence});
        return all;
    }

    void found(const std::string& checkpoint, const std::string& path, const std::string& why) {
        std::lock_guard lock(mutex_);
        ++report_.damaged_count;
        if (report_.damaged.size() < named_at_most) report_.damaged.push_back({checkpoint, path, why});
    }

    // ---- packs: every stored byte

    void check_all_packs() {
        std::vector<Digest> ids;
        std::set<Digest> there;
        for (const std::string& shard : backend_.list("packs")) {
            progress_.step();
            for (const std::string& object : backend_.list("packs/" + shard)) {
                const std::optional<Digest> id = Digest::from_hex(object);
                const std::string name = std::string("packs/").append(shard).append("/").append(object);
                if (id && name == store::pack_name(*id)) {
                    ids.push_back(*id);
                    there.insert(*id);
                } else {
                    found("", name, "not the name of a pack");
                }
            }
        }
        for (const store::PackInfo& pack : store_.index().packs())
            if (!there.contains(pack.id) && !store_.index().is_marked(pack.id))
                found("", store::pack_name(pack.id), "the pack is missing");
        parallel_for(request_.jobs, ids.size(), [&](std::size_t i) { check_pack(ids[i]); });
    }

    void check_pack(const Digest& id) {
        progress_.step();
        const std::string name = store::pack_name(id);
        const std::unique_ptr<store::Object> pack = backend_.find(name);
        if (!pack) return;  // pruned meanwhile
        std::vector<store::PackBlock> blocks;
        try {
            blocks = read_pack_table(*pack, id);
        } catch (const Failure& f) {  // damage is what is looked for
            if (f.exit() != Exit::damage) throw;
            return found("", name, f.parts().why);
        }
        ++packs_;
        BlockTools tools;
        for (const store::PackBlock& block : blocks) {
            progress_.step();
            check_block(*pack, id, block, tools);
        }
    }

    void check_block(const store::Object& pack, const Digest& id, const store::PackBlock& block, BlockTools& tools) {
        const std::string where = store::pack_name(id);
        chunks_ += block.chunks.size();
        if (request_.quick) return;
        View raw;
        try {
            const std::span<std::byte> stored = tools.stored.first(block.stored);
            pack.read_at(stored, block.offset);
            raw = tools.decoder.decode(stored, tools.raw, where);
            if (raw.size() != block.raw) throw damage(where, "a block's content has another length than the pack says");
        } catch (const Failure& f) {  // damage is what is looked for
            if (f.exit() != Exit::damage) throw;
            found("", where, f.parts().why);
            for (const store::ChunkRef& chunk : block.chunks) lose(chunk, id);
            return;
        }
        std::vector<View> chunks;
        for (std::uint64_t at = 0; const store::ChunkRef& chunk : block.chunks) {
            chunks.push_back(raw.subspan(at, chunk.length));
            at += chunk.length;
        }
        const std::vector<Digest> digests = digests_of(chunks);
        for (std::size_t i = 0; i < digests.size(); ++i) {
            if (digests[i] == block.chunks[i].digest) continue;
            found("", where, "a chunk's content has another digest");
            lose(block.chunks[i], id);
        }
        bytes_ += raw.size();
        progress_.bytes += raw.size();
    }

    void lose(const store::ChunkRef& chunk, const Digest& pack) {
        std::lock_guard lock(mutex_);
        copies_.push_back({chunk.digest, pack});
        lost_.insert(chunk.digest);
    }

    // ---- checkpoints: everything they name is there

    void check_checkpoint(const std::string& id, const std::function<std::optional<store::Manifest>()>& read,
                          bool packs_checked) {
        progress_.step();
        ++report_.checkpoints;
        try {
            const std::optional<store::Manifest> manifest = read();
            if (!manifest) {  // published or dropped meanwhile
                --report_.checkpoints;
                return;
            }
            store::Reader reader(store_);
            for (const store::SourceRecord& source : manifest->sources) check_source(id, source, reader, packs_checked);
        } catch (const Failure& f) {                             // damage is what is looked for
            if (f.exit() == Exit::no && !request_.checkpoint) {  // removed meanwhile
                --report_.checkpoints;
                return;
            }
            if (f.exit() != Exit::damage) throw;
            found(id, "", f.parts().why);
        }
    }

    void check_source(const std::string& id, const store::SourceRecord& source, store::Reader& reader,
                      bool packs_checked) {
        std::string last;
        for_each_chunk(reader, source, id, [&](const store::ChunkRef& chunk, const std::string& path) {
            progress_.step();
            if (path == last && !path.empty() && report_.damaged_count != 0 && last_damaged_)
                return;  // one line a file
            last = path;
            last_damaged_ = false;
            if (const std::optional<std::string> why = trouble(chunk, reader, packs_checked)) {
                found(id, source.label.empty() || path.empty() ? source.label + path : source.label + "/" + path, *why);
                last_damaged_ = true;
            }
        });
    }

    /// Why a chunk cannot be had; std::nullopt where it can.
    std::optional<std::string> trouble(const store::ChunkRef& chunk, store::Reader& reader, bool packs_checked) {
        const std::vector<store::ChunkPlace> places = store_.index().find_all(chunk.digest);
        if (places.empty()) return "a chunk is in no index; try 'ftckpt repair'";
        if (!packs_checked && !request_.quick) return read_trouble(chunk, places, reader);
        for (const store::ChunkPlace& place : places) {
            const store::PackInfo pack = store_.index().pack(place.pack);
            const bool damaged =
                lost_.contains(chunk.digest) &&
                std::find(copies_.begin(), copies_.end(), store::DamagedChunk{chunk.digest, pack.id}) != copies_.end();
            if (!damaged && place.length == chunk.length && pack_there(pack)) return std::nullopt;
        }
        return "its content is damaged or missing";
    }

    std::optional<std::string> read_trouble(const store::ChunkRef& chunk, const std::vector<store::ChunkPlace>& places,
                                            store::Reader& reader) {
        if (!checked_.insert(chunk.digest).second)
            return lost_.contains(chunk.digest) ? std::optional<std::string>("its content is damaged") : std::nullopt;
        try {
            bytes_ += reader.read(chunk).bytes.size();
            ++chunks_;
            progress_.bytes += chunk.length;
            return std::nullopt;
        } catch (const Failure& f) {  // damage is what is looked for
            if (f.exit() != Exit::damage) throw;
            for (const store::ChunkPlace& place : places) lose(chunk, store_.index().pack(place.pack).id);
            return f.parts().why;
        }
    }

    bool pack_there(const store::PackInfo& pack) {
        const auto [at, fresh] = pack_sizes_right_.try_emplace(pack.id, false);
        if (fresh) at->second = backend_.size_of(store::pack_name(pack.id)) == pack.size;
        return at->second;
    }

    /// So that the next save stores these chunks again.
    void record() {
        std::sort(copies_.begin(), copies_.end());
        copies_.erase(std::unique(copies_.begin(), copies_.end()), copies_.end());
        const Bytes list = encode_damage(copies_);
        if (!backend_.put_if_absent("damage/" + digest_of(list).hex(), list)) backend_.settle("damage");
    }

    store::Store& store_;
    store::Backend& backend_;
    const VerifyRequest& request_;
    Clock& clock_;
    Progress& progress_;
    std::chrono::nanoseconds start_;
    std::mutex mutex_;
    VerifyReport report_;
    std::atomic<std::uint64_t> packs_{0}, chunks_{0}, bytes_{0};
    std::vector<store::DamagedChunk> copies_;
    std::set<Digest> lost_;
    std::set<Digest> checked_;
    std::map<Digest, bool> pack_sizes_right_;
    bool last_damaged_ = false;
};

}  // namespace

VerifyReport verify(store::Store& store, const VerifyRequest& request, Clock& clock, Progress& progress) {
    return Verifying(store, request, clock, progress).run();
}

}  // namespace ft::ckpt

// A store in memory, of which every byte is the fuzzer's: an object, and a backend that holds objects by name.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libcore/base/failure.h"
#include "libcore/store/backend.h"

namespace ft::fuzz {

class MemoryObject final : public store::Object {
public:
    /// bytes  stay with the caller.
    explicit MemoryObject(View bytes, std::string path = "an object") : bytes_(bytes), path_(std::move(path)) {}

    std::uint64_t size() const override { return bytes_.size(); }
    void read_at(std::span<std::byte> into, std::uint64_t at) const override {
        if (at > bytes_.size() || into.size() > bytes_.size() - at) throw damage(path_, "it ends early");
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at), into.size(), into.begin());
    }
    std::unique_ptr<io::Mapping> map() const override { return std::make_unique<Mapped>(bytes_); }
    std::string path() const override { return path_; }

private:
    struct Mapped final : io::Mapping {
        explicit Mapped(View all) : all_(all) {}
        View bytes() const override { return all_; }
        View all_;
    };
    View bytes_;
    std::string path_;
};

class MemoryBackend final : public store::Backend {
public:
    std::map<std::string, Bytes> objects;

    std::unique_ptr<store::Upload> upload(const std::string&) override { return std::make_unique<Growing>(*this); }
    std::unique_ptr<store::Object> find(const std::string& name) override {
        const auto at = objects.find(name);
        if (at == objects.end()) return nullptr;
        return std::make_unique<MemoryObject>(at->second, name);
    }
    std::optional<std::uint64_t> size_of(const std::string& name) override {
        const auto at = objects.find(name);
        return at == objects.end() ? std::nullopt : std::optional<std::uint64_t>(at->second.size());
    }
    std::vector<std::string> list(const std::string& prefix) override {
        const std::string start = prefix.empty() ? "" : prefix + "/";
        std::vector<std::string> names;
        for (auto at = objects.lower_bound(start); at != objects.end() && at->first.starts_with(start); ++at) {
            std::string name = at->first.substr(start.size(), at->first.find('/', start.size()) - start.size());
            if (names.empty() || names.back() != name) names.push_back(std::move(name));
        }
        return names;
    }
    bool post_if_absent(const std::string& name, View bytes) override { return put_if_absent(name, bytes); }
    void remove(std::span<const std::string> names) override {
        for (const std::string& name : names) objects.erase(name);
    }
    void discard(std::span<const std::string> names) override { remove(names); }
    void settle(const std::string&) override {}
    std::unique_ptr<store::Guard> use() override { return std::make_unique<Nobody>(); }
    std::vector<std::string> living_guards() override { return {}; }
    std::unique_ptr<store::Guard> try_maintain() override { return std::make_unique<Nobody>(); }
    std::unique_ptr<store::Guard> try_close_gate() override { return std::make_unique<Nobody>(); }
    std::string maintainer() override { return "nobody"; }
    void sweep() override {}
    std::uint64_t free_bytes() override { return 1U << 30; }
    std::string path() const override { return "memory"; }

private:
    struct Nobody final : store::Guard {
        std::string id() const override { return ""; }
        void release() override {}
    };
    struct Growing final : store::Upload {
        explicit Growing(MemoryBackend& backend) : backend_(backend) {}
        void append(View bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
        bool commit(const std::string& name) override {
            return backend_.objects.try_emplace(name, std::move(bytes_)).second;
        }
        MemoryBackend& backend_;
        Bytes bytes_;
    };
};

}  // namespace ft::fuzz

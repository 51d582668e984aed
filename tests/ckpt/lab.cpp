#include "tests/ckpt/lab.h"

#include <algorithm>
#include <random>

namespace ft::test {
namespace {

std::pair<std::string, std::string> split(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return {"", path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

std::unique_ptr<io::Dir> dir_at(io::Dir& root, const std::string& path) {
    std::unique_ptr<io::Dir> dir = io::ensure_dir(root, path.substr(0, path.find('/')));
    for (std::size_t at = path.find('/'); at != std::string::npos;) {
        const std::size_t next = path.find('/', at + 1);
        dir = io::ensure_dir(*dir, path.substr(at + 1, next == std::string::npos ? next : next - at - 1));
        at = next;
    }
    return dir;
}

void collect(io::Dir& dir, const std::string& prefix, Tree& out) {
    for (const io::Listed& one : dir.list()) {
        const std::string path = prefix.empty() ? one.name : prefix + "/" + one.name;
        const io::Stat stat = *dir.stat(one.name);
        if (stat.kind == io::Kind::dir) {
            out[path] = "<dir>";
            collect(*io::open_dir(dir, one.name), path, out);
        } else if (stat.kind == io::Kind::file) {
            out[path] = std::string(text_of(io::read_whole(*io::open_file(dir, one.name), 1U << 30)));
        } else if (stat.kind == io::Kind::symlink) {
            out[path] = "-> " + dir.read_symlink(one.name);
        }
    }
}

}  // namespace

std::string noise(std::uint64_t seed, std::size_t size) {
    std::mt19937_64 random(seed);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    return text;
}

Lab::Lab(std::uint64_t seed) : disk_(seed), root_(disk_.root()) { open_all(); }

Lab::Lab(const sim::Image& image) : disk_(image, 1), root_(disk_.root()) { open_all(); }

void Lab::open_all() {
    io::ensure_dir(*root_, "data")->sync();
    backend_ = store::directory_backend(io::ensure_dir(*root_, "store"), disk_.clock());
}

void Lab::write(const std::string& path, const std::string& content) {
    const auto [parent, name] = split("data/" + path);
    const std::unique_ptr<io::Dir> dir = dir_at(*root_, parent);
    std::unique_ptr<io::File> file = dir->find_file(name, io::Access::read_write);
    if (!file) file = dir->create_file(name, 0644);
    file->set_size(content.size());
    file->write_at(view_of(content), 0);
    file->sync();
    dir->sync();
    disk_.clock().sleep(std::chrono::seconds(1));  // so that its stamp is not racy for the next save
}

void Lab::remove(const std::string& path) {
    const auto [parent, name] = split("data/" + path);
    dir_at(*root_, parent)->remove_file(name);
    disk_.clock().sleep(std::chrono::seconds(1));
}

Tree Lab::tree(const std::string& name) {
    Tree out;
    if (const std::unique_ptr<io::Dir> dir = root_->find_dir(name)) collect(*dir, "", out);
    return out;
}

store::Store& Lab::store() {
    store_ = std::make_unique<store::Store>(store::Store::open_or_create(*backend_, disk_.clock()));
    return *store_;
}

source::Source Lab::data_source() {
    source::Source source;
    source.origin = "data";
    source.parent = disk_.root();
    source.name = "data";
    return source;
}

ckpt::SaveReport Lab::save(const std::string& name, ckpt::SaveRequest request) {
    request.name = name;
    std::vector<source::Source> sources{data_source()};
    ckpt::SaveReport report = ckpt::save(sources, store(), request, disk_.clock(), progress_);
    disk_.clock().sleep(std::chrono::seconds(1));
    return report;
}

ckpt::SaveReport Lab::save_stream(const std::string& name, const std::string& content, bool allow_empty) {
    source::Source source;
    source.kind = source::SourceKind::stream;
    source.origin = "-";
    std::size_t at = 0;
    source.read = [&](std::span<std::byte> into) {
        const std::size_t now = std::min(into.size(), content.size() - at);
        std::copy_n(view_of(content).begin() + static_cast<std::ptrdiff_t>(at), now, into.begin());
        at += now;
        return now;
    };
    std::vector<source::Source> sources{source};
    return ckpt::save(sources, store(), {.name = name, .allow_empty = allow_empty}, disk_.clock(), progress_);
}

ckpt::RestoreReport Lab::restore(const std::string& selector, const std::string& destination,
                                 ckpt::Placement placement) {
    store::Store& from = store();
    const ckpt::RestoreRequest request{.checkpoint = from.resolve(selector), .powers = {.as_root = true}};
    return ckpt::restore_tree(from, request, {.parent = *root_, .name = destination, .placement = placement},
                              disk_.clock(), progress_);
}

std::string Lab::stream(const std::string& selector) {
    store::Store& from = store();
    std::string out;
    (void)ckpt::restore_stream(
        from, {.checkpoint = from.resolve(selector)}, "", [&](View bytes) { out += text_of(bytes); }, disk_.clock(),
        progress_);
    return out;
}

ckpt::VerifyReport Lab::verify(ckpt::VerifyRequest request) {
    return ckpt::verify(store(), request, disk_.clock(), progress_);
}

ckpt::PruneReport Lab::prune(ckpt::PruneRequest request) {
    return ckpt::prune(store(), request, disk_.clock(), progress_);
}

std::vector<std::string> Lab::objects(const std::string& prefix) {
    std::vector<std::string> found;
    for (const std::string& one : backend_->list(prefix)) {
        const std::string name = prefix + "/" + one;
        if (backend_->size_of(name)) {
            found.push_back(name);
            continue;
        }
        for (const std::string& two : backend_->list(name)) found.push_back(name + "/" + two);
    }
    return found;
}

void Lab::rot(const std::string& object, std::uint64_t at) {
    const auto [parent, name] = split("store/" + object);
    const std::unique_ptr<io::Dir> dir = dir_at(*root_, parent);
    const std::unique_ptr<io::File> file = dir->find_file(name, io::Access::read_write);
    std::byte byte{};
    (void)file->read_at(std::span(&byte, 1), at);
    byte ^= std::byte{0x10};
    file->write_at(View(&byte, 1), at);
}

}  // namespace ft::test

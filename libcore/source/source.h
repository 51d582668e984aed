// What can be saved, as one value type: a tree or file, a shared-memory segment (a file of /dev/shm), or a stream.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libcore/io/dir.h"
#include "libcore/source/tree_walk.h"

namespace ft::source {

enum class SourceKind : std::uint8_t { tree = 1, shm = 2, stream = 3 };

struct Source {
    SourceKind kind = SourceKind::tree;
    std::string label;  ///< base name of a tree or file ("" if saved alone), the segment's name, the stream's label (""
                        ///< if alone)
    std::string origin;  ///< as the user wrote it, for show and messages

    std::shared_ptr<io::Dir> parent;  ///< tree, shm: holds the object; shared with the walk that reads it
    std::string name;                 ///< tree, shm: in parent
    WalkOptions walk;

    /// stream: fills the buffer, less only at its end; throws if the producer failed.
    std::function<std::size_t(std::span<std::byte>)> read;
};

}  // namespace ft::source

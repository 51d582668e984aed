// A disk on which things go wrong as a fault script says; whatever is opened through it is decorated too.
//
//     FaultScript script("sync@2=EIO");
//     auto dir = with_faults(open_root(path), script);
#pragma once

#include <memory>

#include "libcore/io/dir.h"
#include "libcore/io/fault_script.h"

namespace ft::io {

/// script   counts for all that it decorates, and outlives it.
[[nodiscard]] std::unique_ptr<Dir> with_faults(std::unique_ptr<Dir> dir, FaultScript& script);

}  // namespace ft::io

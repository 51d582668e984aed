// Brings a saved shared memory segment back under its name, whole or not at all.
#pragma once

#include <optional>
#include <string>

#include "libcore/ckpt/restore.h"
#include "libcore/ui/env.h"
#include "tools/common/disk.h"

namespace ft::tools {

struct SegmentRequest {
    std::string name;  ///< "/table", as for shm_open(3)
    std::optional<std::string>
        label;             ///< which of the checkpoint's segments; else the one of that name, else the only one
    bool replace = false;  ///< a segment of that name may exist
};

/// Built under a hidden name in /dev/shm, with the size, mode and (as root) owner that it had, then renamed.
///
/// fails  Exit::failed where the name is taken and not to be replaced; Exit::no where the checkpoint holds no such
/// segment.
[[nodiscard]] ckpt::RestoreReport restore_segment(ui::Env& env, Disk& disk, store::Store& store,
                                                  const ckpt::RestoreRequest& request, const SegmentRequest& segment);

}  // namespace ft::tools

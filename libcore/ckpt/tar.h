// The trees of a checkpoint as one pax tar stream, for GNU tar, bsdtar and whatever else reads it.
//
// Carried: names, kinds, modes, owners (ids and names), mtime in ns, hard links, devices, holes (GNU sparse
// format 1.0), xattrs and capabilities (SCHILY.xattr), POSIX ACLs (SCHILY.acl). Every byte is verified before it is
// sent.
#pragma once

#include <functional>

#include "libcore/base/progress.h"
#include "libcore/ckpt/report.h"
#include "libcore/ckpt/restore.h"

namespace ft::ckpt {

/// fails  Exit::no where the checkpoint holds no tree, Exit::damage; what was sent by then is a tar stream without its
/// end.
[[nodiscard]] RestoreReport restore_tar(store::Store& store, const RestoreRequest& request,
                                        const std::function<void(View)>& sink, Clock& clock, Progress& progress);

}  // namespace ft::ckpt

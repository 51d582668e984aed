// Sends the content of one saved file or stream through a function, in order, every byte verified before.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "libcore/base/progress.h"
#include "libcore/store/manifest.h"
#include "libcore/store/store.h"

namespace ft::ckpt {

struct SendRequest {
    unsigned jobs = 0;
    std::function<void(View)> sink;
    std::string where;  ///< for messages: "job@7"
};

/// Content of the regular file at `path` in the source ("" for a stream, a segment, a file saved alone). returns  bytes
/// sent.
///
/// fails  Exit::no where there is no such file, Exit::damage.
std::uint64_t send_content(store::Store& store, const store::SourceRecord& source, const std::string& path,
                           const SendRequest& request, Progress& progress);

}  // namespace ft::ckpt

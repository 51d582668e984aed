// A directory in the hands of a program that keeps its logs with one mistake: what the tests of logs have to notice.
#pragma once

#include <memory>

#include "libcore/io/dir.h"

namespace ft::sim {

enum class LogMistake {
    none,
    append_not_synced,        ///< what was appended is written and not made durable
    opening_not_synced,       ///< what was found is acted upon as it is
    torn_end_not_cleaned,     ///< a batch is written over some sectors of a torn one
    growth_not_synced,        ///< zeros behind the room are taken for durable
    growth_told_first,        ///< and these are told before they are written
    write_not_settled,        ///< a batch follows one that was written and not synced
    read_from_cache,          ///< what an earlier, failed sync has left in memory is believed
    failed_sync_tried_again,  ///< and believed when the second one says that all is well
    making_not_synced,        ///< a log gets its name before its content is durable
    name_not_synced,          ///< it is used before its name is durable, made
    found_name_not_synced,    ///< or found
};

[[nodiscard]] std::unique_ptr<io::Dir> mistaken(LogMistake mistake, std::unique_ptr<io::Dir> dir);

}  // namespace ft::sim

// --jobs, the same in every command that works in parallel.
#pragma once

#include <optional>

#include "libcore/base/parallel.h"
#include "libcore/ui/flags.h"

namespace ft::tools {

struct JobsOptions {
    unsigned jobs = 0;  ///< 0: as many as there are processors
    [[nodiscard]] unsigned count() const { return jobs != 0 ? jobs : processors(); }
};

inline void declare_jobs(ui::Flags& flags, JobsOptions& options) {
    flags.option("--jobs", options.jobs, "N", "threads, 1 to 256 (else one for each processor)").between(1, 256);
}

}  // namespace ft::tools

// A directory, and all below it, in the hands of a participant with one mistake: what the tests of participants have to
// notice. The product's code is as it is; the mistake is made between it and the disk.
#pragma once

#include <memory>

#include "libcore/io/dir.h"

namespace ft::sim {

enum class DirMistake {
    nothing,
    claim_goes_first,  ///< the claim is removed before the new object is renamed
    old_goes_first,    ///< what is replaced is removed, then the new object is renamed
    claim_in_place,    ///< the claim is written under its own name, not put whole
    staged_stays,      ///< what was staged is not removed
};

[[nodiscard]] std::unique_ptr<io::Dir> mistaken_dir(DirMistake mistake, std::unique_ptr<io::Dir> dir);

}  // namespace ft::sim

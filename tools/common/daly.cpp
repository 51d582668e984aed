#include "tools/common/daly.h"

#include <cmath>

namespace ft::tools {

double daly_interval_s(double save_s, double mtbf_s) {
    if (save_s >= 2 * mtbf_s) return mtbf_s;
    const double ratio = save_s / (2 * mtbf_s);
    return std::sqrt(2 * save_s * mtbf_s) * (1 + std::sqrt(ratio) / 3 + ratio / 9) - save_s;
}

}  // namespace ft::tools

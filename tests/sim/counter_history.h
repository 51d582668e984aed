// What users of a counter saw, and whether one counter that did one thing after the other could have shown it to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ft::sim {

class History {
public:
    /// An add of 1, or a look at the value, by one user. Moments are numbers that grow.
    struct Deed {
        bool is_add = true;
        std::string key;  ///< an add that is tried again with this key counts once
        std::uint64_t begun = 0, ended = UINT64_MAX;
        std::optional<std::int64_t> value;  ///< as it was answered
        bool refused = false;               ///< it was told that nothing was done
        std::string why;                    ///< no answer: what its user read
    };

    [[nodiscard]] std::size_t begin(bool is_add, std::string key = {});
    void answer(std::size_t deed, std::int64_t value);
    void refuse(std::size_t deed, std::string why);
    /// Its user heard that nobody knows.
    void doubt(std::size_t deed, std::string why);

    /// Everything that is wrong, given the value at the end.
    [[nodiscard]] std::vector<std::string> complaints(std::int64_t last) const;
    [[nodiscard]] std::size_t answered() const;
    [[nodiscard]] std::string story() const;

private:
    void complain_of_order(std::vector<std::string>& said) const;
    void complain_of_future(std::vector<std::string>& said) const;
    void complain_of_count(std::int64_t last, std::vector<std::string>& said) const;
    std::vector<Deed> deeds_;
    std::uint64_t now_ = 0;
};

}  // namespace ft::sim

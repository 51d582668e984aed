// Where a MariaDB database is, in words: "orders host=db7 user='ann lee'".
#pragma once

#include <string>

namespace ft::twophase {

/// As the options of mariadb(1) are called; "": not said. What is said nowhere, passwords above all, comes from the
/// user's option files.
struct MariaPlace {
    std::string database, host, port, socket, user, defaults_file, defaults_group_suffix;
};

/// As an identifier in SQL.
[[nodiscard]] std::string quoted_name(const std::string& name);

/// The same from whichever shell it is used: paths are absolute, and what the environment adds is written down.
///
/// fails  Exit::usage; so where a password is said.
[[nodiscard]] std::string settled_place(const std::string& text, const std::string& folder);
/// From words that settled_place() has made. fails  Exit::usage.
[[nodiscard]] MariaPlace maria_place(const std::string& text);

}  // namespace ft::twophase

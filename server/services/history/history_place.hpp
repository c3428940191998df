// Creates the history's file with its folder and rights, and explains why that failed. Private to the history's store.
#pragma once

#include <string>
#include <system_error>

#include "services/history/sqlite.hpp"

namespace dind {

// Creates the file if it does not exist: with mode 0600 from its first byte on, and a new folder with mode 0700. SQLite
// gives its other files the same mode.
std::error_code make_history_file(const std::string& path);
// Why `make_history_file` failed: which part of the path prevents it, and what to do.
sqlite::Failure place_failure(const std::string& path, std::error_code problem);

}  // namespace dind

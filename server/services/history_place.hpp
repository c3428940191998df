// The place of the history's file: its folder and rights, and what is in its way. Private to the history's store.
#pragma once

#include <string>
#include <system_error>

#include "services/sqlite.hpp"

namespace dind {

// Makes the file where there is none: 0600 from its first byte on, its folder 0700. SQLite gives its other files the
// same mode.
std::error_code make_history_file(const std::string& path);
// Why that failed, with what of the path is in the way and what to do.
sqlite::Failure place_failure(const std::string& path, std::error_code problem);

}  // namespace dind

// The text for the present errno.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace dind {

inline std::string last_error() { return std::generic_category().message(errno); }

}  // namespace dind

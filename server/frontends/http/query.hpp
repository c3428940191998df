// Reads the query of a request's target. Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "dind/error.hpp"

namespace dind::frontends::http {

inline constexpr std::size_t kDefaultLimit = 50;
inline constexpr std::size_t kMaxLimit = 1000;

// "limit=3" → 3; "" → kDefaultLimit. Error (invalid_request): another parameter, or a limit that is not possible.
Result<std::size_t> parse_limit(std::string_view query);

}  // namespace dind::frontends::http

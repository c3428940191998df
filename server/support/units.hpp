// Converts between numbers and the sizes and durations that people write on a command line and in settings.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "dind/error.hpp"

namespace dind {

// "512m", "1.5g", "64MiB", "1048576": bytes, with powers of 1024. Errors (invalid_request) say what is accepted.
Result<std::int64_t> parse_bytes(std::string_view text);
// "30", "1.5", "500ms", "2m": seconds unless a unit follows. Must be finite and greater than 0.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
// "512 MiB", "1.5 GiB", "12 KiB"
std::string format_bytes(std::int64_t bytes);
// "83 ms", "1.24 s", "2 min 5 s"
std::string format_duration(std::chrono::milliseconds duration);

// RFC 3339 → Unix seconds. `otherwise` if it is not a time, or a year before 1970 (engines write year 1 for "never").
std::int64_t unix_seconds(const std::string& rfc3339, std::int64_t otherwise);

}  // namespace dind

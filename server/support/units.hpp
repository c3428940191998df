// Text ↔ sizes and durations, as people write them on a command line and in settings.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "dind/error.hpp"

namespace dind {

// "512m", "1.5g", "64MiB", "1048576": bytes, powers of 1024. Errors (invalid_request) say what is accepted.
Result<std::int64_t> parse_bytes(std::string_view text);
// "30", "1.5", "500ms", "2m": seconds unless a unit follows. Must be finite and more than 0.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
// "512 MiB", "1.5 GiB", "12 KiB"
std::string format_bytes(std::int64_t bytes);
// "83 ms", "1.24 s", "2 min 5 s"
std::string format_duration(std::chrono::milliseconds duration);

// RFC 3339 → Unix seconds; `otherwise` where it is no time, or that of the year 1 (an engine's "never").
std::int64_t unix_seconds(const std::string& rfc3339, std::int64_t otherwise);

}  // namespace dind

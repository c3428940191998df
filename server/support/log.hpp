// Logging without spdlog's headers: levels, one call. Goes to stderr until `log_to_file`; never to stdout.
#pragma once

#include <string>
#include <string_view>

namespace dind {

enum class LogLevel { debug, info, warning, error, off };

void set_log_level(LogLevel level);
bool log_to_file(const std::string& path);  // false: it can't be opened
// Control characters of `message` are escaped: it may hold untrusted text.
void log(LogLevel level, std::string_view message);

}  // namespace dind

// The log: levels, one call, one line each. To stderr or to a file, never to stdout. From any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "support/secrets.hpp"

namespace dind {

enum class LogLevel { debug, info, warning, error, off };
std::optional<LogLevel> log_level(std::string_view name);

// text: TIME LEVEL PID [run=ID] MESSAGE. json: one object a line, { time, level, pid, run?, message }. The time is RFC
// 3339, UTC, with milliseconds.
enum class LogFormat { text, json };
std::optional<LogFormat> log_format(std::string_view name);

struct LogSettings {
  LogLevel level = LogLevel::warning;
  LogFormat format = LogFormat::text;
  std::string file;                   // empty: stderr
  std::int64_t max_bytes = 10 << 20;  // of a file; then it becomes FILE.1 (x.log: x.1.log), and so on
  std::size_t files = 5;              // in all; the oldest is removed
};

// What a command line says; it comes before what the configuration has.
struct LogFlags {
  std::optional<LogLevel> level;
  std::optional<LogFormat> format;
  std::optional<std::string> file;
};

// Error: the file can't be written; everything else holds, and the log goes to stderr. A file that we make is its
// owner's alone (0600).
Result<void> set_up_log(const LogSettings& settings);

void set_log_level(LogLevel level);

// `run_id`: of the run that the line belongs to. Whatever `message` holds, the line has no control characters, and
// neither a secret that was named below nor what looks like a credential (support/secrets.hpp).
void log(LogLevel level, std::string_view message, std::string_view run_id = {});

// These are left out of every line from now on; those of less than four bytes are not.
void hide_in_log(const std::vector<std::string>& values);

// A run's secrets are left out of every line while it lives, and until some more runs have ended: its removal is told
// behind its end.
class LogMask {
 public:
  explicit LogMask(const Secrets& secrets);
  ~LogMask();
  LogMask(const LogMask&) = delete;
  LogMask& operator=(const LogMask&) = delete;

 private:
  std::vector<std::string> values_;
};

}  // namespace dind

// The log: levels, one function, one line for each message. To stderr or to a file, never to stdout. From any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "support/masking.hpp"

namespace dind {

enum class LogLevel { debug, info, warning, error, off };
std::optional<LogLevel> parse_log_level(std::string_view name);

// text: TIME LEVEL PID [run=ID] MESSAGE. json: one object per line, { time, level, pid, run?, message }. The time is
// RFC 3339 in UTC with milliseconds.
enum class LogFormat { text, json };
std::optional<LogFormat> parse_log_format(std::string_view name);

struct LogSettings {
  LogLevel level = LogLevel::warning;
  LogFormat format = LogFormat::text;
  std::string file;                   // empty: stderr
  std::int64_t max_bytes = 10 << 20;  // of one file; then it is renamed to FILE.1 (x.log: x.1.log), and so on
  std::size_t files = 5;              // in total; the oldest is removed
};

// What the command line says; it takes precedence over the configuration.
struct LogFlags {
  std::optional<LogLevel> level;
  std::optional<LogFormat> format;
  std::optional<std::string> file;
};

// Error: the file cannot be written. All other settings apply, and the log goes to stderr. A new log file has mode
// 0600.
Result<void> set_up_log(const LogSettings& settings);

void set_log_level(LogLevel level);

// `run_id`: the run that the line belongs to. Whatever `message` contains, the line has no control characters, no
// secret that was named below, and nothing that looks like a credential (support/masking.hpp).
void log(LogLevel level, std::string_view message, std::string_view run_id = {});

// Masks these values in every later line, except values of less than four bytes.
void hide_in_log(const std::vector<std::string>& values);

// Masks a run's secrets in every line while it lives, and until a number of later runs have ended: its removal is
// logged after its end.
class LogMask {
 public:
  explicit LogMask(const SecretMask& secrets);
  ~LogMask();
  LogMask(const LogMask&) = delete;
  LogMask& operator=(const LogMask&) = delete;

 private:
  std::vector<std::string> values_;
};

}  // namespace dind

#include "support/log/log.hpp"

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "support/io/private_files.hpp"
#include "support/text/escaped.hpp"
#include "support/text/shortened.hpp"

namespace dind {
namespace {

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %P %v";
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","pid":%P,%v})";
constexpr std::size_t kMaxMessageBytes = 8 << 10;
constexpr std::size_t kMaxRunIdLength = 64;
constexpr std::size_t kEndedRuns = 64;           // that have ended and whose secrets are still masked
constexpr std::size_t kEndedBytes = 4 << 20;     // of the secrets of ended runs
constexpr std::size_t kMinMaskedTextLength = 4;  // of a masked value: a shorter one occurs in many words
constexpr std::size_t kMinMaskedLineLength = 8;  // of one line of a value with several lines

std::mutex turn;  // locked while a line is written or the settings change
bool as_json = false;

std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("dind", std::make_shared<spdlog::sinks::stderr_sink_st>());
    made->set_pattern(kTextPattern, spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::warn);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return instance;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

class Hidden {
 public:
  void add(const std::vector<std::string>& values) {
    const std::lock_guard lock(mutex_);
    for (const auto& value : values)
      for (auto& form : forms(value)) ++values_[first_bytes(form)][std::move(form)];
  }
  void end(std::vector<std::string> values) {
    const std::lock_guard lock(mutex_);
    ended_bytes_ += total_bytes(values);
    ended_.push_back(std::move(values));
    while (ended_.size() > kEndedRuns || ended_bytes_ > kEndedBytes) {
      ended_bytes_ -= total_bytes(ended_.front());
      for (const auto& value : ended_.front())
        for (const auto& form : forms(value)) forget(form);
      ended_.pop_front();
    }
  }
  // Looks at each position of the text once, however many values there are (S05).
  std::string masked(std::string_view text) const {
    const std::lock_guard lock(mutex_);
    std::string result;
    std::size_t done = 0;  // bytes of the text that are in `result` already
    for (std::size_t at = 0; at + kMinMaskedTextLength <= text.size(); ++at) {
      const auto length = max_match(text.substr(at));
      if (length == 0) continue;
      if (at >= done) result.append(text, done, at - done).append(kWithheld);
      done = std::max(done, at + length);
    }
    return result.append(text, done);
  }

 private:
  using Forms = std::map<std::string, std::size_t>;  // value: how often it was added

  static std::string first_bytes(std::string_view text) { return std::string(text.substr(0, kMinMaskedTextLength)); }
  static std::size_t total_bytes(const std::vector<std::string>& values) {
    std::size_t bytes = 0;
    for (const auto& value : values) bytes += value.size();
    return bytes;
  }
  // The length of the longest value with which the text begins.
  std::size_t max_match(std::string_view text) const {
    const auto found = values_.find(first_bytes(text));
    if (found == values_.end()) return 0;
    std::size_t longest = 0;
    for (const auto& [value, count] : found->second)
      if (value.size() > longest && text.starts_with(value)) longest = value.size();
    return longest;
  }
  void forget(const std::string& form) {
    const auto group = values_.find(first_bytes(form));
    if (group == values_.end()) return;
    const auto found = group->second.find(form);
    if (found == group->second.end() || --found->second > 0) return;
    group->second.erase(found);
    if (group->second.empty()) values_.erase(group);
  }

  // The forms that an engine's message may contain: the value itself, as in JSON text, and each line (messages are one
  // line).
  static std::vector<std::string> forms(const std::string& value) {
    if (value.size() < kMinMaskedTextLength) return {};
    std::vector<std::string> all{value};
    if (auto in_json = json_quoted(value); in_json.size() != value.size() + 2)
      all.push_back(in_json.substr(1, in_json.size() - 2));
    for (std::size_t at = 0; value.contains('\n') && at < value.size();) {
      const auto end = std::min(value.size(), value.find('\n', at));
      if (end - at >= kMinMaskedLineLength) all.push_back(value.substr(at, end - at));
      at = end + 1;
    }
    return all;
  }

  mutable std::mutex mutex_;
  std::unordered_map<std::string, Forms> values_;  // the key: the first bytes of the values
  std::deque<std::vector<std::string>> ended_;
  std::size_t ended_bytes_ = 0;
};

Hidden& hidden() {
  static Hidden instance;
  return instance;
}

// Whether the path is a regular file. Creates the file if it does not exist.
Result<bool> open_once(const std::string& path) {
  const int fd = open_private(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return fail(ErrorCode::invalid_request, "The log file " + path + " can't be written (" +
                                                std::generic_category().message(errno) + "); name another one");
  struct stat status{};
  const bool regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  ::close(fd);
  return regular;
}

Result<spdlog::sink_ptr> make_sink(const LogSettings& settings) {
  if (settings.file.empty()) return std::make_shared<spdlog::sinks::stderr_sink_st>();
  const auto regular = open_once(settings.file);
  if (!regular) return std::unexpected(regular.error());
  try {
    if (!*regular) return std::make_shared<spdlog::sinks::basic_file_sink_st>(settings.file);
    spdlog::file_event_handlers handlers;
    handlers.before_open = [](const spdlog::filename_t& path) { (void)open_once(path); };  // creates it with mode 0600
    return std::make_shared<spdlog::sinks::rotating_file_sink_st>(
        settings.file, static_cast<std::size_t>(settings.max_bytes), settings.files - 1, false, handlers);
  } catch (const spdlog::spdlog_ex& e) {
    return fail(ErrorCode::invalid_request,
                "The log file " + settings.file + " can't be written (" + escaped(e.what()) + "); name another one");
  }
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view name) {
  using enum LogLevel;
  constexpr std::pair<std::string_view, LogLevel> kLevels[] = {
      {"debug", debug}, {"info", info}, {"warning", warning}, {"error", error}, {"off", off}};
  for (const auto& [each, level] : kLevels)
    if (each == name) return level;
  return std::nullopt;
}

std::optional<LogFormat> parse_log_format(std::string_view name) {
  if (name == "text") return LogFormat::text;
  if (name == "json") return LogFormat::json;
  return std::nullopt;
}

Result<void> set_up_log(const LogSettings& settings) {
  const std::lock_guard lock(turn);
  as_json = settings.format == LogFormat::json;
  auto sink = make_sink(settings);
  logger()->sinks() = {sink ? *sink : std::make_shared<spdlog::sinks::stderr_sink_st>()};
  logger()->set_pattern(as_json ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc);
  logger()->set_level(to_spdlog(settings.level));
  // spdlog would print its own text for every line. Report the problem once; go on without the lines that fail.
  logger()->set_error_handler([file = settings.file, said = false](const std::string& problem) mutable {
    if (!std::exchange(said, true))
      std::fprintf(stderr, "dind-executor: the log %s can't be written (%s); the program goes on without it\n",
                   file.empty() ? "on stderr" : file.c_str(), escaped(problem).c_str());
  });
  if (!sink) return std::unexpected(sink.error());
  return {};
}

void set_log_level(LogLevel level) { logger()->set_level(to_spdlog(level)); }

void log(LogLevel level, std::string_view message, std::string_view run_id) {
  if (level == LogLevel::off || !logger()->should_log(to_spdlog(level))) return;
  const auto text = escaped(shortened(without_credentials(hidden().masked(message)), kMaxMessageBytes));
  const auto run = escaped(run_id.substr(0, kMaxRunIdLength));
  const std::lock_guard lock(turn);
  std::string line;
  if (as_json)
    line = (run.empty() ? "" : R"("run":)" + json_quoted(run) + ',') + R"("message":)" + json_quoted(text);
  else
    line = (run.empty() ? "" : "run=" + run + ' ') + text;
  logger()->log(to_spdlog(level), spdlog::string_view_t(line));
}

void hide_in_log(const std::vector<std::string>& values) { hidden().add(values); }

LogMask::LogMask(const SecretMask& secrets) : values_(secrets.values()) { hidden().add(values_); }

LogMask::~LogMask() {
  if (!values_.empty()) hidden().end(std::move(values_));
}

}  // namespace dind

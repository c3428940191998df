#include "services/runs/run_logger.hpp"

#include <cstdio>

#include "support/log/log.hpp"
#include "support/text/shortened.hpp"
#include "support/units.hpp"

namespace dind {
namespace {

constexpr std::size_t kMaxNameLength = 100;

// The arguments of a command are left out, because they may contain anything.
std::string what(const RunSpec& spec) {
  if (const auto* source = std::get_if<SourceProgram>(&spec.program))
    return source->file_name.empty() ? "code in " + source->language.value_or("a language that its text tells")
                                     : shortened(source->file_name, kMaxNameLength);
  if (std::holds_alternative<BuildProgram>(spec.program)) return "a Dockerfile";
  const auto* argv = std::get_if<std::vector<std::string>>(&std::get<CommandProgram>(spec.program).command);
  if (argv == nullptr) return "a shell command";
  if (argv->empty()) return "an image's own command";
  return "the command " + shortened(argv->front(), kMaxNameLength);
}

std::string outcome(const RunResult& result) {
  std::string text(to_string(result.verdict));
  if (result.exit_code) text += ", exit code " + std::to_string(*result.exit_code);
  if (result.signal) text += ", signal " + std::to_string(*result.signal);
  if (result.cancel_reason) text += ", " + std::string(to_string(*result.cancel_reason));
  if (result.stage != Stage::program) text += ", in the stage " + std::string(to_string(result.stage));
  text += ", " + format_duration(result.duration);
  if (result.peak_memory_bytes) text += ", peak " + format_bytes(*result.peak_memory_bytes);
  text += ", " + format_bytes(static_cast<std::int64_t>(result.stdout_bytes + result.stderr_bytes)) + " written";
  for (const auto& note : result.notes) text += "; " + note;
  return text;
}

// An operator must see that the engine fails (error), and that runs are refused (warning).
LogLevel level_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::engine_error:
    case ErrorCode::engine_unavailable:
    case ErrorCode::internal:
      return LogLevel::error;
    case ErrorCode::busy:
    case ErrorCode::image_unavailable:
      return LogLevel::warning;
    default:
      return LogLevel::info;
  }
}

}  // namespace

std::string limits_text(const Limits& limits, Network network) {
  char cpus[32];
  std::snprintf(cpus, sizeof cpus, "%g", limits.cpus);
  return format_duration(limits.timeout) + " · " + format_bytes(limits.memory_bytes) + " · " + cpus + " CPU · " +
         std::to_string(limits.pids) + " processes · network " + to_string(network);
}

std::string accepted_text(const std::vector<std::string>& images, const Limits& limits, Network network) {
  std::string text;
  for (const auto& image : images) text += (text.empty() ? "image " : " or ") + image;
  return "accepted: " + (text.empty() ? "an image to be built" : text) + ", " + limits_text(limits, network);
}

RunLogger::RunLogger(const RunSpec& spec)
    : id_(spec.run_id.value_or("")), frontend_(spec.caller.frontend), client_(spec.caller.client) {
  log(LogLevel::info, "asked: " + what(spec) + ", by " + frontend_ + (client_.empty() ? "" : ", client " + client_),
      id_);
}

void RunLogger::on_state(const StateChange& change) {
  if (const auto* queued = std::get_if<Queued>(&change)) {
    log(waits_ ? LogLevel::debug : LogLevel::info, "queued: " + std::to_string(queued->position) + " before it", id_);
    waits_ = true;
  } else if (const auto* preparing = std::get_if<Preparing>(&change)) {
    if (stage_ != preparing->stage)
      log(preparing->stage == Stage::container ? LogLevel::debug : LogLevel::info,
          "preparing: " + std::string(to_string(preparing->stage)) + ": " + preparing->message, id_);
    stage_ = preparing->stage;
  } else if (const auto* started = std::get_if<Started>(&change)) {
    log(LogLevel::info,
        "started: image " + started->image + ", " + limits_text(started->limits, started->network) + " · " +
            started->isolation,
        id_);
  }
}

void RunLogger::on_end(const Result<RunResult>& result) {
  if (result) return log(LogLevel::info, "ended: " + outcome(*result), id_);
  const Error& error = result.error();
  // The person who asked also reads this log, and gets the error anyway (I30). A server with a socket has an operator.
  const bool own_process = frontend_ == "jsonrpc" && !client_.starts_with("socket:");
  const bool told = frontend_ == "cli" || frontend_ == "library" || own_process;
  log(told ? LogLevel::info : level_of(error.code),
      "not run: " + std::string(to_string(error.code)) + ": " + error.message, id_);
}

void RunLogger::on_exception(std::string_view what) {
  log(LogLevel::error, "ended with an exception, which is a bug in dind-executor: " + std::string(what), id_);
}

}  // namespace dind

#include "faces/cli/summary.hpp"

#include <csignal>
#include <cstring>

#include "dind/exit_code.hpp"
#include "faces/cli/arguments.hpp"
#include "support/units.hpp"

namespace dind::faces::cli {
namespace {

std::string signal_text(int signal) {
  const char* abbreviation = sigabbrev_np(signal);
  return abbreviation != nullptr ? "SIG" + std::string(abbreviation) : "signal " + std::to_string(signal);
}

std::string_view words(Verdict verdict) {
  switch (verdict) {
    case Verdict::out_of_memory:
      return "out of memory";
    case Verdict::process_limit:
      return "too many processes";
    case Verdict::output_limit:
      return "too much output";
    case Verdict::disk_limit:
      return "disk full";
    default:
      return name(verdict);
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return out;
}

std::string summary_line(const RunResult& result) {
  std::string line(words(result.verdict));
  const auto add = [&](const std::string& part) { line += " · " + part; };
  if (result.exit_code && *result.exit_code != 0) add("exit " + std::to_string(*result.exit_code));
  if (result.signal && result.verdict == Verdict::signalled) add(signal_text(*result.signal));
  if (result.stage == Stage::program) add(format_duration(result.duration));
  if (result.peak_memory_bytes) add("peak " + format_bytes(*result.peak_memory_bytes));
  if (!result.image.empty()) add(printable(result.image));
  if (!result.builder.empty()) add("built by " + result.builder);
  if (result.oom_seen && result.verdict != Verdict::out_of_memory) add("a process of it was killed for memory");
  if (result.dropped_bytes > 0) {
    add(format_bytes(static_cast<std::int64_t>(result.dropped_bytes)) + " of output dropped");
  }
  if (result.degraded) add("ran without the supervisor");
  for (const auto& note : result.notes) add(printable(note));
  return line;
}

int exit_code(const RunResult& result, std::optional<int> stopped_by) {
  if (result.verdict == Verdict::cancelled) return stopped_by ? 128 + *stopped_by : kReaderGoneExit;
  return returncode(result);
}

}  // namespace dind::faces::cli

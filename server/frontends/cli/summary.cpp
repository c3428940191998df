#include "frontends/cli/summary.hpp"

#include "dind/exit_code.hpp"
#include "frontends/cli/arguments.hpp"
#include "support/units.hpp"

namespace dind::frontends::cli {
namespace {

// Who stopped the run, if it was not the person at this terminal.
std::string_view words(std::optional<CancelReason> reason) {
  switch (reason.value_or(CancelReason::client_gone)) {
    case CancelReason::user:
      return "stopped on request";
    case CancelReason::shutdown:
      return "the server that ran it was stopped; run it again";
    case CancelReason::deadline:
      return "its total timeout passed";
    case CancelReason::client_gone:
      return "its output was no longer read";
  }
  return "";
}

}  // namespace

std::string summary_line(const RunResult& result, const LimitsInForce& limits) {
  std::string line(verdict_words(result.verdict));
  const auto add = [&](const std::string& part) { line += " · " + part; };
  if (result.exit_code && *result.exit_code != 0) add("exit " + std::to_string(*result.exit_code));
  if (result.verdict == Verdict::cancelled && result.cancel_reason) add(std::string(words(result.cancel_reason)));
  if (result.signal && result.verdict == Verdict::signalled) add(signal_name(*result.signal));
  if (const auto limit = limit_words(result, limits); !limit.empty()) add(limit);
  if (result.stage == Stage::program) add(format_duration(result.duration));
  if (result.peak_memory_bytes) add("peak " + format_bytes(*result.peak_memory_bytes));
  if (!result.image.empty()) add(printable(result.image));
  if (!result.builder.empty()) add("built by " + result.builder);
  for (const auto& remark : remarks(result)) add(remark);
  return line;
}

int exit_code(const RunResult& result, std::optional<int> stopped_by) {
  if (result.verdict != Verdict::cancelled) return returncode(result);
  if (stopped_by) return 128 + *stopped_by;
  switch (result.cancel_reason.value_or(CancelReason::client_gone)) {
    case CancelReason::client_gone:
      return kReaderGoneExit;
    case CancelReason::user:
      return kStoppedExit;
    default:
      return kNotRunExit;
  }
}

}  // namespace dind::frontends::cli

#include "frontends/shared/ending.hpp"

#include <cstring>

#include "support/units.hpp"

namespace dind::frontends {
namespace {

std::string bytes_text(std::uint64_t bytes) { return format_bytes(static_cast<std::int64_t>(bytes)); }

// The total timeout can end a program before the program's own timeout. Then a note has the value.
bool reached_its_timeout(const RunResult& result, const Limits& limits) {
  return result.stage == Stage::program && 10 * result.duration >= 9 * limits.timeout;
}

void add_part(std::string& line, const std::string& part) { line += (line.empty() ? "" : "; ") + part; }

// The beginning of the line: how the program ended.
std::string end_words(const RunResult& result, const LimitsInForce& in_force) {
  const std::string limit = limit_words(result, in_force);
  const std::string where =
      result.stage == Stage::program ? std::string() : " in the stage " + std::string(to_string(result.stage));
  switch (result.verdict) {
    case Verdict::ok:
      return {};
    case Verdict::failed:
      return (result.exit_code ? "exit " + std::to_string(*result.exit_code) : std::string("failed")) + where;
    case Verdict::signalled:
      return "killed by " + (result.signal ? signal_name(*result.signal) : std::string("a signal")) + where;
    case Verdict::cancelled: {
      std::string text = "cancelled";
      if (result.cancel_reason == CancelReason::user) text += " by the user";
      if (result.cancel_reason == CancelReason::client_gone) text += ": the client went away";
      if (result.cancel_reason == CancelReason::shutdown) text += ": the server was stopped";
      return text + where;
    }
    default:
      return std::string(verdict_words(result.verdict)) + where + (limit.empty() ? "" : ": " + limit);
  }
}

}  // namespace

std::string_view verdict_words(Verdict verdict) {
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
      return to_string(verdict);
  }
}

std::string signal_name(int signal) {
  const char* abbreviation = sigabbrev_np(signal);
  return abbreviation != nullptr ? "SIG" + std::string(abbreviation) : "signal " + std::to_string(signal);
}

std::string limit_words(const RunResult& result, const LimitsInForce& in_force) {
  if (!in_force) return {};
  const Limits& limits = *in_force;
  switch (result.verdict) {
    case Verdict::timeout:
      return reached_its_timeout(result, limits) ? "the limit is " + format_duration(limits.timeout) : "";
    case Verdict::out_of_memory:
      return "the limit is " + format_bytes(limits.memory_bytes);
    case Verdict::process_limit:
      return "the limit is " + std::to_string(limits.pids);
    case Verdict::output_limit:
      return "the limit is " + format_bytes(limits.output_bytes);
    case Verdict::disk_limit:
      return "the limits are " + format_bytes(limits.tmp_bytes) + " for each folder in memory and " +
             format_bytes(limits.file_bytes) + " for one file";
    default:
      return {};
  }
}

std::vector<std::string> remarks(const RunResult& result) {
  std::vector<std::string> all;
  if (result.oom_seen && result.verdict != Verdict::out_of_memory)
    all.emplace_back("one of its processes was killed for lack of memory");
  if (result.dropped_bytes > 0) all.push_back(bytes_text(result.dropped_bytes) + " of output dropped");
  return all;
}

std::string ending_words(const RunResult& result, const LimitsInForce& limits, std::uint64_t left_out) {
  std::string line = end_words(result, limits);
  if (left_out > 0) add_part(line, bytes_text(left_out) + " of output was left out");
  for (const auto& remark : remarks(result)) add_part(line, remark);
  return line;
}

std::string ending_line(const RunResult& result, const LimitsInForce& limits, std::uint64_t left_out) {
  std::string line = ending_words(result, limits, left_out);
  for (const auto& note : result.notes) add_part(line, printable(note));
  return line;
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return out;
}

}  // namespace dind::frontends

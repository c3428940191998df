#include "sandbox/run/silent_end.hpp"

#include <csignal>

#include "engine/text.hpp"
#include "sandbox/advice.hpp"
#include "sandbox/supervision/frames.hpp"

namespace dind::sandbox {
namespace {

constexpr int kGoRuntimeGaveUp = 2;  // gVisor's exit code if it can't create another thread

}  // namespace

// A program can't choose the exit code of process 1.
bool lease_is_over(const engine::ContainerEnd& end) {
  return end.died && !end.killed_from_outside && !end.out_of_memory && end.exit_code == supervision::kLeaseOverExit;
}

std::optional<SilentVerdict> judge_silent_end(const SilentEnd& seen) {
  const auto& end = seen.end;
  const bool by_itself = end.died && !end.killed_from_outside;
  // If memory is used up, gVisor ends with everything in it. The engine then sometimes misses the reason.
  const bool gvisor_full = seen.gvisor && seen.memory_low && end.exit_code == 128 + SIGKILL && !end.killed_from_outside;
  if (end.out_of_memory || gvisor_full) return SilentVerdict{Verdict::out_of_memory, {}};
  if (!seen.started || lease_is_over(end)) return std::nullopt;
  if (seen.gvisor) {
    if (seen.stream_ended ? !by_itself : !seen.stream_broke) return std::nullopt;
    if (end.died && end.exit_code == kGoRuntimeGaveUp)
      return SilentVerdict{Verdict::process_limit,
                           "gVisor stopped: the program's processes used all threads that gVisor may have"};
    return SilentVerdict{Verdict::signalled,
                         "the sandbox ended without an exit report: under gVisor a program can end it, by killing "
                         "process 1 or writing to its files"};
  }
  if (!seen.stream_ended || !by_itself) return std::nullopt;
  return SilentVerdict{Verdict::signalled,
                       "the sandbox ended without an exit report (exit code " + std::to_string(end.exit_code) +
                           " of process 1), and dind-executor did not end it; CPU time and memory are not known"};
}

Error lost_sandbox(Loss loss, const std::string& engine_address, LostWhile doing) {
  const std::string when = doing == LostWhile::running      ? "while the program ran"
                           : doing == LostWhile::installing ? "while its packages were installed"
                                                            : "before the program began";
  const std::string kept = doing == LostWhile::running ? ". Its output so far was kept" : "";
  switch (loss) {
    case Loss::connection:
      return {ErrorCode::engine_unavailable,
              "The connection to the engine at " + engine_address + " broke " + when + kept + ". Run it again"};
    case Loss::engine:
      return {ErrorCode::engine_unavailable, "The engine at " + engine_address + " stopped answering " + when + kept +
                                                 ". Run it again when the engine is back"};
    case Loss::removed:
      break;
  }
  return {ErrorCode::engine_error, "The sandbox was removed " + when +
                                       ", by another program or by a restart of the engine at " + engine_address +
                                       ". Run it again"};
}

std::string early_end(const engine::ContainerEnd& end, std::string_view last_words) {
  while (!last_words.empty() && (last_words.back() == '\n' || last_words.back() == ' ')) last_words.remove_suffix(1);
  std::string why = end.died ? "exit code " + std::to_string(end.exit_code) : std::string();
  if (!last_words.empty()) why += (why.empty() ? "" : ": ") + engine::one_line(last_words);
  return "The sandbox ended before it was ready" + (why.empty() ? why : " (" + why + ")") + std::string(kAskDoctor);
}

}  // namespace dind::sandbox

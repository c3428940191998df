#include "sandbox/verdict.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

namespace dind::sandbox {
namespace {

// What a shell says of a child that was killed, and of one that wrote a file past its limit.
constexpr int kKilledExit = 128 + SIGKILL;
constexpr int kFileTooLargeExit = 128 + SIGXFSZ;

Verdict verdict_of(const wire::ExitReport& report, Stop stop, const RunResult& result) {
  // A limit of ours comes first: it is why the program got its signal.
  if (stop == Stop::cancelled) return Verdict::cancelled;
  if (stop == Stop::timeout || report.cause == wire::Cause::deadline) return Verdict::timeout;
  if (stop == Stop::output_limit || report.cause == wire::Cause::output_cap) return Verdict::output_limit;
  if (report.cause == wire::Cause::disk_cap) return Verdict::disk_limit;
  if (report.cause == wire::Cause::most_tasks) return Verdict::process_limit;
  if (result.exit_code == 0) return Verdict::ok;  // even where a child was killed for memory: oom_seen says so
  if (report.oom_kills > 0 && (result.signal == SIGKILL || result.exit_code == kKilledExit))
    return Verdict::out_of_memory;
  if (report.pids_limit_hits > 0) return Verdict::process_limit;
  if (report.disk_full != 0 || result.signal == SIGXFSZ || result.exit_code == kFileTooLargeExit)
    return Verdict::disk_limit;
  return result.signal ? Verdict::signalled : Verdict::failed;
}

}  // namespace

void judge(const wire::ExitReport& report, Stop stop, RunResult& result) {
  const int code = static_cast<int>(report.code);
  result.exit_code = report.how == wire::How::signalled ? std::nullopt : std::optional(code);
  result.signal = report.how == wire::How::signalled ? std::optional(code) : std::nullopt;
  result.duration =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(report.duration_us));
  result.cpu = std::chrono::microseconds(report.cpu_us);
  if (report.peak_memory_bytes > 0) result.peak_memory_bytes = static_cast<std::int64_t>(report.peak_memory_bytes);
  result.oom_seen = report.oom_kills > 0;
  result.stdout_bytes = report.stdout_bytes;
  result.stderr_bytes = report.stderr_bytes;
  result.dropped_bytes += report.dropped_bytes;
  result.verdict = verdict_of(report, stop, result);
  // A program may go on past a limit, and its verdict say nothing of it.
  if (report.pids_limit_hits > 0 && result.verdict != Verdict::process_limit)
    result.notes.emplace_back("it met its limit on processes");
  if (report.disk_full != 0 && result.verdict != Verdict::disk_limit)
    result.notes.emplace_back("a file system of its sandbox was full at its end");
}

Error not_executable(const RunPlan& plan, const std::string& image, int error_number) {
  const std::string& program = plan.argv.front();
  if ((error_number & static_cast<int>(wire::kNoFolder)) != 0) {
    error_number &= ~static_cast<int>(wire::kNoFolder);
    if (error_number == EACCES)
      return {ErrorCode::invalid_request, "The working directory " + plan.working_dir +
                                              " can't be entered (permission denied): the sandbox's user is not root"};
    return {ErrorCode::not_found, "There is no working directory " + plan.working_dir +
                                      " in the sandbox. Check its path" +
                                      (plan.workspace ? "; the workspace is at " + std::string(kWorkspaceMount)
                                                      : "; the workspace is not mounted in this run")};
  }
  if (error_number == ENOENT || error_number == ENOTDIR)
    return {ErrorCode::not_found, "There is no program \"" + program + "\" in the image " + image +
                                      ". Check its name, or choose an image that has it"};
  if (error_number == EACCES)
    return {ErrorCode::invalid_request, "\"" + program + "\" in the image " + image +
                                            " can't be executed (permission denied): the sandbox's user is not root"};
  return {ErrorCode::invalid_request,
          "\"" + program + "\" in the image " + image + " can't be executed: " + std::strerror(error_number)};
}

}  // namespace dind::sandbox

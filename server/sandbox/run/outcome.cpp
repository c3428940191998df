#include "sandbox/run/outcome.hpp"

#include <csignal>
#include <utility>

#include "sandbox/run/exec_error.hpp"
#include "sandbox/run/missing_network.hpp"
#include "sandbox/run/run_notes.hpp"

namespace dind::sandbox {
namespace {

// A shell's exit codes for a child that was killed, and for a child that exceeded the max file size.
constexpr int kKilledExit = 128 + SIGKILL;
constexpr int kFileTooLargeExit = 128 + SIGXFSZ;

Verdict verdict_of(const supervision::ExitReport& report, Stop stop, const RunResult& result) {
  // What the server or the supervisor ended comes first: it is why the program got its signal.
  if (stop == Stop::cancelled) return Verdict::cancelled;
  if (stop == Stop::timeout || report.cause == supervision::Cause::deadline) return Verdict::timeout;
  if (stop == Stop::output_limit || report.cause == supervision::Cause::output_cap) return Verdict::output_limit;
  if (report.cause == supervision::Cause::disk_cap) return Verdict::disk_limit;
  if (report.cause == supervision::Cause::max_tasks) return Verdict::process_limit;
  if (result.exit_code == 0) return Verdict::ok;  // even if a child was killed for memory: oom_seen says so
  if (report.oom_kills > 0 && (result.signal == SIGKILL || result.exit_code == kKilledExit))
    return Verdict::out_of_memory;
  if (report.pids_limit_hits > 0) return Verdict::process_limit;
  if (report.disk_full != 0 || result.signal == SIGXFSZ || result.exit_code == kFileTooLargeExit)
    return Verdict::disk_limit;
  return result.signal ? Verdict::signalled : Verdict::failed;
}

RunResult with_notes(RunResult result, std::initializer_list<std::string> notes) {
  for (const auto& note : notes)
    if (!note.empty()) result.notes.push_back(note);
  return result;
}

LostWhile activity(const RunFacts& run) {
  if (!run.state.started) return LostWhile::starting;
  return run.plan.installs ? LostWhile::installing : LostWhile::running;
}

}  // namespace

void apply_report(const supervision::ExitReport& report, Stop stop, RunResult& result) {
  const int code = static_cast<int>(report.code);
  result.exit_code = report.how == supervision::How::signalled ? std::nullopt : std::optional(code);
  result.signal = report.how == supervision::How::signalled ? std::optional(code) : std::nullopt;
  result.duration =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(report.duration_us));
  result.cpu = std::chrono::microseconds(report.cpu_us);
  if (report.peak_memory_bytes > 0) result.peak_memory_bytes = static_cast<std::int64_t>(report.peak_memory_bytes);
  result.oom_seen = report.oom_kills > 0;
  result.stdout_bytes = report.stdout_bytes;
  result.stderr_bytes = report.stderr_bytes;
  result.dropped_bytes += report.dropped_bytes;
  result.verdict = verdict_of(report, stop, result);
  // A program may continue after it met a limit. Then its verdict does not tell of the limit.
  if (report.pids_limit_hits > 0 && result.verdict != Verdict::process_limit)
    result.notes.emplace_back("it reached its limit of processes");
}

RunResult empty_result(const RunFacts& run) {
  RunResult result;
  result.run_id = run.plan.run_id;
  result.image = run.image_name;
  result.image_id = run.image_id;
  if (!run.isolation.empty()) result.isolation = run.isolation;
  result.notes = run.notes;
  return result;
}

RunResult killed_result(const RunFacts& run, Verdict verdict) {
  RunResult result = empty_result(run);
  result.verdict = verdict;
  result.signal = SIGKILL;
  result.oom_seen = verdict == Verdict::out_of_memory;
  result.dropped_bytes = run.state.dropped_bytes;
  if (run.state.started)
    result.duration = std::chrono::duration_cast<std::chrono::milliseconds>(run.now - *run.state.started);
  result.stdout_bytes = run.state.out_bytes;
  result.stderr_bytes = run.state.err_bytes;
  return result;
}

Result<RunResult> outcome(const RunFacts& run, Stop stop) {
  const auto& report = run.state.report;
  // The program had ended by itself before the kill arrived.
  if (report && report->cause == supervision::Cause::none) stop = Stop::none;
  RunResult result;
  if (report && report->how == supervision::How::exec_failed) {
    if (stop == Stop::cancelled) return fail(ErrorCode::cancelled, "The run was cancelled");
    return std::unexpected(not_executable(run.plan, run.image_name, static_cast<int>(report->code), run.state.detail));
  }
  if (report) {
    result = empty_result(run);
    result.dropped_bytes = run.state.dropped_bytes;
    apply_report(*report, stop, result);
    result = with_notes(std::move(result),
                        {full_disk_note(*report, run.plan.limits, result.verdict, run.plan.terms, run.state.detail),
                         left_files_note(run.state.left, run.plan.terms)});
  } else {
    result = killed_result(run, stop == Stop::cancelled      ? Verdict::cancelled
                                : stop == Stop::output_limit ? Verdict::output_limit
                                                             : Verdict::timeout);
    result.notes.emplace_back("the sandbox sent no exit report; CPU time and memory are not known");
  }
  if (stop == Stop::cancelled) result.cancel_reason = run.cancel_reason;
  if (result.verdict == Verdict::failed || result.verdict == Verdict::timeout)
    result = with_notes(std::move(result), {missing_network_note(run.plan), hidden_content_note(run.plan)});
  return result;
}

bool connection_broke(const SupervisorState& state) {
  return state.error && state.error->code == ErrorCode::engine_unavailable;
}

bool ended_before_ready(const SupervisorState& state) {
  return !state.ready && (!state.error || connection_broke(state));
}

Error early_end_error(const RunFacts& run, const Result<engine::ContainerEnd>& end) {
  if (!end && end.error().code == ErrorCode::engine_unavailable) return end.error();
  if (connection_broke(run.state) || (end && lease_is_over(*end)))
    return lost_sandbox(Loss::connection, run.engine_address, activity(run));
  return {ErrorCode::engine_error, early_end(end.value_or(engine::ContainerEnd{}), run.state.stray_output)};
}

Result<RunResult> outcome_without_report(const RunFacts& run, const Result<engine::ContainerState>& container,
                                         const engine::ContainerEnd& end) {
  const bool reset = connection_broke(run.state);
  const auto lost = [&](Loss loss) { return std::unexpected(lost_sandbox(loss, run.engine_address, activity(run))); };
  if (const auto verdict = judge_silent_end({.gvisor = run.gvisor(),
                                             .started = run.state.started.has_value(),
                                             .stream_ended = run.state.ended,
                                             .stream_broke = run.state.error.has_value() && !reset,
                                             .memory_low = run.state.memory_low,
                                             .end = end})) {
    return with_notes(killed_result(run, verdict->verdict), {verdict->note});
  }
  if (run.state.error && !reset) return std::unexpected(*run.state.error);
  if (!container && container.error().code == ErrorCode::engine_unavailable) return lost(Loss::engine);
  if (lease_is_over(end) || (container && container->running && !end.died)) return lost(Loss::connection);
  return lost(Loss::removed);
}

}  // namespace dind::sandbox

#include "sandbox/run/outcome.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <csignal>

namespace outcome_test {

using namespace dind;
using namespace dind::sandbox;
using supervision::Cause;
using supervision::How;

namespace {

struct Case {
  const char* what;
  supervision::ExitReport report;
  Stop stop;
  Verdict verdict;
};

supervision::ExitReport exited(std::uint32_t code) { return {.how = How::exited, .code = code}; }
supervision::ExitReport killed(std::uint32_t signal) { return {.how = How::signalled, .code = signal}; }
supervision::ExitReport with(supervision::ExitReport report, Cause cause) {
  report.cause = cause;
  return report;
}
supervision::ExitReport oom(supervision::ExitReport report) {
  report.oom_kills = 1;
  return report;
}
supervision::ExitReport pids(supervision::ExitReport report) {
  report.pids_limit_hits = 3;
  return report;
}
supervision::ExitReport full(supervision::ExitReport report) {
  report.disk_full = 1;
  return report;
}

}  // namespace

TEST_CASE("Each exit report has one verdict, with and without a stop by the server") {
  const Case cases[] = {
      {"exit 0", exited(0), Stop::none, Verdict::ok},
      {"exit 1", exited(1), Stop::none, Verdict::failed},
      {"exit 255", exited(255), Stop::none, Verdict::failed},
      {"SIGSEGV", killed(SIGSEGV), Stop::none, Verdict::signalled},
      {"SIGKILL by the program itself", killed(SIGKILL), Stop::none, Verdict::signalled},

      {"killed for memory", oom(killed(SIGKILL)), Stop::none, Verdict::out_of_memory},
      {"the shell reports a child that was killed for memory", oom(exited(137)), Stop::none, Verdict::out_of_memory},
      {"a child was killed for memory, and the program succeeds", oom(exited(0)), Stop::none, Verdict::ok},
      {"a child was killed for memory, and the program fails", oom(exited(1)), Stop::none, Verdict::failed},
      {"a child was killed for memory, and the program crashes", oom(killed(SIGSEGV)), Stop::none, Verdict::signalled},
      {"137 without any memory kill", exited(137), Stop::none, Verdict::failed},

      {"no more processes", pids(exited(1)), Stop::none, Verdict::process_limit},
      {"no more processes, and the program succeeds", pids(exited(0)), Stop::none, Verdict::ok},
      {"memory comes before processes", oom(pids(killed(SIGKILL))), Stop::none, Verdict::out_of_memory},
      {"the shell reports a child whose file was too large", exited(153), Stop::none, Verdict::disk_limit},
      {"disk full", full(exited(1)), Stop::none, Verdict::disk_limit},
      {"disk full, and the program succeeds", full(exited(0)), Stop::none, Verdict::ok},
      {"a file too large", killed(SIGXFSZ), Stop::none, Verdict::disk_limit},
      {"processes come before the disk", pids(full(exited(1))), Stop::none, Verdict::process_limit},

      {"the server's timer", with(killed(SIGKILL), Cause::asked), Stop::timeout, Verdict::timeout},
      {"the supervisor's timer", with(killed(SIGKILL), Cause::deadline), Stop::none, Verdict::timeout},
      {"a timeout of a program that had filled the disk", full(with(killed(SIGKILL), Cause::deadline)), Stop::none,
       Verdict::timeout},
      {"a timeout comes before memory", oom(with(killed(SIGKILL), Cause::asked)), Stop::timeout, Verdict::timeout},
      {"the supervisor's output cap", with(killed(SIGKILL), Cause::output_cap), Stop::none, Verdict::output_limit},
      {"the server's output cap", with(killed(SIGKILL), Cause::asked), Stop::output_limit, Verdict::output_limit},
      {"more tasks than the supervisor allows", with(killed(SIGKILL), Cause::max_tasks), Stop::none,
       Verdict::process_limit},
      {"cancelled", with(killed(SIGKILL), Cause::asked), Stop::cancelled, Verdict::cancelled},
      {"cancelled comes before the timer", with(killed(SIGKILL), Cause::deadline), Stop::cancelled, Verdict::cancelled},
  };
  for (const auto& [what, report, stop, verdict] : cases) {
    INFO(what);
    RunResult result;
    apply_report(report, stop, result);
    CHECK(to_string(result.verdict) == to_string(verdict));
  }
}

TEST_CASE("A limit that a successful program reached is reported in a note") {
  const auto notes = [](const supervision::ExitReport& report) {
    RunResult result;
    apply_report(report, Stop::none, result);
    return result.notes;
  };
  CHECK(notes(exited(0)).empty());
  CHECK(notes(pids(exited(1))).empty());  // the verdict says it
  REQUIRE(notes(pids(exited(0))).size() == 1);
  CHECK(notes(pids(exited(0))).front().contains("processes"));
}

TEST_CASE("The numbers of the exit report are converted to the units of the result") {
  supervision::ExitReport report = exited(3);
  report.duration_us = 1'234'999;
  report.cpu_us = 77;
  report.peak_memory_bytes = 5 << 20;
  report.stdout_bytes = 10;
  report.stderr_bytes = 20;
  report.dropped_bytes = 4;
  RunResult result;
  result.dropped_bytes = 6;  // dropped by the server
  apply_report(report, Stop::none, result);
  CHECK(result.exit_code == 3);
  CHECK_FALSE(result.signal);
  CHECK(result.duration == std::chrono::milliseconds(1234));
  CHECK(result.cpu == std::chrono::microseconds(77));
  CHECK(result.peak_memory_bytes == 5 << 20);
  CHECK_FALSE(result.oom_seen);
  CHECK(result.stdout_bytes == 10);
  CHECK(result.stderr_bytes == 20);
  CHECK(result.dropped_bytes == 10);

  RunResult of_signal;
  apply_report(oom(killed(SIGKILL)), Stop::none, of_signal);
  CHECK_FALSE(of_signal.exit_code);
  CHECK(of_signal.signal == SIGKILL);
  CHECK(of_signal.oom_seen);
  CHECK_FALSE(of_signal.peak_memory_bytes);  // 0 is "not known", not "nothing"
}

namespace {

// The facts about a run, which a test case changes.
struct Known {
  RunPlan plan{.run_id = "r1", .argv = {"./x"}};
  SupervisorState state;
  std::string isolation = "runc";

  RunFacts facts() const {
    return {.plan = plan,
            .state = state,
            .image_name = "the-image",
            .image_id = "sha256:1",
            .isolation = isolation,
            .notes = {"a note"},
            .engine_address = "tcp://engine",
            .cancel_reason = CancelReason::user,
            .now = Clock::time_point(std::chrono::seconds(7))};
  }
};

Known running() {
  Known known;
  known.state.ready = true;
  known.state.started = Clock::time_point(std::chrono::seconds(5));
  return known;
}

const engine::ContainerEnd kNotSeen;
engine::ContainerEnd died(std::int64_t code) { return {.died = true, .exit_code = code}; }
Error engine_lost() { return {ErrorCode::engine_unavailable, "reset"}; }

}  // namespace

TEST_CASE("A program that ended by itself keeps its own verdict, also if the server had stopped the run") {
  auto known = running();
  known.state.report = exited(3);
  for (const auto stop : {Stop::none, Stop::timeout, Stop::output_limit, Stop::cancelled}) {
    const auto result = outcome(known.facts(), stop);
    REQUIRE(result);
    CHECK(result->verdict == Verdict::failed);
    CHECK_FALSE(result->cancel_reason);
    CHECK(result->notes.front() == "a note");
  }
}

TEST_CASE("A stopped run without a report has the verdict of its stop, and a note about the missing report") {
  for (const auto& [stop, verdict] : {std::pair(Stop::timeout, Verdict::timeout),
                                      {Stop::output_limit, Verdict::output_limit},
                                      {Stop::cancelled, Verdict::cancelled}}) {
    auto known = running();
    known.state.out_bytes = 5;
    known.state.dropped_bytes = 2;
    const auto result = outcome(known.facts(), stop);
    REQUIRE(result);
    CHECK(result->verdict == verdict);
    CHECK(result->signal == SIGKILL);
    CHECK(result->duration == std::chrono::seconds(2));
    CHECK(result->stdout_bytes == 5);
    CHECK(result->dropped_bytes == 2);
    CHECK(result->cancel_reason.has_value() == (stop == Stop::cancelled));
    CHECK(result->notes[1].contains("no exit report"));
  }
}

TEST_CASE("A program that could not be executed is an error, and a cancelled one is cancelled") {
  auto known = running();
  known.state.report = {.how = How::exec_failed, .code = ENOENT, .cause = Cause::asked};
  CHECK(outcome(known.facts(), Stop::none).error().code == ErrorCode::not_found);
  CHECK(outcome(known.facts(), Stop::timeout).error().code == ErrorCode::not_found);
  CHECK(outcome(known.facts(), Stop::cancelled).error().code == ErrorCode::cancelled);
}

TEST_CASE("The error about a sandbox that ended before it was ready says why it ended") {
  Known known;
  known.state.ended = true;
  known.state.stray_output = "runc: no such user\n";
  CHECK(ended_before_ready(known.state));
  CHECK(early_end_error(known.facts(), died(1)).message.contains("exit code 1: runc: no such user"));
  CHECK(early_end_error(known.facts(), died(supervision::kLeaseOverExit)).code == ErrorCode::engine_unavailable);
  CHECK(early_end_error(known.facts(), std::unexpected(engine_lost())).message == "reset");
  CHECK(early_end_error(known.facts(), fail(ErrorCode::not_found, "gone")).code == ErrorCode::engine_error);
  known.state.error = engine_lost();
  CHECK(ended_before_ready(known.state));
  CHECK(early_end_error(known.facts(), died(1)).code == ErrorCode::engine_unavailable);
  known.state.error = Error{ErrorCode::internal, "not the protocol"};
  CHECK_FALSE(ended_before_ready(known.state));
  known.state = {.ready = true};
  CHECK_FALSE(ended_before_ready(known.state));
}

TEST_CASE("A run whose stream ended without a report has one outcome for each cause") {
  const Result<engine::ContainerState> removed = fail(ErrorCode::not_found, "gone");
  const Result<engine::ContainerState> unreachable = std::unexpected(engine_lost());
  const Result<engine::ContainerState> still_runs = engine::ContainerState{.running = true};
  auto known = running();
  known.state.ended = true;
  const auto check = [&](const auto& container, const engine::ContainerEnd& end) {
    return outcome_without_report(known.facts(), container, end);
  };
  CHECK(check(removed, died(137))->verdict == Verdict::signalled);
  CHECK(check(removed, {.died = true, .out_of_memory = true})->verdict == Verdict::out_of_memory);
  CHECK(check(removed, kNotSeen).error().message.contains("removed while the program ran"));
  CHECK(check(removed, died(supervision::kLeaseOverExit)).error().message.contains("connection"));
  CHECK(check(unreachable, kNotSeen).error().message.contains("stopped answering"));
  CHECK(check(still_runs, kNotSeen).error().message.contains("connection"));
  known.plan.installs = true;
  CHECK(check(removed, kNotSeen).error().message.contains("installed"));
  known.state.error = Error{ErrorCode::internal, "not the protocol"};
  CHECK(check(still_runs, kNotSeen).error().message == "not the protocol");
}

}  // namespace outcome_test

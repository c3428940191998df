#include "sandbox/verdict.hpp"

#include <catch2/catch_test_macros.hpp>
#include <csignal>

using namespace dind;
using namespace dind::sandbox;
using wire::Cause;
using wire::How;

namespace {

struct Case {
  const char* what;
  wire::ExitReport report;
  Stop stop;
  Verdict verdict;
};

wire::ExitReport exited(std::uint32_t code) { return {.how = How::exited, .code = code}; }
wire::ExitReport killed(std::uint32_t signal) { return {.how = How::signalled, .code = signal}; }
wire::ExitReport with(wire::ExitReport report, Cause cause) {
  report.cause = cause;
  return report;
}
wire::ExitReport oom(wire::ExitReport report) {
  report.oom_kills = 1;
  return report;
}
wire::ExitReport pids(wire::ExitReport report) {
  report.pids_limit_hits = 3;
  return report;
}
wire::ExitReport full(wire::ExitReport report) {
  report.disk_full = 1;
  return report;
}

}  // namespace

TEST_CASE("Every way to end has its one verdict") {
  const Case cases[] = {
      {"exit 0", exited(0), Stop::none, Verdict::ok},
      {"exit 1", exited(1), Stop::none, Verdict::failed},
      {"exit 255", exited(255), Stop::none, Verdict::failed},
      {"SIGSEGV", killed(SIGSEGV), Stop::none, Verdict::signalled},
      {"SIGKILL by its own hand", killed(SIGKILL), Stop::none, Verdict::signalled},

      {"killed for memory", oom(killed(SIGKILL)), Stop::none, Verdict::out_of_memory},
      {"its shell says that a child was", oom(exited(137)), Stop::none, Verdict::out_of_memory},
      {"a child was, and it copes", oom(exited(0)), Stop::none, Verdict::ok},
      {"a child was, and it fails in another way", oom(exited(1)), Stop::none, Verdict::failed},
      {"a child was, and it crashes", oom(killed(SIGSEGV)), Stop::none, Verdict::signalled},
      {"137 without any memory kill", exited(137), Stop::none, Verdict::failed},

      {"no more processes", pids(exited(1)), Stop::none, Verdict::process_limit},
      {"no more processes, and it copes", pids(exited(0)), Stop::none, Verdict::ok},
      {"memory comes before processes", oom(pids(killed(SIGKILL))), Stop::none, Verdict::out_of_memory},
      {"its shell says that a child's file was too large", exited(153), Stop::none, Verdict::disk_limit},
      {"disk full", full(exited(1)), Stop::none, Verdict::disk_limit},
      {"disk full, and it copes", full(exited(0)), Stop::none, Verdict::ok},
      {"a file too large", killed(SIGXFSZ), Stop::none, Verdict::disk_limit},
      {"processes come before the disk", pids(full(exited(1))), Stop::none, Verdict::process_limit},

      {"our timer", with(killed(SIGKILL), Cause::asked), Stop::timeout, Verdict::timeout},
      {"the supervisor's timer", with(killed(SIGKILL), Cause::deadline), Stop::none, Verdict::timeout},
      {"a timeout of a program that had filled the disk", full(with(killed(SIGKILL), Cause::deadline)), Stop::none,
       Verdict::timeout},
      {"a timeout comes before memory", oom(with(killed(SIGKILL), Cause::asked)), Stop::timeout, Verdict::timeout},
      {"the supervisor's output cap", with(killed(SIGKILL), Cause::output_cap), Stop::none, Verdict::output_limit},
      {"our output cap", with(killed(SIGKILL), Cause::asked), Stop::output_limit, Verdict::output_limit},
      {"more tasks than the supervisor allows", with(killed(SIGKILL), Cause::most_tasks), Stop::none,
       Verdict::process_limit},
      {"cancelled", with(killed(SIGKILL), Cause::asked), Stop::cancelled, Verdict::cancelled},
      {"cancelled comes before the timer", with(killed(SIGKILL), Cause::deadline), Stop::cancelled, Verdict::cancelled},
  };
  for (const auto& [what, report, stop, verdict] : cases) {
    INFO(what);
    RunResult result;
    judge(report, stop, result);
    CHECK(name(result.verdict) == name(verdict));
  }
}

TEST_CASE("A limit that the program went on past is said, whatever the verdict") {
  const auto notes = [](const wire::ExitReport& report) {
    RunResult result;
    judge(report, Stop::none, result);
    return result.notes;
  };
  CHECK(notes(exited(0)).empty());
  CHECK(notes(pids(exited(1))).empty());  // the verdict says it
  CHECK(notes(full(exited(1))).empty());
  REQUIRE(notes(pids(exited(0))).size() == 1);
  CHECK(notes(pids(exited(0))).front().contains("processes"));
  REQUIRE(notes(full(exited(0))).size() == 1);
  CHECK(notes(full(exited(0))).front().contains("full"));
  CHECK(notes(full(pids(oom(killed(SIGKILL))))).size() == 2);
}

TEST_CASE("The report's figures go into the result in its units") {
  wire::ExitReport report = exited(3);
  report.duration_us = 1'234'999;
  report.cpu_us = 77;
  report.peak_memory_bytes = 5 << 20;
  report.stdout_bytes = 10;
  report.stderr_bytes = 20;
  report.dropped_bytes = 4;
  RunResult result;
  result.dropped_bytes = 6;  // what we dropped ourselves
  judge(report, Stop::none, result);
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
  judge(oom(killed(SIGKILL)), Stop::none, of_signal);
  CHECK_FALSE(of_signal.exit_code);
  CHECK(of_signal.signal == SIGKILL);
  CHECK(of_signal.oom_seen);
  CHECK_FALSE(of_signal.peak_memory_bytes);  // 0 is "not known", not "nothing"
}

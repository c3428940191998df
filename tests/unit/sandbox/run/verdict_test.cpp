#include "sandbox/run/verdict.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <csignal>

namespace verdict_test {

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
      {"more tasks than the supervisor allows", with(killed(SIGKILL), Cause::max_tasks), Stop::none,
       Verdict::process_limit},
      {"cancelled", with(killed(SIGKILL), Cause::asked), Stop::cancelled, Verdict::cancelled},
      {"cancelled comes before the timer", with(killed(SIGKILL), Cause::deadline), Stop::cancelled, Verdict::cancelled},
  };
  for (const auto& [what, report, stop, verdict] : cases) {
    INFO(what);
    RunResult result;
    judge(report, stop, result);
    CHECK(to_string(result.verdict) == to_string(verdict));
  }
}

TEST_CASE("A limit that the program went on past is said, whatever the verdict") {
  const auto notes = [](const supervision::ExitReport& report) {
    RunResult result;
    judge(report, Stop::none, result);
    return result.notes;
  };
  CHECK(notes(exited(0)).empty());
  CHECK(notes(pids(exited(1))).empty());  // the verdict says it
  REQUIRE(notes(pids(exited(0))).size() == 1);
  CHECK(notes(pids(exited(0))).front().contains("processes"));
}

TEST_CASE("The report's figures go into the result in its units") {
  supervision::ExitReport report = exited(3);
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

TEST_CASE("P24: a full disk is named with its size") {
  supervision::ExitReport report = exited(1);
  CHECK(full_disk_note(report, Limits{}, Verdict::failed).empty());
  report.disk_full = supervision::kShmFull;
  CHECK(full_disk_note(report, Limits{}, Verdict::disk_limit).starts_with("/dev/shm was full at its end (64 MiB"));
  report.disk_full = supervision::kTmpFull | supervision::kRunFolderFull;
  CHECK(full_disk_note(report, Limits{}, Verdict::ok).starts_with("/tmp, /sandbox were full"));
  report.disk_full = supervision::kVolumeFull;
  const auto of_volume = full_disk_note(report, Limits{}, Verdict::disk_limit, "/data\n, x");
  CHECK(of_volume.starts_with("/data\\x0a, x (a VOLUME of the image) was full at its end (64 MiB"));
  CHECK(of_volume.contains("operator"));
  report.disk_full = 0;
  CHECK(full_disk_note(report, Limits{}, Verdict::disk_limit).contains("256 MiB"));
}

TEST_CASE("P03: files that went with the sandbox are named, within bounds and in one line") {
  CHECK(left_files_note({}, Terms::fields).empty());
  CHECK(left_files_note({.count = 1, .names = {"result.txt"}}, Terms::fields)
            .starts_with("1 file that the program wrote was discarded: result.txt"));
  const auto many = left_files_note({.count = 30, .names = {"b", "a\nb", "\x1b[2J"}}, Terms::fields);
  CHECK(many.starts_with("30 files that the program wrote were discarded: "));
  CHECK(many.contains(", …"));
  // I19
  CHECK(many.ends_with("keeps files: \"workspace\": \"readWrite\")"));
  CHECK(left_files_note({.count = 1, .names = {"a"}}, Terms::flags).ends_with("keeps files: --workspace DIR)"));
  CHECK(
      left_files_note({.count = 1, .names = {"a"}}, Terms::settings).ends_with("keeps files: Run Workspace in DinD)"));
  CHECK_FALSE(many.contains('\n'));
  CHECK_FALSE(many.contains('\x1b'));
}

TEST_CASE("P20: why a program could not be executed is said with its cause and the remedy") {
  RunPlan plan;
  plan.argv = {"./x"};
  struct Case {
    int error;
    std::uint32_t cause;
    const char* detail;
    std::vector<std::string> said;
  };
  const Case cases[] = {
      {ENOENT, 0, "", {"There is no program \"./x\"", "the-image"}},
      {ENOENT, supervision::kNoInterpreter, "/usr/bin/python9", {"interpreter", "/usr/bin/python9"}},
      {EACCES, supervision::kInterpreterRefused, "/opt/sh", {"/opt/sh"}},
      {ENOENT, supervision::kCarriageReturn, "/bin/bash", {"CRLF", "/bin/bash", "sed"}},
      {ENOENT, supervision::kNoLoader, "/lib64/ld.so", {"loader /lib64/ld.so"}},
      {ENOEXEC,
       supervision::kOtherMachine,
       "aarch64; the engine's machine is x86_64",
       {"is a program for aarch64; the engine's machine is x86_64: build it for that"}},
      {ENOENT,
       supervision::kBits32,
       "i386 (32 bits); the engine's machine is x86_64",
       {"for i386 (32 bits)", "sandboxes run no programs of 32 bits: build it for that, with 64 bits"}},
      {ENOEXEC,
       supervision::kOtherSystem,
       "Windows",
       {"is a program for Windows, and sandboxes run Linux: build it for Linux"}},
      {ENOEXEC, supervision::kDamaged, "", {"not a whole program"}},
      {ENOEXEC, supervision::kNoShell, "", {"/bin/sh", "#! line"}},
      {ENOEXEC, 0, "", {"Exec format error"}},
      {EACCES, supervision::kIsFolder, "", {"is a folder"}},
      {EACCES, supervision::kNoExecuteBit, "0644, user 1", {"chmod +x", "0644"}},
      {EACCES, supervision::kNotForUser, "0700, user 1000", {"0700, user 1000", "a+rx"}},
      {EACCES, supervision::kNoExecMount, "", {"file system"}},
      {EACCES, 0, "", {"permission denied"}}};
  for (const auto& c : cases) {
    const auto error = not_executable(plan, "the-image", c.error | static_cast<int>(c.cause), c.detail);
    INFO(error.message);
    for (const auto& part : c.said) CHECK(error.message.contains(part));
    if (c.cause == supervision::kBits32 || c.cause == supervision::kOtherSystem)
      CHECK_FALSE(error.message.contains("image that"));
    CHECK_FALSE(error.message.contains('\n'));
  }
  plan.argv = {"/bin/sh", "-c", "echo hi"};
  CHECK(not_executable(plan, "the-image", ENOENT).message.contains("has no shell"));
  plan.argv = {"pytest", "-q"};
  CHECK(not_executable(plan, "the-image", ENOENT).message.contains("python3 -m pytest"));
}

TEST_CASE("B10: a folder in memory that hides what the image has is named") {
  for (const char* path : {"/tmp", "/tmp/app", "/dev/shm/x", "/sandbox/app.py"})
    CHECK(hidden_content_note(path).contains("is an empty folder in memory"));
  for (const char* path : {"", "/", "/tmpl", "/app/tmp", "/sandbox.d/x"}) CHECK(hidden_content_note(path).empty());
  RunPlan plan{.run_id = "r", .argv = {"./app"}, .image_dir = "/tmp/build"};
  CHECK(not_executable(plan, "i", ENOENT).message.contains("/tmp is an empty folder"));
  CHECK(hidden_content_note(plan).contains("/tmp is an empty folder"));
  plan.argv = {"app"};
  CHECK_FALSE(not_executable(plan, "i", ENOENT).message.contains("empty folder"));
  plan = {.run_id = "r", .argv = {"/tmp/app"}};
  CHECK(not_executable(plan, "i", ENOENT).message.contains("/tmp is an empty folder"));
  plan.argv = {"./app"};
  CHECK_FALSE(not_executable(plan, "i", ENOENT).message.contains("empty folder"));
}

}  // namespace verdict_test

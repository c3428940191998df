#include "frontends/shared/ending.hpp"

#include <catch2/catch_test_macros.hpp>
#include <csignal>

namespace ending_test {

using namespace dind;
using namespace dind::frontends;
using namespace std::chrono_literals;

namespace {

RunResult ended(Verdict verdict) {
  RunResult result;
  result.verdict = verdict;
  result.duration = 2s;
  return result;
}

const Limits kLimits{.timeout = 2s, .memory_bytes = 64 << 20, .pids = 32, .output_bytes = 1 << 20};

std::string line(const RunResult& result, std::uint64_t left_out = 0) { return ending_line(result, kLimits, left_out); }

}  // namespace

TEST_CASE("The ending line names the verdict and the value of its limit (I01)") {
  struct Case {
    Verdict verdict;
    std::string said;
  };
  const Case cases[] = {
      {Verdict::ok, ""},
      {Verdict::timeout, "timeout: the limit is 2 s"},
      {Verdict::out_of_memory, "out of memory: the limit is 64 MiB"},
      {Verdict::process_limit, "too many processes: the limit is 32"},
      {Verdict::output_limit, "too much output: the limit is 1 MiB"},
      {Verdict::disk_limit, "disk full: the limits are 64 MiB for each folder in memory and 256 MiB for one file"}};
  for (const auto& each : cases) CHECK(line(ended(each.verdict)) == each.said);
}

TEST_CASE("The ending line names the exit code or the signal (I01)") {
  auto failed = ended(Verdict::failed);
  for (const int code : {1, 3, 255}) {
    failed.exit_code = code;
    CHECK(line(failed) == "exit " + std::to_string(code));
  }
  auto signalled = ended(Verdict::signalled);
  for (const auto& [number, name] :
       {std::pair{SIGKILL, "SIGKILL"}, std::pair{SIGSEGV, "SIGSEGV"}, std::pair{SIGRTMIN + 1, "signal 35"}}) {
    signalled.signal = number;
    CHECK(line(signalled) == std::string("killed by ") + name);
  }
}

TEST_CASE("The ending line of a successful run names lost output, killed processes and notes (I01)") {
  auto result = ended(Verdict::ok);
  CHECK(line(result, 2 << 20) == "2 MiB of output was left out");
  result.oom_seen = true;
  result.dropped_bytes = 2048;
  result.notes = {"timeout 99999 s is more than the maximum; 3600 s is in force", "two\nlines\x1b"};
  CHECK(line(result) ==
        "one of its processes was killed for lack of memory; 2 KiB of output dropped; timeout 99999 s is more than the "
        "maximum; "
        "3600 s is in force; two lines ");
}

TEST_CASE("I02: ending_words leaves out the notes, so a client that gets them separately sees them once") {
  auto result = ended(Verdict::timeout);
  result.notes = {"a note"};
  CHECK(ending_words(result, kLimits, 2 << 20) == "timeout: the limit is 2 s; 2 MiB of output was left out");
  CHECK(line(result, 2 << 20) == ending_words(result, kLimits, 2 << 20) + "; a note");
  result = ended(Verdict::ok);
  result.notes = {"a note"};
  CHECK(ending_words(result, kLimits).empty());
  CHECK(line(result) == "a note");
}

TEST_CASE("The ending line names a limit only if it ended the run") {
  auto result = ended(Verdict::timeout);
  auto limits = kLimits;
  limits.timeout = 60s;  // the total timeout passes first
  result.notes = {"the total timeout of 2 s passed while its program ran"};
  CHECK(ending_line(result, limits) == "timeout; the total timeout of 2 s passed while its program ran");
  result.stage = Stage::build;
  result.notes = {"the build took longer than 10 min (build.timeout)"};
  CHECK(ending_line(result, {}) == "timeout in the stage build; the build took longer than 10 min (build.timeout)");
}

TEST_CASE("The ending line of a cancelled run names who cancelled it") {
  auto result = ended(Verdict::cancelled);
  CHECK(line(result) == "cancelled");
  result.cancel_reason = CancelReason::shutdown;
  CHECK(line(result) == "cancelled: the server was stopped");
  result.cancel_reason = CancelReason::user;
  CHECK(line(result) == "cancelled by the user");
}

}  // namespace ending_test

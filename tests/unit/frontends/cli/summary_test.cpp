#include "frontends/cli/summary.hpp"

#include <catch2/catch_test_macros.hpp>
#include <csignal>

#include "frontends/cli/report.hpp"

namespace summary_test {

using namespace dind;
using namespace dind::frontends::cli;

namespace {
RunResult result_of(Verdict verdict) {
  RunResult result;
  result.verdict = verdict;
  result.duration = std::chrono::milliseconds(83);
  result.image = "python:3.12-slim";
  return result;
}
}  // namespace

TEST_CASE("The verdict line shows the verdict, the duration, the peak memory and the image") {
  auto ok = result_of(Verdict::ok);
  ok.exit_code = 0;
  ok.peak_memory_bytes = 9'542'042;
  CHECK(summary_line(ok) == "ok · 83 ms · peak 9.1 MiB · python:3.12-slim");

  auto failed = result_of(Verdict::failed);
  failed.exit_code = 3;
  CHECK(summary_line(failed) == "failed · exit 3 · 83 ms · python:3.12-slim");

  auto signalled = result_of(Verdict::signalled);
  signalled.signal = SIGSEGV;
  CHECK(summary_line(signalled) == "signalled · SIGSEGV · 83 ms · python:3.12-slim");

  auto cut = result_of(Verdict::output_limit);
  cut.dropped_bytes = 2048;
  cut.oom_seen = true;
  CHECK(summary_line(cut) ==
        "too much output · 83 ms · python:3.12-slim · one of its processes was killed for lack of memory · 2 KiB of "
        "output dropped");
}

TEST_CASE("The verdict line names the limit that was reached (I01)") {
  CHECK(summary_line(result_of(Verdict::out_of_memory), Limits{}) ==
        "out of memory · the limit is 512 MiB · 83 ms · python:3.12-slim");
}

TEST_CASE("Every verdict has its exit code") {
  struct Case {
    Verdict verdict;
    int code;
  };
  const Case cases[] = {{Verdict::ok, 0},
                        {Verdict::timeout, 124},
                        {Verdict::out_of_memory, 137},
                        {Verdict::process_limit, 121},
                        {Verdict::disk_limit, 122},
                        {Verdict::output_limit, 123}};
  for (const auto& c : cases) CHECK(exit_code(result_of(c.verdict), {}) == c.code);
  auto failed = result_of(Verdict::failed);
  failed.exit_code = 77;
  CHECK(exit_code(failed, {}) == 77);
  auto signalled = result_of(Verdict::signalled);
  signalled.signal = SIGSEGV;
  CHECK(exit_code(signalled, {}) == 139);
  CHECK(exit_code(result_of(Verdict::cancelled), SIGINT) == 130);
  CHECK(exit_code(result_of(Verdict::cancelled), SIGTERM) == 143);
  CHECK(exit_code(result_of(Verdict::cancelled), {}) == 141);
}

TEST_CASE("The exit code and the verdict line of a cancelled run tell why it was cancelled") {  // R10
  struct Case {
    CancelReason reason;
    int code;
    std::string_view words;
  };
  const Case cases[] = {{CancelReason::client_gone, 141, "no longer read"},
                        {CancelReason::user, 143, "stopped on request"},
                        {CancelReason::shutdown, 125, "the server that ran it was stopped; run it again"},
                        {CancelReason::deadline, 125, "its total timeout passed"}};
  for (const auto& c : cases) {
    auto result = result_of(Verdict::cancelled);
    result.cancel_reason = c.reason;
    CHECK(exit_code(result, {}) == c.code);
    CHECK(exit_code(result, SIGINT) == 130);
    CHECK(summary_line(result).contains(c.words));
  }
}

TEST_CASE("The command doctor fails if a check failed, but not for a warning") {
  using Status = DoctorCheck::Status;
  const std::vector<DoctorCheck> fine{{"engine", Status::ok, "Docker 29", ""},
                                      {"image python", Status::warning, "not there", "pull it"}};
  CHECK(doctor_exit_code(fine) == 0);
  CHECK(doctor_text(fine, false) ==
        "ok       engine        Docker 29\nwarning  image python  not there\n         → pull it\n");
  CHECK(doctor_exit_code({{"engine", Status::failed, "no answer", "start it"}}) == 1);
  CHECK(doctor_text({{"engine", Status::failed, "no answer", "start it"}}, true) ==
        "{\"checks\":[{\"name\":\"engine\",\"remedy\":\"start it\",\"seen\":\"no "
        "answer\",\"status\":\"failed\"}],\"ok\":false}\n");
}

}  // namespace summary_test

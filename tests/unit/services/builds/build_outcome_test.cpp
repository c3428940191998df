#include "services/builds/build_outcome.hpp"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace build_outcome_test {

using namespace dind;

TEST_CASE("A build has exactly one end, whatever other facts are known") {
  using enum BuildEnd;
  struct Case {
    const char* what;
    BuildFacts facts;
    BuildEnd end;
  };
  const std::vector<Case> cases{
      {"the engine has the image", {.answered = true}, image},
      {"a cancel that comes after the answer is too late", {.answered = true, .caller_cancelled = true}, image},
      {"a network that is lost after the image is there", {.answered = true, .network_lost = true}, image},
      {"a step failed", {.answered = true, .step_failed = true}, failure},
      {"a step failed because its network was lost",
       {.answered = true, .step_failed = true, .network_lost = true},
       network_lost},
      {"the image is there and too large", {.answered = true, .disk_exceeded = true}, failure},
      {"the caller cancelled", {.caller_cancelled = true}, cancelled},
      {"the caller cancelled, and parts failed after that",
       {.caller_cancelled = true, .network_lost = true, .part_failed = true},
       cancelled},
      {"the network was lost, which ended the upload", {.network_lost = true, .part_failed = true}, network_lost},
      {"the upload failed", {.part_failed = true}, part_failed},
      {"the upload failed because the disk bound ended the build",
       {.disk_exceeded = true, .part_failed = true},
       failure},
      {"the upload failed at the deadline", {.part_failed = true, .timed_out = true}, part_failed},
      {"the engine did not answer", {}, engine_failed},
      {"the deadline passed", {.timed_out = true}, failure},
  };
  for (const auto& each : cases) {
    INFO(each.what);
    CHECK(build_end(each.facts) == each.end);
  }
}

TEST_CASE("A build that failed has a verdict, and a note that names the setting") {
  BuildPolicy classic;
  classic.builder = Builder::classic;
  BuildPolicy buildkit;
  buildkit.builder = Builder::buildkit;
  const engine::BuildkitBound bound{.memory_bytes = 1 << 30, .pids = 100};
  struct Case {
    BuildFacts facts;
    const BuildPolicy& policy;
    std::optional<engine::BuildkitBound> bound;
    Verdict verdict;
    const char* part;  // of the note
  };
  const std::vector<Case> cases{
      {{.answered = true, .disk_exceeded = true}, classic, {}, Verdict::disk_limit, "(build.disk)"},
      {{.disk_exceeded = true, .timed_out = true}, classic, {}, Verdict::disk_limit, "(build.disk)"},
      {{.timed_out = true}, classic, {}, Verdict::timeout, "10 min (build.timeout)"},
      {{.answered = true, .step_failed = true, .exit_code = 137},
       classic,
       {},
       Verdict::out_of_memory,
       "(build.memory)"},
      {{.answered = true, .step_failed = true, .exit_code = 137},
       buildkit,
       bound,
       Verdict::out_of_memory,
       "DIND_BUILD"},
      {{.answered = true, .step_failed = true, .exit_code = 137}, buildkit, {}, Verdict::failed, "could not be built"},
      {{.answered = true, .step_failed = true, .exit_code = 153}, classic, {}, Verdict::disk_limit, "(build.disk)"},
      {{.answered = true, .step_failed = true, .exit_code = 153}, buildkit, {}, Verdict::failed, "could not be built"},
      {{.answered = true, .step_failed = true, .exit_code = 3}, classic, {}, Verdict::failed, "could not be built"},
  };
  for (const auto& each : cases) {
    const auto failure = build_failure(each.facts, each.policy, each.bound);
    INFO(failure.note);
    CHECK(failure.verdict == each.verdict);
    CHECK(failure.note.contains(each.part));
    CHECK(failure.exit_code.has_value() == (each.verdict == Verdict::failed));
  }
}

TEST_CASE("A failed build has an exit code even if the engine does not report one") {
  CHECK(build_failure({.answered = true, .step_failed = true, .exit_code = 3}, {}, {}).exit_code == 3);
  CHECK(build_failure({.answered = true, .step_failed = true}, {}, {}).exit_code == 1);
}

}  // namespace build_outcome_test

#include "services/builds/build_outcome.hpp"

#include "services/builds/buildkit_notes.hpp"
#include "support/units.hpp"

namespace dind {
namespace {

constexpr int kKilled = 137;
constexpr int kFileTooLarge = 128 + 25;  // SIGXFSZ

}  // namespace

BuildEnd build_end(const BuildFacts& facts) {
  const bool built = facts.answered && !facts.step_failed;
  if (!facts.answered && facts.caller_cancelled) return BuildEnd::cancelled;
  if (!built && facts.network_lost) return BuildEnd::network_lost;
  if (!facts.answered && !facts.disk_exceeded && facts.part_failed) return BuildEnd::part_failed;
  if (!facts.answered && !facts.disk_exceeded && !facts.timed_out) return BuildEnd::engine_failed;
  return built && !facts.disk_exceeded ? BuildEnd::image : BuildEnd::failure;
}

BuildFailure build_failure(const BuildFacts& facts, const BuildPolicy& policy,
                           const std::optional<engine::BuildkitBound>& bound) {
  const bool classic = policy.builder != Builder::buildkit;
  const std::string disk = format_bytes(policy.disk_bytes);
  if (facts.disk_exceeded)
    return {.verdict = Verdict::disk_limit, .note = "the build took more than " + disk + " of disk (build.disk)"};
  if (!facts.answered)
    return {.verdict = Verdict::timeout,
            .note = "the build took longer than " + format_duration(policy.timeout) + " (build.timeout)"};
  if (facts.exit_code == kKilled && classic)
    return {.verdict = Verdict::out_of_memory,
            .note = "a step of the build was killed: it may have " + format_bytes(policy.memory_bytes) +
                    " of memory (build.memory)"};
  if (facts.exit_code == kKilled && bound)
    return {.verdict = Verdict::out_of_memory, .note = buildkit_killed_note(*bound)};
  if (facts.exit_code == kFileTooLarge && classic)
    return {.verdict = Verdict::disk_limit, .note = "a step wrote a file of more than " + disk + " (build.disk)"};
  return {.verdict = Verdict::failed,
          .exit_code = facts.exit_code != 0 ? facts.exit_code : 1,
          .note = "the image could not be built"};
}

}  // namespace dind

#include "sandbox/run/silent_end.hpp"

#include <catch2/catch_test_macros.hpp>

#include "sandbox/advice.hpp"
#include "sandbox/supervision/frames.hpp"

namespace silent_end_test {

using namespace dind;
using namespace dind::sandbox;

namespace {

std::optional<Verdict> verdict(const SilentEnd& seen) {
  const auto judged = judge_silent_end(seen);
  return judged ? std::optional(judged->verdict) : std::nullopt;
}
engine::ContainerEnd died(std::int64_t code) { return {.died = true, .exit_code = code}; }

}  // namespace

TEST_CASE("An end that no client of the engine asked for is attributed to the program (S02)") {
  for (const bool gvisor : {false, true})
    for (const std::int64_t code : {0, 70, 71, 137, 139, 143}) {
      const SilentEnd seen{.gvisor = gvisor, .started = true, .stream_ended = true, .end = died(code)};
      CHECK(verdict(seen) == Verdict::signalled);
      CHECK(judge_silent_end(seen)->note.contains("without an exit report"));
    }
  CHECK(verdict({.gvisor = true, .started = true, .stream_ended = true, .end = died(2)}) == Verdict::process_limit);
  CHECK(verdict({.started = true, .stream_ended = true, .end = died(2)}) == Verdict::signalled);
}

TEST_CASE("An end is not attributed to the program if a client asked for it or the engine does not report it") {
  auto killed = died(137);
  killed.killed_from_outside = true;
  for (const bool gvisor : {false, true}) {
    CHECK_FALSE(verdict({.gvisor = gvisor, .started = true, .stream_ended = true, .end = killed}));
    CHECK_FALSE(verdict({.gvisor = gvisor, .started = true, .stream_ended = true}));
    CHECK_FALSE(verdict({.gvisor = gvisor, .stream_ended = true, .end = died(0)}));  // the program had not started
    CHECK_FALSE(verdict({.gvisor = gvisor, .started = true, .end = died(0)}));
  }
}

TEST_CASE("A supervisor that exits because the server is gone is a lost connection, not a verdict (R03)") {
  for (const bool gvisor : {false, true})
    CHECK_FALSE(
        verdict({.gvisor = gvisor, .started = true, .stream_ended = true, .end = died(supervision::kLeaseOverExit)}));
  CHECK(lease_is_over(died(supervision::kLeaseOverExit)));
  CHECK_FALSE(lease_is_over(died(0)));
  CHECK_FALSE(lease_is_over({}));
  auto killed = died(supervision::kLeaseOverExit);
  killed.killed_from_outside = true;
  CHECK_FALSE(lease_is_over(killed));
}

TEST_CASE("The error about a lost sandbox says what the sandbox was doing and how it was lost (R03)") {
  for (const auto loss : {Loss::connection, Loss::engine, Loss::removed}) {
    for (const auto& [doing, when] : {std::pair(LostWhile::starting, " before the program began"),
                                      {LostWhile::installing, " while its packages were installed"},
                                      {LostWhile::running, " while the program ran"}}) {
      const auto error = lost_sandbox(loss, "tcp://engine:2375", doing);
      INFO(error.message);
      CHECK(error.message.contains(when));
      CHECK(error.message.contains("tcp://engine:2375"));
      CHECK(error.message.contains("Run it again"));
      CHECK(error.message.contains("removed") == (loss == Loss::removed));
      CHECK(error.code == (loss == Loss::removed ? ErrorCode::engine_error : ErrorCode::engine_unavailable));
      if (doing != LostWhile::running) CHECK_FALSE(error.message.contains("output"));
    }
  }
}

TEST_CASE("The error about an early end has the exit code and the runtime's output (N08)") {
  CHECK(
      early_end(died(128), "runsc: panic: no such platform\n\n")
          .starts_with("The sandbox ended before it was ready (exit code 128: runsc: panic: no such platform). Run "));
  CHECK(early_end(died(2), "").starts_with("The sandbox ended before it was ready (exit code 2). Run "));
  CHECK(early_end({}, "a\nb").starts_with("The sandbox ended before it was ready (a"));
  CHECK(early_end({}, "").starts_with("The sandbox ended before it was ready. Run "));
  // The command `doctor` leaves out the advice to run `doctor`.
  CHECK(without_advice(early_end(died(2), "")) == "The sandbox ended before it was ready (exit code 2)");
  CHECK(without_advice("another message") == "another message");
}

TEST_CASE("A broken stream of the supervisor is attributed to the program only under gVisor") {
  CHECK(verdict({.gvisor = true, .started = true, .stream_broke = true}) == Verdict::signalled);
  CHECK_FALSE(verdict({.started = true, .stream_broke = true}));
}

TEST_CASE("An end for lack of memory has the verdict out_of_memory, whatever else the engine reported") {
  auto end = died(137);
  end.out_of_memory = true;
  CHECK(verdict({.started = true, .stream_ended = true, .end = end}) == Verdict::out_of_memory);
  end.killed_from_outside = true;
  CHECK(verdict({.stream_ended = true, .end = end}) == Verdict::out_of_memory);
  const SilentEnd full{.gvisor = true, .started = true, .stream_ended = true, .memory_low = true, .end = died(137)};
  CHECK(verdict(full) == Verdict::out_of_memory);
  auto other = full;
  other.end.exit_code = 1;
  CHECK(verdict(other) == Verdict::signalled);
  other = full;
  other.gvisor = false;
  CHECK(verdict(other) == Verdict::signalled);
}

}  // namespace silent_end_test

#include "sandbox/run/phase.hpp"

#include <catch2/catch_test_macros.hpp>

namespace phase_test {

using namespace dind::sandbox;

namespace {

constexpr PhaseState kStarting;
constexpr PhaseState kRunning{.phase = Phase::running};

constexpr PhaseState stopping(Stop stop) { return {.phase = Phase::stopping, .stop = stop}; }
constexpr PhaseState ended(End end, Stop stop = Stop::none) {
  return {.phase = Phase::ended, .stop = stop, .end = end};
}

struct Case {
  const char* what;
  PhaseState now;
  PhaseInput input;
  PhaseState next;
};

}  // namespace

TEST_CASE("Each phase of a run has one next phase for each input") {
  const Case cases[] = {
      {"nothing has happened", kStarting, {}, kStarting},
      {"the program starts", kStarting, {.started = true}, kRunning},
      {"its exec failed", kStarting, {.reported = true}, ended(End::reported)},
      {"the sandbox ends", kStarting, {.lost = true}, ended(End::lost)},
      {"it is not ready in time", kStarting, {.timed_out = true}, ended(End::not_ready)},
      {"cancelled before the start", kStarting, {.cancelled = true}, ended(End::cancelled, Stop::cancelled)},
      {"cancelled as the sandbox ends",
       kStarting,
       {.lost = true, .cancelled = true},
       ended(End::cancelled, Stop::cancelled)},
      {"cancelled as it starts", kStarting, {.started = true, .cancelled = true}, stopping(Stop::cancelled)},
      {"it starts as the time is over", kStarting, {.started = true, .timed_out = true}, kRunning},
      {"it starts and is lost", kStarting, {.started = true, .lost = true}, kRunning},

      {"it runs", kRunning, {.started = true}, kRunning},
      {"it ends", kRunning, {.started = true, .reported = true}, ended(End::reported)},
      {"its sandbox is lost", kRunning, {.started = true, .lost = true}, ended(End::lost)},
      {"the report comes before the loss",
       kRunning,
       {.started = true, .reported = true, .lost = true},
       ended(End::reported)},
      {"the report comes before a cancel",
       kRunning,
       {.started = true, .reported = true, .cancelled = true},
       ended(End::reported)},
      {"cancelled", kRunning, {.started = true, .cancelled = true}, stopping(Stop::cancelled)},
      {"its time is over", kRunning, {.started = true, .timed_out = true}, stopping(Stop::timeout)},
      {"its output exceeds the limit", kRunning, {.started = true, .flooded = true}, stopping(Stop::output_limit)},
      {"a cancel comes before the timeout",
       kRunning,
       {.started = true, .cancelled = true, .timed_out = true},
       stopping(Stop::cancelled)},
      {"the timeout comes before the output limit",
       kRunning,
       {.started = true, .flooded = true, .timed_out = true},
       stopping(Stop::timeout)},
      {"lost comes before cancelled", kRunning, {.started = true, .lost = true, .cancelled = true}, ended(End::lost)},

      {"the kill has no effect yet", stopping(Stop::timeout), {.started = true}, stopping(Stop::timeout)},
      {"the report comes",
       stopping(Stop::timeout),
       {.started = true, .reported = true},
       ended(End::reported, Stop::timeout)},
      {"no report comes",
       stopping(Stop::output_limit),
       {.started = true, .timed_out = true},
       ended(End::stopped, Stop::output_limit)},
      {"the stream ends",
       stopping(Stop::cancelled),
       {.started = true, .lost = true, .cancelled = true},
       ended(End::stopped, Stop::cancelled)},
      {"a later cancel changes nothing",
       stopping(Stop::timeout),
       {.started = true, .cancelled = true},
       stopping(Stop::timeout)},

      {"the end is final", ended(End::lost), {.started = true, .reported = true, .cancelled = true}, ended(End::lost)},
  };
  for (const auto& each : cases) {
    INFO(each.what);
    CHECK(next_phase(each.now, each.input) == each.next);
  }
}

}  // namespace phase_test

#include "sandbox/run/attempt.hpp"

#include <catch2/catch_test_macros.hpp>

#include "sandbox/hardening.hpp"

namespace attempt_test {

using namespace dind;
using namespace dind::sandbox;

TEST_CASE("A run tries another sandbox only after a failed start that this can fix") {
  const auto failure = [](const std::string& message, bool own_user = false) {
    return classify_start_failure({ErrorCode::engine_error, message}, own_user);
  };
  CHECK(failure("no space left on device").retry == Retry::none);
  CHECK(failure("mount /var/lib/docker/volumes/dind-etc-1/_data/hosts: no such file").retry == Retry::at_once);
  CHECK(failure("network dind-executor-internet-0a1b2c3d not found").retry == Retry::at_once);
  CHECK(failure("error mounting \"x\" to rootfs: possibly malicious path detected").retry == Retry::at_once);
  CHECK(failure("reopen mountpoint after mount: mountpoint \"x\" was moved while re-opening").retry == Retry::at_once);
  CHECK(failure("network of another kind not found").retry == Retry::none);
  CHECK(failure(std::string("exec: \"") + kSupervisorPath + "\": not found").retry == Retry::after_repair);
  CHECK_FALSE(failure("no space left on device").network_ended);
}

TEST_CASE("A run takes another sandbox only if its program can't have done anything") {
  struct Case {
    const char* what;
    RunPlan plan;
    SupervisorState state;
    bool input;
    bool restarts;
  };
  const SupervisorState ended{.ready = true, .ended = true};
  const Case cases[] = {
      {"its sandbox ended", {}, ended, false, true},
      {"its stream broke", {}, {.ready = true, .error = Error{ErrorCode::internal, "x"}}, false, true},
      {"its sandbox lives", {}, {.ready = true}, false, false},
      {"its program started", {}, {.ready = true, .started = Clock::now(), .ended = true}, false, false},
      {"its program ended", {}, {.ready = true, .report = supervision::ExitReport{}, .ended = true}, false, false},
      {"its program could have read its input", {}, ended, true, false},
      {"its program could have written to the workspace",
       {.workspace = WorkspaceAccess::read_write},
       ended,
       false,
       false},
      {"its program only reads the workspace", {.workspace = WorkspaceAccess::read_only}, ended, false, true},
      {"its program has a network", {.network = Network::internet}, ended, false, false},
  };
  for (const auto& each : cases) {
    INFO(each.what);
    CHECK(may_restart(each.plan, each.state, each.input) == each.restarts);
  }
}

}  // namespace attempt_test

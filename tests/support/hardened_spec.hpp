// The container specification of a default run of a Python program.
#pragma once

#include "sandbox/hardening.hpp"
#include "sandbox/plan/planner.hpp"

namespace dind::tests {

inline sandbox::RunPlan python_plan() {
  return *sandbox::make_plan({.program = SourceProgram{.file_name = "hello.py", .text = "print(1)", .language = {}}},
                             Limits{}, {}, "run-1");
}
inline sandbox::SandboxContext surroundings() {
  return {.image = {.id = "sha256:0123"},
          .supervisor_volume = "dind-supervisor-abc",
          .supervisor_image = "sha256:5e1f",
          .owner = "boot.ns.1.2",
          .remove_after = 1'700'000'000};
}
inline engine::ContainerSpec python_spec() { return sandbox::harden(python_plan(), surroundings()); }

}  // namespace dind::tests

// Doctor on a real engine.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/client.hpp"
#include "sandbox/sandbox.hpp"
#include "services/doctor.hpp"
#include "services/policy_limits.hpp"

namespace dind {

// What to do about an engine that does not answer, in the words of whoever named it (E03). Pure.
std::string unreachable_remedy(const engine::Endpoint& endpoint);

// The limits that `supervisor --probe` saw in force from inside, held against what was asked. Pure.
std::vector<DoctorCheck> check_probe(const std::string& probe_output, const Limits& asked);

// What the probe says of the engine's machine, from any sandbox: room on its disk, its clock against ours (Unix
// seconds). Pure.
std::vector<DoctorCheck> check_machine(const std::string& probe_output, std::int64_t our_time);
// What the probe saw from a sandbox with the network `internet`: a way out, and none to anything near. Pure.
DoctorCheck check_egress_filter(const std::string& probe_output);

// Whether an engine has gVisor (`there`) and how a sandbox with it went (nullopt: none was tried, "": it ran). Only who
// needs it for every run (`isolation`) lacks anything without. Pure.
DoctorCheck check_gvisor(bool there, const std::optional<std::string>& failure, Isolation isolation);

class EngineDoctor final : public Doctor {
 public:
  EngineDoctor(engine::Client& client, sandbox::Sandboxes& sandboxes, Limits limits,
               std::map<std::string, std::string> images, PullPolicy pull = PullPolicy::missing,
               Isolation isolation = Isolation::runc, bool buildkit = false);
  Task<std::vector<DoctorCheck>> examine(Deadline deadline) override;

 private:
  struct Visit;

  engine::Client& client_;
  sandbox::Sandboxes& sandboxes_;
  Limits limits_;
  std::map<std::string, std::string> images_;  // language → image, from the configuration
  PullPolicy pull_;
  Isolation isolation_;
  bool buildkit_;  // builds go by it
};

}  // namespace dind

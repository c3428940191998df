// Doctor that checks a real engine.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/buildkit_bound.hpp"
#include "engine/client.hpp"
#include "sandbox/sandbox_host.hpp"
#include "services/health/doctor.hpp"

namespace dind {

// What to do about an engine that does not answer. The text names the option or variable that chose it (E03). Pure.
std::string unreachable_remedy(const engine::Endpoint& endpoint);

// Compares the limits that `supervisor --probe` saw in a sandbox with the limits that were asked for. Pure.
std::vector<DoctorCheck> check_probe(const std::string& probe_output, const Limits& asked);

// Checks what the probe in any sandbox says about the engine's machine: its free disk space, and the difference
// between its clock and `our_time` (Unix seconds). Pure.
std::vector<DoctorCheck> check_machine(const std::string& probe_output, std::int64_t our_time);
// Checks what the probe saw in a sandbox with the network `internet`: it can reach the internet, but not the engine,
// the gateway or a private address. Pure.
DoctorCheck check_egress_filter(const std::string& probe_output);

// Checks whether an engine has gVisor (`there`), and how a sandbox with it ended (nullopt: none was tried, "": it ran).
// A missing gVisor is a fault only if `isolation` requires it for every run. Pure.
DoctorCheck check_gvisor(bool there, const std::optional<std::string>& failure, Isolation isolation);

// Checks the bound on BuildKit's steps. `used`: this server builds with BuildKit. Pure.
DoctorCheck check_buildkit(bool used, const std::optional<engine::BuildkitBound>& bound);

class EngineDoctor final : public Doctor {
 public:
  EngineDoctor(engine::Client& client, sandbox::SandboxHost& sandboxes, Limits limits,
               std::map<std::string, std::string> images, PullPolicy pull = PullPolicy::missing,
               Isolation isolation = Isolation::runc, bool buildkit = false);
  Task<std::vector<DoctorCheck>> examine(Deadline deadline) override;

 private:
  struct Visit;

  engine::Client& client_;
  sandbox::SandboxHost& sandboxes_;
  Limits limits_;
  std::map<std::string, std::string> images_;  // language → image, from the configuration
  PullPolicy pull_;
  Isolation isolation_;
  bool buildkit_;  // this server builds with BuildKit
};

}  // namespace dind

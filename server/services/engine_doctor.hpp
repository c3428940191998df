// Doctor on a real engine.
#pragma once

#include <map>
#include <string>

#include "engine/client.hpp"
#include "sandbox/sandbox.hpp"
#include "services/doctor.hpp"
#include "services/policy_limits.hpp"

namespace dind {

// The limits that `supervisor --probe` saw in force from inside, held against what was asked. Pure.
std::vector<DoctorCheck> check_probe(const std::string& probe_output, const Limits& asked);

class EngineDoctor final : public Doctor {
 public:
  EngineDoctor(engine::Client& client, sandbox::Sandboxes& sandboxes, Limits limits,
               std::map<std::string, std::string> images);
  Task<std::vector<DoctorCheck>> examine(Deadline deadline) override;

 private:
  struct Visit;

  engine::Client& client_;
  sandbox::Sandboxes& sandboxes_;
  Limits limits_;
  std::map<std::string, std::string> images_;  // language → image, from the configuration
};

}  // namespace dind

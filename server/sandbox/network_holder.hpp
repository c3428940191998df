// A fenced network for somebody else's containers: a sandbox that runs nothing, whose network the steps of a build
// join. It goes with its holder.
#pragma once

#include <memory>
#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "engine/hijacked_stream.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/removals.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

struct NetworkHolder {
  Removals::Debt debt;
  std::string id;  // the container's
  // The lease of its supervisor, which writes a few bytes and then waits: nothing that must be drained.
  std::unique_ptr<engine::HijackedStream> stream;
};

// `name`: of the container. The supervisor's volume and the network must be there (Fixtures).
Task<Result<NetworkHolder>> hold_network(engine::Client& client, Removals& removals, RunPlan plan,
                                         Surroundings surroundings, std::string name, Deadline deadline);

}  // namespace dind::sandbox

// A fenced network for somebody else's containers: a sandbox that runs nothing, whose network the steps of a build
// join. It goes with its holder.
#pragma once

#include <memory>
#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "engine/hijacked_stream.hpp"
#include "sandbox/fixtures.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/removals.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

struct NetworkHolder {
  NetworkHolder() = default;
  NetworkHolder(NetworkHolder&&) noexcept = default;
  NetworkHolder& operator=(NetworkHolder&&) noexcept;
  ~NetworkHolder();

  Removals::PendingRemoval removal;
  std::string id;  // the container's
  // The lease of its supervisor, which writes a few bytes and then waits. Whoever reads it to its end learns that the
  // container is gone; it ends with the holder too.
  std::shared_ptr<engine::HijackedStream> stream;
};

// `name`: of the container. `surroundings.image` is that with the supervisor alone; it, the supervisor's volume and the
// network must be there (SharedResources). After a cancel nothing more is begun: what is there goes.
Task<Result<NetworkHolder>> create_network_holder(engine::Client& client, Removals& removals, SharedResources& fixtures,
                                                  RunPlan plan, SandboxContext surroundings, std::string name,
                                                  Cancel cancel, Deadline deadline);

// Returns when the stream of a holder has ended: its container has, or nobody holds it any more.
Task<void> wait_holder_removed(std::shared_ptr<engine::HijackedStream> stream);

}  // namespace dind::sandbox

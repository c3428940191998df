// Provides a network with an egress filter for the containers of an image build.
//
// The network belongs to a holder: a sandbox that runs nothing. The steps of a build join its network. The network is
// removed with its holder.
#pragma once

#include <memory>
#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "engine/hijacked_stream.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/removals.hpp"
#include "sandbox/supervisor_containers.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

struct NetworkHolder {
  NetworkHolder() = default;
  NetworkHolder(NetworkHolder&&) noexcept = default;
  NetworkHolder& operator=(NetworkHolder&&) noexcept;
  ~NetworkHolder();

  Removals::PendingRemoval removal;
  std::string id;  // of the container
  // The stream to its supervisor, which writes a few bytes and then waits; it exits when the stream is closed. A reader
  // that reaches the end of the stream knows that the container has ended. The holder's destructor closes the stream.
  std::shared_ptr<engine::HijackedStream> stream;
};

// `name`: of the container. `context.image`: the image that holds only the supervisor. This image, the
// supervisor's volume and the network must exist. After a cancel, no further step is started, and
// what exists is removed.
Task<Result<NetworkHolder>> create_network_holder(engine::Client& client, Removals& removals,
                                                  SupervisorContainers& containers, RunPlan plan,
                                                  SandboxContext context, std::string name, Cancel cancel,
                                                  Deadline deadline);

// Returns when a holder's stream has ended: its container has ended, or the holder is destroyed.
Task<void> wait_holder_removed(std::shared_ptr<engine::HijackedStream> stream);

}  // namespace dind::sandbox

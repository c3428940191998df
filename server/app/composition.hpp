// The one place where the rooms are put together.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/configuration.hpp"
#include "dind/error.hpp"
#include "engine/endpoint.hpp"
#include "services/doctor.hpp"
#include "services/engine_watch.hpp"
#include "services/garbage.hpp"
#include "services/history.hpp"
#include "services/live_runs.hpp"
#include "services/run_service.hpp"
#include "services/workspace_runs.hpp"
#include "support/task.hpp"

namespace dind::app {

// Where the engine is: `host` (which a person gives by `option`: "--host", "the setting dind.engine.host"), else as
// configured, DOCKER_HOST, the docker context, the default.
Result<engine::Endpoint> engine_endpoint(const Configuration& configuration, const std::string& host,
                                         const std::string& option = {});

// Everything between the engine's address and the services. Must outlive every task that it was given to.
class Core {
 public:
  // `host`: the engine's address as the command line has it; empty: as configured, DOCKER_HOST, the docker context.
  // `face`: who asks, as the history names it. `host_option`: by what a person gives `host`, for messages.
  // Errors: invalid_request (an address that is none). Nothing is asked of the engine yet.
  static Result<std::unique_ptr<Core>> make(asio::any_io_executor executor, const Configuration& configuration,
                                            const std::string& host, std::string face = "library",
                                            const std::string& host_option = {});
  virtual ~Core() = default;

  virtual RunService& runs() = 0;
  // The same, with all that is under way in this process.
  virtual LiveRuns& live() = 0;
  // From now on the limits and the numbers of runs of `configuration` hold; nothing else of it.
  virtual void take_limits(const Configuration& configuration) = 0;
  virtual WorkspaceRuns& folders() = 0;
  // None: the engine does not tell, or not in time.
  virtual Task<std::optional<RunUsage>> usage(std::string container_id, Deadline deadline) = 0;
  // For runs that other processes hand over (frontends/handover), and when they are to end.
  virtual RunService& terminal_runs() = 0;
  virtual Cancel leaving() = 0;
  virtual History& history() = 0;
  virtual EngineWatch& engine() = 0;
  virtual Doctor& doctor() = 0;
  virtual GarbageCollector& garbage() = 0;
  // For what serves more than one run: sandboxes wait for the next, as configured.
  virtual Task<void> maintain_warm_pool(Cancel cancel) = 0;
  // Removes what dead instances left, now and every 30 s, and what is no longer used, every few hours.
  virtual Task<void> run_upkeep(Cancel cancel) = 0;
};

// The history alone, for those who look at it: needs no engine.
std::unique_ptr<History> make_history(asio::any_io_executor executor, const Configuration& configuration);

}  // namespace dind::app

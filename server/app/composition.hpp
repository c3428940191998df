// Connects the modules: the one composition root.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/configuration.hpp"
#include "dind/error.hpp"
#include "engine/endpoint.hpp"
#include "services/health/doctor.hpp"
#include "services/health/engine_watch.hpp"
#include "services/history/history.hpp"
#include "services/runs/live_runs.hpp"
#include "services/runs/run_service.hpp"
#include "services/upkeep/garbage.hpp"
#include "services/workspaces/workspace_runs.hpp"
#include "support/async/task.hpp"

namespace dind::app {

// Finds the engine. The order is: `host`, the configuration, DOCKER_HOST, the Docker context, the default.
// `option`: by what a person gives `host` ("--host", "the setting dind.engine.host"), for messages.
Result<engine::Endpoint> engine_endpoint(const Configuration& configuration, const std::string& host,
                                         const std::string& option = {});

// Everything between the engine's address and the services. Must outlive every task that uses it.
class Core {
 public:
  // `host`: the engine's address from the command line. If empty: the configuration,
  // DOCKER_HOST or the Docker context decides.
  // `frontend`: the name of the frontend in the history. `host_option`: by what a person gives `host`, for messages.
  // Errors: invalid_request (not an address). Does not contact the engine.
  static Result<std::unique_ptr<Core>> make(asio::any_io_executor executor, const Configuration& configuration,
                                            const std::string& host, std::string frontend = "library",
                                            const std::string& host_option = {});
  virtual ~Core() = default;

  virtual RunService& runs() = 0;
  // The live runs of this process.
  virtual LiveRuns& live() = 0;
  // Applies the limits and the maximum numbers of runs of `configuration`, and no other setting of it.
  virtual void take_limits(const Configuration& configuration) = 0;
  virtual WorkspaceRuns& workspaces() = 0;
  // nullopt: the engine does not tell, or does not answer before the deadline.
  virtual Task<std::optional<RunUsage>> usage(std::string container_id, Deadline deadline) = 0;
  // Ends the runs that other processes handed over (frontends/handover).
  virtual Cancel shutdown_signal() = 0;
  virtual History& history() = 0;
  virtual EngineWatch& engine() = 0;
  virtual Doctor& doctor() = 0;
  virtual GarbageCollector& garbage() = 0;
  // For frontends that serve more than one run: keeps warm sandboxes for the next runs, as configured.
  virtual Task<void> maintain_warm_pool(Cancel cancel) = 0;
  // Removes what dead instances left, at once and every 30 s, and what is no longer used, every few hours.
  virtual Task<void> run_upkeep(Cancel cancel) = 0;
};

// The history without the other services, for commands that only read it. Needs no engine.
std::unique_ptr<History> make_history(asio::any_io_executor executor, const Configuration& configuration);

}  // namespace dind::app

// What the services see of the sandbox module: runs in sandboxes, the warm pool, removals, and the workspace.
//
// Use it only on the io_context's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "engine/types.hpp"
#include "sandbox/plan/plan.hpp"
#include "sandbox/removals.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"
#include "support/io/stdin_pipe.hpp"

namespace dind::sandbox {

struct NetworkHolder;  // sandbox/network/network_holder.hpp
struct Workspace;      // sandbox/workspace/workspace.hpp

struct SandboxRequest {
  RunPlan plan;
  engine::Image image;
  std::string image_name;                      // for people
  std::shared_ptr<StdinPipe> input = nullptr;  // null: stdin is empty
};

struct WarmPoolPolicy {
  std::size_t max = 0;                                            // max warm sandboxes at once; 0: none
  std::chrono::milliseconds max_idle = std::chrono::minutes(10);  // max time without a run of their kind
  bool operator==(const WarmPoolPolicy&) const = default;
};

// The number of runs so far that claimed a warm sandbox, and of cold runs.
struct SandboxCounts {
  std::uint64_t warm = 0;
  std::uint64_t cold = 0;
};

// The start of the names of a run's containers. A random part follows: a run ID may come again while the container of
// its last run is still being removed by its name.
inline std::string container_prefix(const std::string& run_id) { return "dind-" + run_id + "."; }

class SandboxHost {
 public:
  virtual ~SandboxHost() = default;

  // Runs a program. After `cancel`, it returns within 300 ms: with verdict cancelled, or with Error cancelled if the
  // program had not started. The container is removed after the return. No event reaches `sink` after the return.
  virtual Task<Result<RunResult>> run(SandboxRequest request, EventSink& sink, Cancel cancel) = 0;

  // -- The warm pool.
  // Requests a warm sandbox for such a run, which may come soon, if the policy allows it.
  virtual Task<void> warm_up(RunPlan plan, engine::Image image) = 0;
  // No sandbox is warm before the first call.
  virtual void configure_warm_pool(WarmPoolPolicy policy) = 0;
  virtual std::size_t warm_pool_size() const = 0;
  // Removes all warm sandboxes and starts no more.
  virtual void close_warm_pool() = 0;
  virtual SandboxCounts counts() const = 0;

  // -- Removals. False: the deadline passed first.
  // Waits until the containers of a run are removed, or the engine can't be reached to remove them: they then slow
  // down no other run.
  virtual Task<bool> wait_run_removed(std::string run_id, Deadline deadline) = 0;
  virtual Task<bool> wait_all_removed(Deadline deadline) = 0;
  // The same, without those that are left to the engine (PendingRemoval::expect_auto_remove).
  virtual Task<bool> wait_all_removed_but_auto(Deadline deadline) = 0;

  // -- What a run needs besides its sandbox.
  // Creates the volume for a run's dependencies. It has a folder for them and one for temporary files; any user may
  // write to both. It is removed with the returned object. After `life`, any process may remove it.
  virtual Task<Result<Removals::PendingRemoval>> create_dependency_volume(std::string volume, std::string run_id,
                                                                          std::chrono::seconds life,
                                                                          Deadline deadline) = 0;
  // Creates a network with an egress filter for the containers of an image build. `name`: of the container that holds
  // it. If that container still exists 5 minutes after `build_time`, the reaper removes it. Takes at most 60 seconds.
  virtual Task<Result<NetworkHolder>> create_build_network(std::string run_id, std::string name,
                                                           std::chrono::milliseconds build_time, Cancel cancel) = 0;

  // -- The workspace.
  virtual const Workspace& workspace() const = 0;
  // Adopts a folder as workspace if the operator has set none. The adopted folders are those that are open at this
  // machine's terminal or editor. The first one is `workspace()`; a run may name another as its root.
  virtual void set_workspace_if_unset(const std::string& path) = 0;
  virtual void forget_workspace(const std::string& path) = 0;
  virtual const std::vector<std::string>& adopted_workspaces() const = 0;
  // The workspace of a run with this root; root empty: `workspace()`. nullopt: the root is not an adopted folder.
  virtual std::optional<Workspace> workspace_at(const std::string& root) const = 0;
};

}  // namespace dind::sandbox

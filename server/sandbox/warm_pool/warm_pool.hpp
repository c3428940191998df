// The warm pool: sandboxes that are started in advance, each for one run only.
//
// The pool follows the runs that were made or announced. A warm sandbox is removed if no run of its kind comes for a
// while, if memory is low, and when the pool is closed.
#pragma once

#include <memory>
#include <string>

#include "engine/container_spec.hpp"
#include "engine/types.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/plan/plan.hpp"
#include "sandbox/sandbox_host.hpp"
#include "sandbox/start/sandbox_starter.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

class WarmPool {
 public:
  WarmPool(asio::any_io_executor executor, SandboxStarter& starter, Removals& removals);
  WarmPool(const WarmPool&) = delete;
  WarmPool& operator=(const WarmPool&) = delete;
  ~WarmPool();

  // Sets the policy. No sandbox is warm before the first call.
  void configure(WarmPoolPolicy policy);

  // A sandbox that is reserved for one run. It is warm, or is still being started.
  class Claim {
   public:
    explicit operator bool() const { return entry_ != nullptr; }

   private:
    friend class WarmPool;
    struct Entry;
    std::shared_ptr<Entry> entry_;
  };
  // Claims a sandbox that was made for just such a run: everything that the engine is told of the container is the
  // same, except the run ID. The claim is empty if there is no such sandbox.
  Claim claim(const RunPlan& plan, const SandboxContext& context);
  // Waits until the claimed sandbox is warm and returns it. Null: it could not be started, or `cancel` came first.
  // After a cancel, the next run may have the sandbox.
  Task<std::unique_ptr<AttachedSandbox>> wait_claimed(Claim claim, Cancel cancel);

  // Requests a warm sandbox for the next run of this kind. Call it when such a run was made or is expected.
  void request(const RunPlan& plan, const SandboxContext& context);

  // While a pause exists, no warm sandbox is started: a cold run is creating its container and has priority at the
  // engine.
  [[nodiscard]] std::shared_ptr<void> pause();

  std::size_t size() const;
  // Removes all warm sandboxes and starts no more. `removals` tells when they are removed.
  void close();

 private:
  struct PoolKey;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dind::sandbox

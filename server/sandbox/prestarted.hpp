// Sandboxes that wait for their run: made, started and empty, each for one run alone. What waits follows what was used
// or announced, and goes when nothing like it was for a while, when memory is short, and at the end.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "engine/container_spec.hpp"
#include "engine/types.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/preparation.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

struct WarmPoolPolicy {
  std::size_t most = 0;                                       // that wait at once; 0: none
  std::chrono::milliseconds idle = std::chrono::minutes(10);  // without a run of their kind they go
  bool operator==(const WarmPoolPolicy&) const = default;
};

class WarmPool {
 public:
  WarmPool(asio::any_io_executor executor, SandboxStarter& preparation, Removals& removals);
  WarmPool(const WarmPool&) = delete;
  WarmPool& operator=(const WarmPool&) = delete;
  ~WarmPool();

  // Nothing waits before it is called.
  void allow(WarmPoolPolicy policy);

  // One that this run has for itself from now on: it waits, or is on its way.
  class Claim {
   public:
    explicit operator bool() const { return entry_ != nullptr; }

   private:
    friend class WarmPool;
    struct Entry;
    std::shared_ptr<Entry> entry_;
  };
  // One that was made for just such a run: all that the engine is told of a container is the same, but for the run's
  // id.
  Claim claim(const RunPlan& plan, const SandboxContext& surroundings);
  // The sandbox, once it waits. None: it came to nothing, or `cancel` was heard (then the next run may have it).
  Task<std::unique_ptr<AttachedSandbox>> taken(Claim claim, Cancel cancel);

  // A run like this was there, or is expected: one is to wait for the next.
  void want(const RunPlan& plan, const SandboxContext& surroundings);

  // While one is held, nothing is prestarted: somebody waits for a sandbox of his own, and is to have the engine.
  [[nodiscard]] std::shared_ptr<void> hold();

  std::size_t waiting() const;
  // All of them go, and no more are made. `removals` tells when they are gone.
  void close();

 private:
  struct PoolKey;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dind::sandbox

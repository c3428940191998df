// The garbage collector on a real engine: it takes an inventory, decides (garbage.hpp) and removes.
#pragma once

#include <string>

#include "engine/client.hpp"
#include "services/upkeep/garbage.hpp"
#include "support/async/cancel.hpp"

namespace dind {

class EngineGarbage final : public GarbageCollector {
 public:
  // `supervisor_volume`: the volume with the supervisor of this version, which stays.
  EngineGarbage(engine::Client& client, std::string owner, std::string supervisor_volume, GarbagePolicy policy);
  Task<Result<GarbageReport>> collect(bool dry_run, Deadline deadline) override;
  // Makes a pass after 5 minutes and then every 3 hours, until `cancel`. Keeps the supervisors of other versions that
  // were created or used in the last 24 hours.
  Task<void> keep_collecting(Cancel cancel);

 private:
  Task<void> collect_now();
  Task<Result<GarbageReport>> pass(bool dry_run, std::chrono::seconds supervisors_for, Deadline deadline);
  Task<Result<Inventory>> take_inventory(Deadline deadline);
  Task<Result<void>> remove(GarbageItem item, Deadline deadline);

  engine::Client& client_;
  std::string owner_;
  std::string supervisor_volume_;
  GarbagePolicy policy_;
};

}  // namespace dind

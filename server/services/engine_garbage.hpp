// The garbage collector on a real engine: looks, decides (garbage.hpp), removes.
#pragma once

#include <string>

#include "engine/client.hpp"
#include "services/garbage.hpp"
#include "support/cancel.hpp"

namespace dind {

class EngineGarbage final : public GarbageCollector {
 public:
  // `supervisor_volume`: the one of this version, which stays.
  EngineGarbage(asio::any_io_executor executor, engine::Client& client, std::string owner,
                std::string supervisor_volume, GarbagePolicy policy);
  Task<Result<GarbageReport>> collect(bool dry_run, Deadline deadline) override;
  // A pass after the first minutes and every few hours, until `cancel`. Leaves young supervisors of other versions.
  Task<void> keep_collecting(Cancel cancel);

 private:
  Task<Result<GarbageReport>> pass(bool dry_run, std::chrono::seconds supervisors_for, Deadline deadline);
  Task<Result<Inventory>> look(Deadline deadline);
  Task<Result<void>> remove(GarbageItem item, Deadline deadline);

  asio::any_io_executor executor_;
  engine::Client& client_;
  std::string owner_;
  std::string supervisor_volume_;
  GarbagePolicy policy_;
};

}  // namespace dind

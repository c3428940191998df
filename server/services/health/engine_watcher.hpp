// EngineWatch that asks a real engine.
#pragma once

#include "engine/client.hpp"
#include "services/health/engine_watch.hpp"

namespace dind {

class EngineWatcher final : public EngineWatch {
 public:
  EngineWatcher(asio::any_io_executor executor, engine::Client& client);
  Task<EngineStatus> look(Deadline deadline) override;
  Task<void> watch(std::function<void(const EngineStatus&)> on_change, Cancel cancel) override;

 private:
  struct Look;
  static Task<void> ask(engine::Client& client, std::shared_ptr<Look> look, Deadline deadline);

  std::weak_ptr<Look> look_;  // the open question; its answer is also for callers that ask meanwhile
  asio::any_io_executor executor_;
  engine::Client& client_;
};

}  // namespace dind

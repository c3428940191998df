// Images: which of several the engine has, and pulling one where it has none; many that wait for an image share one
// pull.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

class Images {
 public:
  Images(asio::any_io_executor executor, engine::Client& client);

  struct Found {
    std::string name;
    engine::Image image;
  };
  // The first of `names` that the engine has; where it has none, the first is pulled and `on_progress` hears of it.
  // Returns at once when cancelled; the pull goes on while somebody else waits for it. Errors: image_unavailable,
  // cancelled, the engine's.
  Task<Result<Found>> find(std::vector<std::string> names, std::function<void(const engine::PullProgress&)> on_progress,
                           Cancel cancel);

 private:
  struct Pull;
  struct Look;
  static Task<void> drive(engine::Client& client, std::shared_ptr<Pull> pull);
  static Task<void> look(engine::Client& client, std::shared_ptr<Look> look, std::string name);
  Task<Result<std::optional<engine::Image>>> inspect(const std::string& name, const Cancel& cancel);
  Task<Result<void>> pull(const std::string& name, const std::function<void(const engine::PullProgress&)>& on_progress,
                          const Cancel& cancel);

  asio::any_io_executor executor_;
  engine::Client& client_;
  std::map<std::string, std::weak_ptr<Pull>> pulls_;
};

}  // namespace dind

// Images: which of several the engine has, and pulling one where it has none; many that wait for an image share one
// pull. Who we are at its registry is looked up for every pull. What an image is, is asked anew for every run, but
// where the engine's events tell that it has changed (`follow_engine_events`).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "engine/client.hpp"
#include "services/registry_credentials.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

// What callers may have pulled and run.
// One pull, of the layers that are not there yet, as the registry has them.
inline constexpr std::int64_t kMaxPulledBytes = 16LL << 30;

struct ImagePolicy {
  // Patterns of images that callers may name ("python:*", "registry.example/team/**"); empty: any. `*` stands for any
  // characters but a slash, `**` for any.
  std::vector<std::string> allowed;
  std::vector<std::string> always;  // the operator's and the recipes' own
  std::int64_t most_pulled_bytes = kMaxPulledBytes;
};
// Whether callers may name that image.
bool is_allowed(const ImagePolicy& policy, const std::string& name);

class Images {
 public:
  Images(asio::any_io_executor executor, engine::Client& client, RegistryCredentials credentials,
         ImagePolicy policy = {});

  struct Found {
    std::string name;
    engine::Image image;
  };
  // The first of `names` that the engine has; where it has none (or with PullPolicy::always, whatever it has), the
  // first is pulled and `on_progress` hears of it. Returns at once when cancelled; the pull goes on while somebody else
  // waits for it. Errors: invalid_request (a name that is not allowed), image_unavailable, cancelled, the engine's.
  Task<Result<Found>> find(std::vector<std::string> names, PullPolicy policy,
                           std::function<void(const engine::PullProgress&)> on_progress, Cancel cancel);

  // Notes that an image of ours is used, where that was not noted for a while: what is used stays (gc). Returns at
  // once.
  void note_use(const std::string& name, const engine::Image& image);

  // Until `cancel`: listens to what the engine says of its images, so that one which is known needs no question.
  Task<void> follow_engine_events(Cancel cancel);

 private:
  struct Pull;
  struct Look;
  Task<void> drive(std::shared_ptr<Pull> pull);
  Task<void> touch(std::string name);
  static Task<void> look(engine::Client& client, std::shared_ptr<Look> look, std::string name);
  Task<Result<std::optional<engine::Image>>> inspect(const std::string& name, const Cancel& cancel);
  Task<Result<void>> pull(const std::string& name, const std::function<void(const engine::PullProgress&)>& on_progress,
                          const Cancel& cancel);

  asio::any_io_executor executor_;
  engine::Client& client_;
  RegistryCredentials credentials_;
  ImagePolicy policy_;
  std::map<std::string, std::weak_ptr<Pull>> pulls_;
  std::map<std::string, engine::Image> known_;  // while `current_`
  bool current_ = false;
  std::uint64_t changes_ = 0;
};

}  // namespace dind

// Finds the first of several images that the engine has, and pulls one if it has none. Runs that wait for the same
// image share one pull. Every pull looks up the credentials for the registry. Every run asks the engine about its image
// again, unless the engine's events report changes of images (`follow_engine_events`).
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
#include "services/images/registry_credentials.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind {

// Max bytes of one pull: of the layers that the engine does not have yet, in their size at the registry.
inline constexpr std::int64_t kMaxPulledBytes = 16LL << 30;

// Which images callers may pull and run.
struct ImagePolicy {
  // Patterns of images that callers may name ("python:*", "registry.example/team/**"); empty: any image. `*` matches
  // any characters except a slash; `**` matches any characters.
  std::vector<std::string> allowed;
  std::vector<std::string> always;  // those of the operator and of the recipes; always allowed
  std::int64_t max_pulled_bytes = kMaxPulledBytes;
};
// Whether callers may name this image.
bool is_allowed(const ImagePolicy& policy, const std::string& name);

class Images {
 public:
  Images(asio::any_io_executor executor, engine::Client& client, RegistryCredentials credentials,
         ImagePolicy policy = {});

  struct Found {
    std::string name;
    engine::Image image;
  };
  // Returns the first of `names` that the engine has. If it has none, and always with PullPolicy::always, the first
  // name is pulled, and `on_progress` gets the progress. Returns at once when cancelled; the pull continues while
  // another run waits for it. Errors: invalid_request (a name that is not allowed), image_unavailable, cancelled, the
  // engine's.
  Task<Result<Found>> find(std::vector<std::string> names, PullPolicy policy,
                           std::function<void(const engine::PullProgress&)> on_progress, Cancel cancel);

  // Records that an image is used, if dind-executor built it and the last record is at least a day old: gc keeps used
  // images. Returns at once.
  void note_use(const std::string& name, const engine::Image& image);

  // Follows the engine's image events until `cancel`, so that no question is needed about a known image.
  Task<void> follow_engine_events(Cancel cancel);

 private:
  struct Pull;
  struct Look;
  Task<void> pull_shared(std::shared_ptr<Pull> pull);
  Task<void> touch(std::string name);
  static Task<void> inspect_shared(engine::Client& client, std::shared_ptr<Look> look, std::string name);
  Task<Result<std::optional<engine::Image>>> inspect(const std::string& name, const Cancel& cancel);
  Task<Result<void>> pull(const std::string& name, const std::function<void(const engine::PullProgress&)>& on_progress,
                          const Cancel& cancel);

  asio::any_io_executor executor_;
  engine::Client& client_;
  RegistryCredentials credentials_;
  ImagePolicy policy_;
  std::map<std::string, std::weak_ptr<Pull>> pulls_;
  std::map<std::string, engine::Image> known_;  // valid while `current_`
  bool current_ = false;
  std::uint64_t changes_ = 0;
};

}  // namespace dind

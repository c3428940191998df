#include "app/composition.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "engine/client.hpp"
#include "sandbox/sandbox.hpp"
#include "services/engine_doctor.hpp"
#include "services/engine_watcher.hpp"
#include "services/reaper.hpp"
#include "services/runs.hpp"
#include "support/ids.hpp"

namespace dind::app {
namespace {

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<std::string> whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

RunPolicy policy_of(const Configuration& configuration) {
  return {.limits = configuration.limits,
          .images = configuration.images,
          .concurrent_runs = configuration.concurrent_runs,
          .queued_runs = configuration.queued_runs,
          .enabled = configuration.enabled};
}

class WholeCore final : public Core {
 public:
  WholeCore(asio::any_io_executor executor, engine::Endpoint endpoint, const Configuration& configuration)
      : client_(executor, std::move(endpoint)),
        sandboxes_(executor, client_, process_owner()),
        runs_(executor, client_, sandboxes_, policy_of(configuration)),
        watcher_(executor, client_),
        doctor_(client_, sandboxes_, configuration.limits.defaults, configuration.images),
        reaper_(executor, client_, process_owner()) {}

  RunService& runs() override { return runs_; }
  EngineWatch& engine() override { return watcher_; }
  Doctor& doctor() override { return doctor_; }
  Task<void> keep_clean(Cancel cancel) override { return reaper_.keep_sweeping(std::move(cancel)); }

 private:
  engine::Client client_;
  sandbox::Sandboxes sandboxes_;
  Runs runs_;
  EngineWatcher watcher_;
  EngineDoctor doctor_;
  Reaper reaper_;
};

}  // namespace

Result<std::unique_ptr<Core>> Core::make(asio::any_io_executor executor, const Configuration& configuration,
                                         const std::string& host) {
  std::optional<std::string> asked;
  if (!host.empty())
    asked = host;
  else if (!configuration.docker_host.empty())
    asked = configuration.docker_host;
  auto endpoint = engine::find_endpoint(asked, variable, whole_file);
  if (!endpoint) return std::unexpected(endpoint.error());
  return std::make_unique<WholeCore>(std::move(executor), std::move(*endpoint), configuration);
}

}  // namespace dind::app

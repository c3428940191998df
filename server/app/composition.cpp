#include "app/composition.hpp"

#include <cstdlib>
#include <filesystem>

#include "engine/client.hpp"
#include "sandbox/run/sandboxes.hpp"
#include "sandbox/start/shared_resources.hpp"
#include "services/health/engine_doctor.hpp"
#include "services/health/engine_watcher.hpp"
#include "services/history/history_worker.hpp"
#include "services/runs/history_recorder.hpp"
#include "services/runs/observed_runs.hpp"
#include "services/runs/run_logger.hpp"
#include "services/runs/runs.hpp"
#include "services/upkeep/engine_garbage.hpp"
#include "services/upkeep/reaper.hpp"
#include "services/workspaces/local_workspace_runs.hpp"
#include "support/ids.hpp"
#include "support/io/named_file.hpp"

namespace dind::app {
namespace {

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<std::string> whole_file(const std::string& path) {
  auto text = read_named_file(path);
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

RunPolicy policy_of(const Configuration& configuration, std::string authorities) {
  DependencyPolicy packages = configuration.packages;
  packages.enabled = configuration.packages_enabled.value_or(configuration.limits.allow_internet);
  BuildPolicy build = configuration.build;
  build.network = configuration.limits.allow_internet;
  return {.limits = configuration.limits,
          .images = configuration.images,
          .pull = configuration.pull,
          .allowed_images = configuration.allowed_images,
          .max_pulled_bytes = configuration.max_pulled_bytes,
          .isolation = configuration.isolation,
          .concurrent_runs = configuration.concurrent_runs,
          .queued_runs = configuration.queued_runs,
          .concurrent_runs_per_client = configuration.concurrent_runs_per_client,
          .queued_runs_per_client = configuration.queued_runs_per_client,
          .enabled = configuration.enabled,
          .packages = std::move(packages),
          .build = build,
          .warm_pool = configuration.warm_pool,
          .warm_languages = configuration.warm_languages,
          .authorities = std::move(authorities)};
}

class DockerCore final : public Core {
 public:
  DockerCore(asio::any_io_executor executor, engine::Endpoint endpoint, const Configuration& configuration,
             std::string authorities, std::string frontend)
      : client_(executor, std::move(endpoint)),
        sandboxes_(executor, client_, process_owner(), configuration.workspace),
        runs_(executor, client_, sandboxes_, RegistryCredentials(executor, variable),
              policy_of(configuration, std::move(authorities))),
        workspaces_(sandboxes_),
        history_(executor, configuration.history),
        live_(executor),
        observed_(runs_, live_, observers(), std::move(frontend)),
        watcher_(executor, client_),
        doctor_(client_, sandboxes_, configuration.limits.defaults, configuration.images, configuration.pull,
                configuration.isolation,
                configuration.build.enabled && configuration.build.builder == Builder::buildkit),
        reaper_(client_, process_owner(), sandboxes_.removals()),
        garbage_(client_, process_owner(), sandbox::supervisor_volume_name(), configuration.garbage),
        executor_(executor) {
    // The list of checked images is next to the history, if there is one: it is state of this
    // user, and no sandbox sees it.
    if (const auto path = history_path(configuration.history); configuration.history.enabled && !path.empty())
      sandboxes_.remember_images_in(std::filesystem::path(path).parent_path() / "checked-images");
  }

  RunService& runs() override { return observed_; }
  LiveRuns& live() override { return live_; }
  Task<std::optional<RunUsage>> usage(std::string container_id, Deadline deadline) override {
    const auto seen = co_await client_.container_usage(std::move(container_id), deadline);
    if (!seen) co_return std::nullopt;
    co_return RunUsage{.memory_bytes = seen->memory_bytes, .cpu_time = seen->cpu_time};
  }
  void take_limits(const Configuration& configuration) override { runs_.take_limits(policy_of(configuration, {})); }
  Cancel shutdown_signal() override { return runs_.shutdown_signal(); }
  WorkspaceRuns& workspaces() override { return workspaces_; }
  History& history() override { return history_; }
  EngineWatch& engine() override { return watcher_; }
  Doctor& doctor() override { return doctor_; }
  GarbageCollector& garbage() override { return garbage_; }
  Task<void> maintain_warm_pool(Cancel cancel) override { return runs_.maintain_warm_pool(std::move(cancel)); }
  Task<void> run_upkeep(Cancel cancel) override {
    spawn(executor_, "garbage", garbage_.keep_collecting(cancel));
    co_await reaper_.keep_sweeping(cancel);
  }

 private:
  RunObservers observers() {
    return {.observe = {[](const RunSpec& spec) { return std::make_unique<RunLogger>(spec); },
                        [this](const RunSpec& spec) -> std::unique_ptr<RunObserver> {
                          if (!spec.record) return nullptr;
                          return std::make_unique<HistoryRecorder>(history_, spec);
                        }},
            .written = [this](Deadline deadline) -> Task<void> { return wait_recorded(history_, deadline); }};
  }
  static Task<void> wait_recorded(History& history, Deadline deadline) { co_await history.written(deadline); }

  engine::Client client_;
  sandbox::Sandboxes sandboxes_;
  Runs runs_;
  LocalWorkspaceRuns workspaces_;
  HistoryWorker history_;
  LiveRuns live_;
  ObservedRuns observed_;
  EngineWatcher watcher_;
  EngineDoctor doctor_;
  Reaper reaper_;
  EngineGarbage garbage_;
  asio::any_io_executor executor_;
};

}  // namespace

Result<engine::Endpoint> engine_endpoint(const Configuration& configuration, const std::string& host,
                                         const std::string& option) {
  std::optional<engine::NamedHost> named;
  if (!host.empty())
    named = {.address = host, .origin = option.empty() ? "--host" : option};
  else if (!configuration.docker_host.empty())
    named = {.address = configuration.docker_host, .origin = "engine.host in the configuration"};
  auto endpoint = engine::find_endpoint(named, variable, whole_file);
  if (endpoint) endpoint->choice = option;
  return endpoint;
}

Result<std::unique_ptr<Core>> Core::make(asio::any_io_executor executor, const Configuration& configuration,
                                         const std::string& host, std::string frontend,
                                         const std::string& host_option) {
  auto endpoint = engine_endpoint(configuration, host, frontend == "library" ? "ExecutorOptions::host" : host_option);
  if (!endpoint) return std::unexpected(endpoint.error());
  std::string authorities;
  if (!configuration.ca_bundle.empty()) {
    auto bundle = read_named_file(configuration.ca_bundle, FileKind::any);
    if (!bundle || !bundle->contains("-----BEGIN CERTIFICATE-----"))
      return fail(ErrorCode::invalid_request, "caBundle (DIND_CA_BUNDLE): " + configuration.ca_bundle + ' ' +
                                                  (bundle ? "holds no certificate in PEM" : bundle.error().what));
    authorities = std::move(*bundle);
  }
  return std::make_unique<DockerCore>(std::move(executor), std::move(*endpoint), configuration, std::move(authorities),
                                      std::move(frontend));
}

std::unique_ptr<History> make_history(asio::any_io_executor executor, const Configuration& configuration) {
  return std::make_unique<HistoryWorker>(std::move(executor), configuration.history);
}

}  // namespace dind::app

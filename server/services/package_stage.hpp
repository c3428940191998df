// A run's packages: put in place by a sandbox with a network, before the program's sandbox, which has none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "engine/client.hpp"
#include "sandbox/sandbox.hpp"
#include "support/cancel.hpp"
#include "support/log.hpp"
#include "support/secrets.hpp"
#include "support/task.hpp"

namespace dind {

struct DependencyPolicy {
  bool enabled = true;
  Limits limits{.timeout = std::chrono::minutes(5),
                .memory_bytes = 1LL << 30,
                .open_files = 4096,
                .file_bytes = 1LL << 30,
                .output_bytes = 64LL << 20};
  std::int64_t disk_bytes = 2LL << 30;     // what the packages and their temporary files may take
  std::map<std::string, std::string> env;  // the installer's: PIP_INDEX_URL …
};

class DependencyInstaller {
 public:
  DependencyInstaller(asio::any_io_executor executor, sandbox::Sandboxes& sandboxes, DependencyPolicy policy,
                      std::string authorities);

  // Gives the plan's volume its name. The installer's verdict where it is not ok; none: the packages are there. What it
  // says comes as Preparing events, and as output where it fails. `volume_removal`: to be paid when every sandbox of
  // the run is gone.
  Task<Result<std::optional<RunResult>>> install(sandbox::RunPlan& plan, const engine::Image& image,
                                                 const std::string& image_name,
                                                 sandbox::Removals::PendingRemoval& volume_removal, EventSink& sink,
                                                 Cancel cancel);

  double cpus() const { return policy_.limits.cpus; }
  void clamp_cpus(int engine_cpus);  // the engine refuses a container that is to have more than it has

 private:
  // A volume for packages, made; its removal is owed from before.
  static Task<Result<sandbox::Removals::PendingRemoval>> make_volume(sandbox::Sandboxes& sandboxes, std::string volume,
                                                                     std::string run_id);

  asio::any_io_executor executor_;
  sandbox::Sandboxes& sandboxes_;
  DependencyPolicy policy_;
  std::string authorities_;  // PEM; empty: the image's own
  const Secrets secrets_;    // of the installer's environment: the operator's, which no caller is told
  const LogMask hidden_;
};

}  // namespace dind

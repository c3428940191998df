// Installs the dependencies of a run: in a sandbox with a network, before the program's sandbox, which needs no network
// for them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "engine/client.hpp"
#include "sandbox/sandbox_host.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"
#include "support/log/log.hpp"
#include "support/masking.hpp"

namespace dind {

struct DependencyPolicy {
  bool enabled = true;
  Limits limits{.timeout = std::chrono::minutes(5),
                .memory_bytes = 1LL << 30,
                .open_files = 4096,
                .file_bytes = 1LL << 30,
                .output_bytes = 64LL << 20};
  std::int64_t disk_bytes = 2LL << 30;     // max size of the dependencies and their temporary files
  std::map<std::string, std::string> env;  // environment of the installer: PIP_INDEX_URL …
};

class DependencyInstaller {
 public:
  DependencyInstaller(asio::any_io_executor executor, sandbox::SandboxHost& sandboxes, DependencyPolicy policy,
                      std::string authorities);

  // Installs into a new volume and sets its name in `plan`. Returns the installer's result if its verdict is not ok;
  // nullopt: the dependencies are installed. The installer's output comes as Preparing events, and as output of the run
  // if the installer fails. `volume_removal`: removes the volume; keep it until every sandbox of the run is removed.
  Task<Result<std::optional<RunResult>>> install(sandbox::RunPlan& plan, const engine::Image& image,
                                                 const std::string& image_name,
                                                 sandbox::Removals::PendingRemoval& volume_removal, EventSink& sink,
                                                 Cancel cancel);

  double cpus() const { return policy_.limits.cpus; }
  void clamp_cpus(int engine_cpus);  // the engine refuses a container with more CPUs than it has

 private:
  asio::any_io_executor executor_;
  sandbox::SandboxHost& sandboxes_;
  DependencyPolicy policy_;
  std::string authorities_;   // PEM; empty: those of the image
  const SecretMask secrets_;  // the operator's, in the installer's environment; no caller may see them
  const LogMask hidden_;
};

}  // namespace dind

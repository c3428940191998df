// The operator's settings: defaults and maxima of limits, images, concurrency. They come from a
// JSON file in which every field is optional.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "sandbox/sandbox_host.hpp"
#include "sandbox/workspace/workspace.hpp"
#include "services/builds/image_builds.hpp"
#include "services/dependencies/dependency_installer.hpp"
#include "services/history/history.hpp"
#include "services/images/images.hpp"
#include "services/runs/policy_limits.hpp"
#include "services/upkeep/garbage.hpp"
#include "support/log/log.hpp"

namespace dind::app {

// Settings of `dind-executor serve`. Its command line takes precedence.
struct ServeSettings {
  std::string socket;  // empty: no socket
  unsigned socket_mode = 0600;
  std::string listen;  // empty: no HTTP
  std::string token_file;
  std::vector<std::string> hosts;
  std::vector<std::string> origins;
  std::int64_t max_body = 32LL << 20;
  std::chrono::milliseconds drain_timeout = std::chrono::seconds(60);  // for live runs when the server is stopped
  bool access_log = false;
};

struct Configuration {
  LimitPolicy limits;                         // defaults and maxima
  std::map<std::string, std::string> images;  // language → image
  PullPolicy pull = PullPolicy::missing;
  std::vector<std::string> allowed_images;  // patterns; empty: any image
  std::int64_t max_pulled_bytes = kMaxPulledBytes;
  Isolation isolation = Isolation::runc;
  GarbagePolicy garbage;
  HistoryPolicy history;
  DependencyPolicy packages;
  std::optional<bool> packages_enabled;  // nullopt: enabled if limits.allow_internet
  BuildPolicy build;
  sandbox::Workspace workspace;
  std::string ca_bundle;  // PEM file on the server's machine; empty: none
  LogSettings log;
  ServeSettings serve;
  sandbox::WarmPoolPolicy warm_pool{.max = 4};
  std::vector<std::string> warm_languages;
  bool handover_enabled = true;     // `run` hands its run over to a running server with the same user and settings
  std::size_t concurrent_runs = 0;  // 0: from cores and memory
  std::size_t queued_runs = 128;
  std::size_t concurrent_runs_per_client = 0;  // 0: no separate bound
  std::size_t queued_runs_per_client = 0;      // 0: half of queued_runs
  std::string docker_host;                     // empty: DOCKER_HOST, the context, the default socket
  bool enabled = true;                         // DIND_ENABLED
  std::string path;                            // the file with these settings; empty: none
};

// Where a configuration may be. The first file that exists is used. `named`: $DIND_CONFIG
// names the file, so it must exist.
struct ConfigurationPlaces {
  std::vector<std::string> files;
  bool named = false;
};
ConfigurationPlaces configuration_places();

// Order: $DIND_CONFIG, ~/.config/dind-executor/config.json, /etc/dind-executor/config.json. A
// broken file is an Error (invalid_request) that names file and field. It is never ignored, because
// it may hold a limit that somebody relies on.
// `machine_bundle`: the CA bundle of this machine or container. It is used if the file exists and neither the
// configuration nor DIND_CA_BUNDLE names another one. A container's entrypoint writes it, because `docker exec` does
// not get the variables that the entrypoint sets (K04).
inline constexpr const char* kMachineBundle = "/run/dind-executor/ca-bundle.pem";
Result<Configuration> load_configuration(const std::string& machine_bundle = kMachineBundle);
Result<Configuration> parse_configuration(std::string_view json, std::string path);

}  // namespace dind::app

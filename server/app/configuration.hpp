// The operator's settings: defaults and maxima of limits, images, concurrency. Read from a JSON file; every field
// optional.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "sandbox/prestarted.hpp"
#include "sandbox/workspace.hpp"
#include "services/garbage.hpp"
#include "services/history.hpp"
#include "services/image_builds.hpp"
#include "services/images.hpp"
#include "services/package_stage.hpp"
#include "services/policy_limits.hpp"
#include "support/log.hpp"

namespace dind::app {

// What `dind-executor serve` is given here; its command line comes first.
struct ServeSettings {
  std::string socket;  // empty: none
  unsigned socket_mode = 0600;
  std::string listen;  // empty: no HTTP
  std::string token_file;
  std::vector<std::string> hosts;
  std::vector<std::string> origins;
  std::int64_t most_body = 32LL << 20;
  std::chrono::milliseconds drain_timeout = std::chrono::seconds(60);  // for what runs when the server is stopped
  bool access_log = false;
};

struct Configuration {
  LimitPolicy limits;                         // defaults and maxima
  std::map<std::string, std::string> images;  // language → image
  PullPolicy pull = PullPolicy::missing;
  std::vector<std::string> allowed_images;  // patterns; empty: any
  std::int64_t most_pulled_bytes = kMaxPulledBytes;
  Isolation isolation = Isolation::runc;
  GarbagePolicy garbage;
  HistoryPolicy history;
  DependencyPolicy packages;
  std::optional<bool> packages_enabled;  // none: as far as a run may have a network
  BuildPolicy build;
  sandbox::Workspace workspace;
  std::string ca_bundle;  // a file of ours, PEM; empty: none
  LogSettings log;
  ServeSettings serve;
  sandbox::WarmPoolPolicy prestarted{.most = 4};
  std::vector<std::string> prestarted_languages;
  bool share_server = true;  // runs of a terminal go to a server of the same user and settings, where there is one
  std::size_t concurrent_runs = 0;  // 0: from cores and memory
  std::size_t queued_runs = 128;
  std::size_t concurrent_runs_per_client = 0;  // 0: no bound of its own
  std::size_t queued_runs_per_client = 0;      // 0: half of queued_runs
  std::string docker_host;                     // empty: DOCKER_HOST, the context, the default socket
  bool enabled = true;                         // DIND_ENABLED
  std::string path;                            // the file that it came from; empty: none
};

// Where a configuration may be: the first file that is there holds. `named`: by $DIND_CONFIG, so that it must be there.
struct ConfigurationPlaces {
  std::vector<std::string> files;
  bool named = false;
};
ConfigurationPlaces configuration_places();

// $DIND_CONFIG, else ~/.config/dind-executor/config.json, else /etc/dind-executor/config.json. A file that is broken is
// an Error (invalid_request) naming file and field, never ignored: it may hold a limit that somebody relies on.
// `machine_bundle`: the CA bundle of this machine or container, where the file is there and neither the configuration
// nor DIND_CA_BUNDLE names another. A container's entrypoint writes it, and `docker exec` has no variables of it (K04).
inline constexpr const char* kMachineBundle = "/run/dind-executor/ca-bundle.pem";
Result<Configuration> load_configuration(const std::string& machine_bundle = kMachineBundle);
Result<Configuration> parse_configuration(std::string_view json, std::string path);

}  // namespace dind::app

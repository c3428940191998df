// Replies of the Engine API as values, with only the fields that dind-executor uses; and the arguments of its calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dind::engine {

class BodyFile;

using Labels = std::map<std::string, std::string>;

struct Ping {
  std::string api_version;      // the highest that the engine speaks, "1.41"
  std::string builder_version;  // "1", "2", or empty
  std::string podman;           // Podman's version if the engine is Podman: "5.4.2"
};
struct Version {
  std::string version;  // "20.10.24"
  std::string api_version;
  std::string min_api_version;
  std::string os;
  std::string arch;  // "amd64"
};
struct Info {
  std::string storage_driver;
  std::string cgroup_version;  // "1" or "2"
  std::string cgroup_driver;
  std::string default_runtime;
  std::vector<std::string> runtimes;
  std::vector<std::string> security_options;
  std::string docker_root_dir;
  std::int64_t memory_bytes = 0;
  int cpus = 0;
  std::string system_time;  // RFC 3339, on the engine's clock
  std::string name;
  Labels labels;  // of the engine, given when it was started
};
struct Event {
  std::string type;    // "container", "image", …
  std::string action;  // "die", "pull", …
  std::string actor_id;
  Labels attributes;
};
struct Image {
  std::string id;  // sha256:…
  std::vector<std::string> repo_digests;
  std::string arch;
  std::vector<std::string> repo_tags = {};  // "name:tag"
  std::vector<std::string> volumes;         // paths that its VOLUME lines declare
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::string working_dir;  // empty: /
  std::map<std::string, std::string> env;
  Labels labels;
  std::string last_tagged;            // RFC 3339; year 1 or empty: never
  std::vector<std::string> on_build;  // its ONBUILD triggers
  std::vector<std::string> layers;    // sha256:… of the content of each layer
  std::string parent;                 // sha256:… of the image from which a step of the classic builder made it
  std::int64_t size = 0;              // bytes, including the layers of its base
  bool size_is_packed = false;        // `size` counts the compressed content as in a registry: containerd's store
};
struct ImageSummary {
  std::string id;                 // sha256:…
  std::vector<std::string> tags;  // "name:tag"; empty: dangling
  Labels labels;
  std::int64_t size = 0;     // bytes: without shared layers if the engine reports them, else with them
  std::int64_t created = 0;  // Unix seconds when it was built
};
struct PullProgress {
  std::string message;
  std::optional<int> percent;
};
struct ImageBuild {
  std::shared_ptr<BodyFile> context;  // a tar, which may still be growing
  std::string dockerfile;             // its path in the tar
  std::string tag;
  Labels labels;  // set by BuildKit; the classic builder adds them as its last step, so a LABEL line is used there
  std::string network_mode;       // "none", "container:ID", "default"; BuildKit does not support a container's
  std::int64_t memory_bytes = 0;  // for each step, no extra swap; BuildKit has no such bound
  double cpus = 1;
  std::int64_t max_file_bytes = 0;  // bytes of one file that a step writes; 0: no bound; BuildKit has no such bound
  bool pull = false;                // pull base images even if the engine has them
  bool buildkit = false;
  std::string registry_config;  // the X-Registry-Config value; empty: none
  std::map<std::string, std::string> arguments = {};
  std::string target = {};  // the stage to build; empty: the last one
};
struct BuildLine {
  std::string text;
  bool step = false;     // true: a step begins; false: a line of its output
  bool goes_on = false;  // a piece of a long line, which the next BuildLine continues
  // Instead of a text: the classic builder runs a step in this container (first 12 digits of the ID).
  std::string container;
  std::string image;  // instead of a text: the image so far (first 12 digits of the ID)
  // Instead of a text: the image ID of a stage that is complete; BuildKit: only of the last stage.
  std::string stage = {};
};
struct BuildFailure {
  std::string message;  // the builder's own
  int exit_code = 0;    // of the step's command; 0: not known
};
struct BuildOutcome {
  std::string image_id;  // sha256:…
  std::optional<BuildFailure> failure;
};
struct CreatedContainer {
  std::string id;
  std::vector<std::string> warnings;
};
struct ContainerState {
  std::string id;
  std::string name;
  std::string status;  // created, running, exited, …
  bool running = false;
  bool oom_killed = false;
  int exit_code = 0;
  std::string error;
  Labels labels;
};
struct ContainerSize {
  std::string status;        // created, running, exited, …
  std::string network_mode;  // "container:ID"
  Labels labels;
  std::int64_t written_bytes = 0;  // on top of its image, without volumes
};
// Resource usage of a container, from its control group.
struct ContainerUsage {
  std::int64_t memory_bytes = 0;          // without file cache that the kernel can drop at once
  std::chrono::milliseconds cpu_time{0};  // of all processors together, since the start
};
struct PathStat {
  std::int64_t modified = 0;  // Unix seconds
  std::int64_t size = 0;      // bytes
  std::uint32_t mode = 0;     // Go's os.FileMode: permission bits in the lowest nine, the kind in the highest
  std::string link;           // the target of a link
  bool is_folder() const { return (mode & 1U << 31) != 0; }
  bool is_link() const { return (mode & 1U << 27) != 0; }
  bool is_file() const { return (mode & 0x8f280000U) == 0; }  // a regular file
};
// The end of a container as the engine's events report it, also after the container is removed.
struct ContainerEnd {
  bool died = false;
  bool out_of_memory = false;
  bool killed_from_outside = false;  // someone asked the engine to kill it
  std::int64_t exit_code = 0;        // set if `died`
};
struct WaitResult {
  std::int64_t status_code = 0;
};
struct ContainerSummary {
  std::string id;
  std::string name;
  std::string state;
  Labels labels;
  std::int64_t created = 0;          // Unix seconds, the engine's clock
  std::string image_id;              // sha256:…
  std::vector<std::string> volumes;  // names of the volumes that it mounts
};
struct VolumeSpec {
  std::string name;
  Labels labels;
};
struct Volume {
  std::string mountpoint;  // path on the engine's machine
  Labels labels;
};
struct VolumeSummary {
  std::string name;
  Labels labels;
  std::string created;  // RFC 3339
};
struct NetworkSpec {
  std::string name;
  Labels labels;
  bool internal = false;
  std::map<std::string, std::string> options;  // driver options (bridge)
};
struct NetworkSummary {
  std::string id;
  std::string name;
  Labels labels;
  std::string created = {};  // RFC 3339
};

}  // namespace dind::engine

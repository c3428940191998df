// What the engine tells us: replies of its API, as values, with only the fields that we use.
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
  std::string api_version;      // highest that the engine speaks, "1.41"
  std::string builder_version;  // "1", "2", or empty
  std::string podman;           // Podman's version where it is one: "5.4.2"
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
  std::string system_time;  // RFC 3339, the engine's clock
  std::string name;
  Labels labels;  // its own, from how it was started
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
  std::string last_tagged;            // RFC 3339; the year 1 or empty: never
  std::vector<std::string> on_build;  // its ONBUILD triggers
  std::vector<std::string> layers;    // sha256:… of what each layer holds
  std::string parent;                 // sha256:…, where a step of the classic builder made it from another
  std::int64_t size = 0;              // bytes, with all that it is built on
  bool size_is_packed = false;        // of its content as a registry has it: containerd's store
};
struct ImageSummary {
  std::string id;                 // sha256:…
  std::vector<std::string> tags;  // "name:tag"; none: dangling
  Labels labels;
  std::int64_t size = 0;     // bytes: its own where the engine tells them apart, else with what it shares
  std::int64_t created = 0;  // Unix seconds: when it was built
};
struct PullProgress {
  std::string message;
  std::optional<int> percent;
};
struct ImageBuild {
  std::shared_ptr<BodyFile> context;  // a tar, which may still be written
  std::string dockerfile;             // its name in there
  std::string tag;
  Labels labels;                  // by BuildKit; the classic builder puts them in as its last step, so a LABEL does
  std::string network_mode;       // "none", "container:ID", "default"; BuildKit knows no container's
  std::int64_t memory_bytes = 0;  // of each step, no swap on top; BuildKit takes no bound
  double cpus = 1;
  std::int64_t most_file_bytes = 0;  // of one file that a step writes; BuildKit takes no bound; 0: none
  bool pull = false;                 // base images, even where they are there
  bool buildkit = false;
  std::string registry_config;  // the X-Registry-Config value, empty for none
  std::map<std::string, std::string> arguments = {};
  std::string target = {};  // a stage; empty: the last one
};
struct BuildLine {
  std::string text;
  bool step = false;       // a step begins; else a line of its output
  bool goes_on = false;    // a long line's piece; the next one goes on with it
  std::string container;   // in place of a text: the classic builder runs a step in it (the ID's first 12 digits)
  std::string image;       // in place of a text: it has come so far (the same)
  std::string stage = {};  // in place of a text: the image of a stage that is whole (its ID); BuildKit: of the last one
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
  std::int64_t written_bytes = 0;  // on top of its image; volumes don't count
};
// What its processes use, from their control group.
struct ContainerUsage {
  std::int64_t memory_bytes = 0;          // without files that the kernel keeps in memory and can drop at once
  std::chrono::milliseconds cpu_time{0};  // of all processors together, since the start
};
struct PathStat {
  std::int64_t modified = 0;  // Unix seconds
  std::int64_t size = 0;      // bytes
  std::uint32_t mode = 0;     // Go's: permission bits in the lowest nine, the kind in the highest
  std::string link;           // where it leads, of a link
  bool is_folder() const { return (mode & 1U << 31) != 0; }
  bool is_link() const { return (mode & 1U << 27) != 0; }
  bool is_file() const { return (mode & 0x8f280000U) == 0; }  // a regular one
};
// What the engine remembers of a container's end, after the container is gone too.
struct ContainerEnd {
  bool died = false;
  bool out_of_memory = false;
  bool killed_from_outside = false;  // somebody asked the engine for it
  std::int64_t exit_code = 0;        // where it died
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
  std::vector<std::string> volumes;  // names of those that it mounts
};
struct VolumeSpec {
  std::string name;
  Labels labels;
};
struct Volume {
  std::string mountpoint;  // where the engine's machine has it
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
};

}  // namespace dind::engine

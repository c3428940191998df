// What the engine is told about one container: only the fields that dind-executor sets, each with its unit. Values
// only. container_codec alone makes the JSON from it, so that no field has two spellings.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dind::engine {

struct Tmpfs {
  std::string path;
  std::string options;  // "rw,nosuid,nodev,size=67108864,nr_inodes=16384,mode=0700,uid=65534,gid=65534"
  bool operator==(const Tmpfs&) const = default;
};
struct Mount {
  enum class Kind { volume, bind, tmpfs };
  Kind kind = Kind::volume;
  std::string source;  // volume name, or absolute path on the engine's side
  std::string target;
  bool read_only = true;
  std::int64_t tmpfs_bytes = 0;  // kind tmpfs
  bool no_copy = false;          // kind volume: do not fill it from the image
  std::map<std::string, std::string>
      labels;              // kind volume: the labels of a volume that the engine creates because it does not exist
  bool of_engine = false;  // kind bind: in the engine's own folder, for which the engine accepts no other propagation
  bool operator==(const Mount&) const = default;
};
struct Ulimit {
  std::string name;
  std::int64_t soft = 0;
  std::int64_t hard = 0;
  bool operator==(const Ulimit&) const = default;
};

struct ContainerSpec {
  std::string image;  // an ID, sha256:…
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::map<std::string, std::string> env;
  std::map<std::string, std::string> labels;
  std::string user;  // "65534:65534"
  std::string working_dir;
  std::string hostname;
  bool open_stdin = true;  // with stdin_once, and all three streams attached
  bool network_disabled = true;
  std::string network_mode = "none";
  bool auto_remove = true;
  bool read_only_rootfs = true;
  std::vector<std::string> cap_drop;
  std::vector<std::string> cap_add;
  std::vector<std::string> security_opt;
  std::vector<Tmpfs> tmpfs;
  std::vector<Mount> mounts;
  std::vector<Ulimit> ulimits;
  std::int64_t memory_bytes = 0;  // sets Memory and MemorySwap, so there is no extra swap
  std::int64_t nano_cpus = 0;
  std::int64_t pids_limit = 0;
  std::int64_t shm_bytes = 0;
  int oom_score_adj = 1000;
  std::string ipc_mode = "private";
  std::string cgroupns_mode = "private";
  std::string log_driver = "none";
  std::map<std::string, std::string> sysctls;  // of the container's own network namespace
  std::string runtime;                         // empty: the engine's default
  std::string stop_signal =
      "SIGKILL";  // the first signal of the engine's `stop` and `restart`; the supervisor as PID 1 ignores others
  bool healthcheck_none = true;  // the image's HEALTHCHECK is not run
  bool init = false;
  // Filled by inspect only, and empty in a request: everything that would weaken the sandbox and has no field above.
  // Examples: "CapAdd=SYS_ADMIN", "Privileged=true", "MemorySwap=-1" (-1: the engine has no swap accounting),
  // "Volume=/data" (from the image).
  std::vector<std::string> extras;
  bool operator==(const ContainerSpec&) const = default;
};

}  // namespace dind::engine

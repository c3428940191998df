// What the engine is told of one container: exactly the fields that we set, each with its unit. Values only; the JSON
// is made from it in one place (container_codec), so that no field has two spellings.
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
  bool no_copy = false;          // kind volume: don't fill it from the image
  std::map<std::string, std::string>
      labels;              // kind volume: those of a volume that the engine makes because there is none
  bool of_engine = false;  // kind bind: in the engine's own folder, from where it takes no other propagation
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
  bool open_stdin = true;  // with stdin_once and attach of all three streams
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
  std::int64_t memory_bytes = 0;  // Memory and MemorySwap: no swap on top
  std::int64_t nano_cpus = 0;
  std::int64_t pids_limit = 0;
  std::int64_t shm_bytes = 0;
  int oom_score_adj = 1000;
  std::string ipc_mode = "private";
  std::string cgroupns_mode = "private";
  std::string log_driver = "none";
  std::map<std::string, std::string> sysctls;  // of its own network namespace
  std::string runtime;                         // empty: the engine's default
  std::string stop_signal =
      "SIGKILL";                 // what the engine's stop and its own restart send first; our PID 1 ignores others
  bool healthcheck_none = true;  // the image's HEALTHCHECK is not run
  bool init = false;
  // From inspect only, and empty in what we ask for: everything that would weaken the sandbox and has no field above,
  // as "CapAdd=SYS_ADMIN", "Privileged=true", "MemorySwap=-1" (-1: an engine without swap accounting), "Volume=/data"
  // (the image's own).
  std::vector<std::string> extras;
  bool operator==(const ContainerSpec&) const = default;
};

}  // namespace dind::engine

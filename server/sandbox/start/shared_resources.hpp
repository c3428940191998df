// Creates what all sandboxes share and the engine keeps between runs.
//
// This is the supervisor and the network with internet access. The supervisor is in a volume, for sandboxes. It is also
// in an image, for containers that run only the supervisor.
#pragma once

#include <cstdint>
#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/network/internet_network.hpp"
#include "sandbox/removals.hpp"
#include "sandbox/supervisor_containers.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

// "dind-supervisor-<sha256 of the supervisor>": another version of the supervisor has another volume.
std::string supervisor_volume_name();

// Whether a sandbox did not start because the supervisor is missing: someone emptied the volume, or filling it was
// interrupted.
bool supervisor_is_missing(const Error& error);

class SharedResources {
 public:
  SharedResources(engine::Client& client, Removals& removals, std::string owner);

  const std::string& supervisor_volume() const { return volume_; }
  // Creates and fills the volume if it does not exist. An existing volume is trusted until `repair_supervisor`.
  Task<Result<void>> ensure_supervisor(Deadline deadline);
  // Checks the volume, and fills it again if its content is not the supervisor (filling it was interrupted). Call it if
  // a sandbox did not start, maybe because the supervisor is missing.
  Task<Result<void>> repair_supervisor(Deadline deadline);
  // Containers that run only the supervisor.
  SupervisorContainers& supervisor_containers() { return containers_; }
  // The spec of a container that is never started. Files are copied through it into a volume, or out of the image.
  engine::ContainerSpec carrier(std::string image_id) const;
  // Copies the files of `tar` into the volume. `target`: where the carrier mounts the volume.
  Task<Result<void>> copy_into_volume(std::string volume, std::string target, std::string tar, Deadline deadline);
  InternetNetwork& internet() { return internet_; }
  // Podman only: puts the seccomp profile into a file of a volume, where the engine can read it. `anew`: the file is
  // not there any more, so it is written again.
  Task<Result<void>> ensure_profile(Deadline deadline, bool anew = false);
  // Creates the volume for a run's dependencies. It has a folder for them and one for temporary files; any user may
  // write to both. The caller registers and runs its removal. After `life`, any process may remove it.
  Task<Result<void>> create_dependency_volume(std::string volume, std::string run_id, std::chrono::seconds life,
                                              Deadline deadline);

 private:
  // A container that mounts a volume and is never started. It is removed when `removal` is destroyed.
  struct Carrier {
    Removals::PendingRemoval removal;
    std::string id;
  };
  Task<Result<Carrier>> make_carrier(std::string volume, std::string target, Deadline deadline);
  Task<Result<void>> fill(std::string carrier_id, Deadline deadline);

  engine::Client& client_;
  Removals& removals_;
  std::string owner_;
  SupervisorContainers containers_;
  InternetNetwork internet_;
  std::string volume_;
  bool volume_seen_ = false;
};

}  // namespace dind::sandbox

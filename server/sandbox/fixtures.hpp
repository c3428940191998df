// What every sandbox shares and the engine keeps between runs: the supervisor, in a volume for sandboxes and in an
// image of its own for what is ours alone, and the network with a way out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/removals.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

// "dind-supervisor-<sha256 of the supervisor>": another version of ours has another volume.
std::string supervisor_volume_name();

// Whether a sandbox did not start since the supervisor isn't where it should be: somebody emptied the volume, or its
// filling broke off.
bool supervisor_is_missing(const Error& error);

class SharedResources {
 public:
  SharedResources(engine::Client& client, Removals& removals, std::string owner);

  const std::string& supervisor_volume() const { return volume_; }
  // Makes and fills the volume where it isn't there. One that is there is trusted until `repair_supervisor`.
  Task<Result<void>> ensure_supervisor(Deadline deadline);
  // A sandbox did not start, maybe for want of the supervisor: looks at the volume, and fills it again where what is in
  // it is not the supervisor (a filling that broke off).
  Task<Result<void>> repair_supervisor(Deadline deadline);
  // Loads the image with the supervisor alone (supervisor_image) where the engine does not have it. Its ID is known by
  // its content, never by its name.
  Task<Result<engine::Image>> ensure_supervisor_image(Deadline deadline);
  // Makes a container of that image: loads it again where somebody has removed it meanwhile.
  Task<Result<engine::CreatedContainer>> create_from_supervisor_image(Removals::PendingRemoval& removal,
                                                                      std::string name, engine::ContainerSpec spec,
                                                                      Deadline deadline);
  // A container of the image that is never started: files go through it into a volume, or out of the image.
  engine::ContainerSpec carrier(std::string image_id) const;
  // Puts `tar` into the volume.
  Task<Result<void>> carry(std::string volume, std::string target, std::string tar, Deadline deadline);
  Task<Result<void>> ensure_internet(Deadline deadline);
  // Where the engine is Podman: the seccomp profile is a file of a volume, where the engine can read it. `anew`: it is
  // not there any more.
  Task<Result<void>> ensure_profile(Deadline deadline, bool anew = false);
  // The volume for a run's packages, with a folder and one for temporary files that any user may write. Its
  // removal is the caller's removal. After `life` anybody may remove it.
  Task<Result<void>> create_dependency_volume(std::string volume, std::string run_id, std::chrono::seconds life,
                                              Deadline deadline);

 private:
  // A container that has a volume, is never started, and goes with its removal.
  struct Carrier {
    Removals::PendingRemoval removal;
    std::string id;
  };
  Task<Result<Carrier>> make_carrier(std::string volume, std::string target, Deadline deadline);
  Task<Result<void>> fill(std::string carrier_id, Deadline deadline);

  engine::Client& client_;
  Removals& removals_;
  std::string owner_;
  std::string volume_;
  bool volume_seen_ = false;
  std::optional<engine::Image> image_;
  bool internet_seen_ = false;
};

}  // namespace dind::sandbox

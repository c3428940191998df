// What every sandbox shares and the engine keeps between runs: the volume with the supervisor, the network with a way
// out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/removals.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

// "dind-supervisor-<sha256 of the supervisor>": another version of ours has another volume.
std::string supervisor_volume_name();

class Fixtures {
 public:
  Fixtures(engine::Client& client, Removals& removals, std::string owner);

  const std::string& supervisor_volume() const { return volume_; }
  // Makes and fills the volume where it isn't there; `image_id`: any image, for the container that carries the file in
  // and is never started. One that is there is trusted until `refill`.
  Task<Result<void>> ensure_supervisor(std::string image_id, Deadline deadline);
  // The volume was there and did not work (a filling that broke off): fills it again.
  Task<Result<void>> refill_supervisor(std::string image_id, Deadline deadline);
  Task<Result<void>> ensure_internet(Deadline deadline);
  // The volume for a run's packages, with a folder and one for temporary files that are the sandbox's user's. Its
  // removal is the caller's debt. `remove_after`: Unix seconds, when anybody may remove it.
  Task<Result<void>> make_packages(std::string volume, std::string run_id, std::string image_id,
                                   std::int64_t remove_after, Deadline deadline);

 private:
  Task<Result<void>> fill(std::string image_id, Deadline deadline);
  // Puts `tar` into the volume, through a container that is never started.
  Task<Result<void>> carry(std::string volume, std::string target, std::string tar, std::string image_id,
                           Deadline deadline);

  engine::Client& client_;
  Removals& removals_;
  std::string owner_;
  std::string volume_;
  bool volume_seen_ = false;
  bool internet_seen_ = false;
};

}  // namespace dind::sandbox

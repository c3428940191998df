// Makes the volumes with the files that every sandbox has in /etc: one for each image and user, filled once.
//
// A sandbox with NetworkDisabled has an empty /etc/hosts, and no image knows the user of a run. So the files are
// mounted one by one, from the volume's path on the engine's disk. The engine itself reports that path (`Mountpoint`),
// never a client. So no path of a client becomes the source of a bind mount.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/labels.hpp"
#include "sandbox/removals.hpp"
#include "sandbox/start/shared_resources.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

// How a sandbox's user ids map to user ids of the engine's machine.
enum class EngineUsers {
  same,      // the same numbers, all of them
  rootless,  // mapped by a rootless engine: 65,536 ids
  remapped,  // mapped by userns-remap: 65,536 ids
};

EngineUsers engine_users(const engine::Info& info);
// A note for people: why a program may be unable to write to the workspace, although its user `user` is the workspace's
// owner (N05). Empty: it can write.
std::string mapped_users_note(EngineUsers users, const std::string& user);

struct EtcFolder {
  std::string path;  // on the engine's machine; empty: the files are not mounted
  EngineUsers users = EngineUsers::same;
  // Paths of the image's VOLUME lines in which the image has something.
  std::vector<std::string> filled;
};

class EtcVolumes {
 public:
  EtcVolumes(engine::Client& client, Removals& removals, SharedResources& resources);

  // Finds the volume, or creates and fills it if the engine does not have it. An existing volume is trusted until
  // `refill`. If it can't be created, the path is empty, and the log says why. Error: engine_unavailable only.
  Task<Result<EtcFolder>> find(engine::Image image, std::string user, Deadline deadline);
  // Fills the volume again. Call it if a file in it was missing: someone removed the volume, or filling it was
  // interrupted.
  Task<Result<EtcFolder>> refill(engine::Image image, std::string user, Deadline deadline);
  void forget() { seen_.clear(); }
  // Call it if the engine can't mount such files at all: from now on, sandboxes are created without them.
  void give_up(const Error& error);

  static std::string volume_name(const std::string& image_id, const std::string& user);

 private:
  Task<Result<EtcFolder>> fill(std::string volume, engine::Image image, std::string user, Deadline deadline);
  struct ImageFiles {
    std::string passwd;
    std::string group;
    std::vector<std::string> filled;
  };
  Task<Result<ImageFiles>> look_into(engine::Image image, Deadline deadline);
  Task<Result<bool>> folder_has_entries(std::string container, std::string path, Deadline deadline);
  Task<Result<std::string>> read_file(std::string container, std::string path, Deadline deadline);

  engine::Client& client_;
  Removals& removals_;
  SharedResources& resources_;
  std::map<std::string, EtcFolder> seen_;  // by the volume's name
  bool given_up_ = false;
};

}  // namespace dind::sandbox

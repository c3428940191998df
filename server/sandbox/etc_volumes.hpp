// The volumes with the files that every sandbox has in /etc: one for each image and user, filled once.
//
// A sandbox with NetworkDisabled has an empty /etc/hosts, and no image knows the user of a run. The files are mounted
// one by one, from the volume's place on the engine's disk. That place is the engine's own word (`Mountpoint`), never a
// client's, so no path of a client becomes a bind source.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/fixtures.hpp"
#include "sandbox/removals.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

// Whose user ids a sandbox's are on the engine's machine.
enum class EngineUsers {
  same,      // the same numbers, all of them
  rootless,  // mapped, by a rootless engine: 65,536 of them
  remapped,  // mapped, by userns-remap: 65,536 of them
};

EngineUsers engine_users(const engine::Info& info);
// For people: why a program whose user is `user`, the workspace's owner, may not write to the workspace (N05). Empty:
// it may.
std::string mapped_users_note(EngineUsers users, const std::string& user);

struct EtcFolder {
  std::string path;  // on the engine's machine; empty: its files are not mounted
  EngineUsers users = EngineUsers::same;
  std::vector<std::string> filled;  // of the image's volumes (its VOLUME lines): those in which it has something
};

class EtcVolumes {
 public:
  EtcVolumes(engine::Client& client, Removals& removals, SharedResources& fixtures);

  // Makes and fills the volume where the engine has none. One that is there is trusted until `refill`. Where it can't
  // be made, the path is empty, and the log says why. Error: engine_unavailable only.
  Task<Result<EtcFolder>> find(engine::Image image, std::string user, Deadline deadline);
  // A file in it was not there (somebody removed the volume, or its filling broke off): fills it again.
  Task<Result<EtcFolder>> refill(engine::Image image, std::string user, Deadline deadline);
  void forget() { seen_.clear(); }
  // The engine does not mount such files at all: they are left out from now on.
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
  SharedResources& fixtures_;
  std::map<std::string, EtcFolder> seen_;  // by the volume's name
  bool given_up_ = false;
};

inline constexpr const char* kUsersLabel = "dind-executor.users";    // of such a volume: EngineUsers
inline constexpr const char* kFilledLabel = "dind-executor.filled";  // of such a volume: EtcFolder::filled, in lines

}  // namespace dind::sandbox

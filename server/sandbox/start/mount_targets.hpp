// Checks that an image does not redirect the mounts of a sandbox.
//
// The runtime follows the links of an image to find where a mount goes. The kernel follows them again when the
// supervisor is started, and may reach another place. So an image with a link at such a path could run its own program
// instead of the supervisor (S01).
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/removals.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

// The mount paths of a sandbox that the image can influence: absolute, without those inside the workspace and the
// dependencies.
struct MountTargets {
  std::vector<std::string> ours;  // no link and no file may be at or above them
  // From the image's VOLUME lines, and files in /etc. A link is allowed there if it does not lead to a reserved path.
  std::vector<std::string> volumes;
  std::string working_dir;  // the image's WORKDIR, if it is used; empty: it is not
  bool operator==(const MountTargets&) const = default;
};
MountTargets mount_targets(const engine::ContainerSpec& spec, const engine::Image& image);

// Mounts for a container that is never started. It then shows what the image itself has at its VOLUMEs, also where one
// VOLUME is inside another. Without them, the engine would create a volume for each.
std::vector<engine::Mount> volume_covers(const engine::Image& image);

// Why an image's WORKDIR can't be used, judged by its text only. Empty: it can be used. The text is for people and
// follows "its WORKDIR …".
std::string working_dir_problem(const std::string& path);
Error working_dir_refused(const std::string& image, const std::string& path, const std::string& problem);

// The error for an image with a VOLUME that no mount can cover in this run, judged by its text only.
std::optional<Error> refused_volume(const std::string& image_name, const RunPlan& plan, const engine::Image& image);

// Checks each image only once, because an image ID identifies its content. It remembers the images without problems,
// also in a file (`remember_in`). So a process that lives for one run does not check again.
class ImageCheck {
 public:
  ImageCheck(engine::Client& client, Removals& removals) : client_(client), removals_(removals) {}

  void remember_in(std::filesystem::path file) { file_ = std::move(file); }
  bool knows(const engine::Image& image, const MountTargets& targets);
  // Checks the image in `container`, which was created from it and is not started. Error: the first problem, and what
  // to do.
  Task<Result<void>> check(std::string container, engine::Image image, std::string image_name, MountTargets targets,
                           Deadline deadline);
  // The same in a separate container without the sandbox's mounts. So the engine follows no link of the image into the
  // workspace.
  Task<Result<void>> check_apart(engine::ContainerSpec spec, engine::Image image, std::string image_name,
                                 MountTargets targets, Deadline deadline);

  // The path in `container` to which `path` leads, as the runtime follows its links. Empty: the links do not end.
  static Task<Result<std::string>> follow_links(engine::Client& client, std::string container, std::string path,
                                                Deadline deadline);

 private:
  struct Look;
  void remember(const std::string& key);

  engine::Client& client_;
  Removals& removals_;
  std::filesystem::path file_;
  bool file_read_ = false;
  std::set<std::string> fine_;
};

}  // namespace dind::sandbox

// Whether an image leaves a sandbox's mounts where they belong. The runtime follows the links of an image to find where
// a mount goes, and the kernel follows them again, maybe elsewhere, when the supervisor is started: so an image with a
// link at such a place could put its own program in the supervisor's (S01).
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
#include "support/task.hpp"

namespace dind::sandbox {

// What of a sandbox's paths the image has a say in: absolute, without those inside of our own mounts.
struct MountTargets {
  std::vector<std::string> ours;     // no link and no file may be there, or above
  std::vector<std::string> volumes;  // of the image's VOLUME lines: a link may, where it leads to nothing of ours
  std::string working_dir;           // the image's own, where it is used; empty: it is not
  bool operator==(const MountTargets&) const = default;
};
MountTargets mount_targets(const engine::ContainerSpec& spec, const engine::Image& image);

// Mounts for a container that is never started: it shows what the image itself has at its VOLUMEs, for which the engine
// would otherwise make disks, with what is mounted in one another.
std::vector<engine::Mount> volume_covers(const engine::Image& image);

// Why an image's WORKDIR can't be used, by its text alone; empty: it can. For people, after "its WORKDIR …".
std::string working_dir_problem(const std::string& path);
Error working_dir_refused(const std::string& image, const std::string& path, const std::string& problem);

// The error for an image with a VOLUME that no mount can cover in this run, by its text alone.
std::optional<Error> refused_volume(const std::string& image_name, const RunPlan& plan, const engine::Image& image);

// Looks at each image once: an ID names its content. Remembers those that are fine, in a file too (`remember_in`), so
// that a process that lives for one run does not look again.
class ImageCheck {
 public:
  ImageCheck(engine::Client& client, Removals& removals) : client_(client), removals_(removals) {}

  void remember_in(std::filesystem::path file) { file_ = std::move(file); }
  bool knows(const engine::Image& image, const MountTargets& targets);
  // In `container`, which is of the image and not started. Error: the first thing that is wrong, and what to do.
  Task<Result<void>> check(std::string container, engine::Image image, std::string image_name, MountTargets targets,
                           Deadline deadline);
  // The same in a container of its own without any mount, so that the engine follows no link of the image's into the
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

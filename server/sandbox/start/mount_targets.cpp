#include "sandbox/start/mount_targets.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "sandbox/creation.hpp"
#include "sandbox/plan/cleaned.hpp"
#include "support/ids.hpp"
#include "support/io/private_files.hpp"
#include "support/log/log.hpp"
#include "support/text/shortened.hpp"

namespace dind::sandbox {
namespace {

constexpr int kMaxLinks = 40;
constexpr std::size_t kMaxLength = 4000;              // max length of a path
constexpr std::uintmax_t kMaxCacheBytes = 512 << 10;  // some thousand images; a larger file is emptied

bool is_in(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

// Whether `end`, to which the VOLUME `target` leads, is a place where nothing of an image may be mounted. The workspace
// and the dependencies are not in every sandbox: without them, a VOLUME may name such a place itself.
bool is_reserved(const std::string& end, const std::string& target, const MountTargets& targets) {
  if (end == "/") return true;
  const auto holds = [&](const char* folder) { return is_in(end, folder); };
  if (std::ranges::any_of(std::initializer_list<const char*>{"/.dind", kRunFolder, "/proc", "/sys", "/dev"}, holds))
    return true;
  return std::ranges::any_of(std::initializer_list<const char*>{kWorkspaceMount, kDependenciesMount},
                             [&](const char* folder) {
                               const bool mounted = std::ranges::find(targets.ours, folder) != targets.ours.end();
                               return holds(folder) && (mounted || end != target);
                             });
}

bool has_mount_above(const std::string& path, const std::set<std::string>& mounts) {
  return std::ranges::any_of(
      std::initializer_list<const char*>{kWorkspaceMount, kDependenciesMount},
      [&](const char* folder) { return mounts.contains(folder) && path.starts_with(std::string(folder) + "/"); });
}

std::string key_of(const engine::Image& image, const MountTargets& targets) {
  std::string all = "2";  // version of these rules
  for (const auto& path : targets.ours) all += '\0' + path;
  for (const auto& path : targets.volumes) all += '\0' + ("volume " + path);
  all += '\0' + targets.working_dir;
  return image.id + " " + sha256(all).substr(0, 16);
}

}  // namespace

MountTargets mount_targets(const engine::ContainerSpec& spec, const engine::Image& image) {
  MountTargets targets;
  std::set<std::string> volumes;
  for (const auto& volume : image.volumes) volumes.insert(cleaned(volume));
  std::set<std::string> all;
  for (const auto& each : spec.tmpfs) all.insert(cleaned(each.path));
  // The files in /etc are treated like VOLUMEs of the image, because many images have a link there.
  for (const auto& each : spec.mounts) {
    all.insert(cleaned(each.target));
    if (each.of_engine) volumes.insert(cleaned(each.target));
  }
  for (const auto& path : all) {
    // What is in the workspace or in the dependencies does not come from the image.
    if (has_mount_above(path, all)) continue;
    const bool fixed = path == "/.dind" || path == "/tmp" || path == kRunFolder || path == kWorkspaceMount ||
                       path == kDependenciesMount;
    const bool of_image = volumes.contains(path) && !fixed;
    (of_image ? targets.volumes : targets.ours).push_back(path);
  }
  if (spec.working_dir.empty()) targets.working_dir = image.working_dir;
  return targets;
}

std::vector<engine::Mount> volume_covers(const engine::Image& image) {
  std::set<std::string> paths;
  for (const auto& volume : image.volumes) paths.insert(cleaned(volume));
  std::vector<engine::Mount> covers;
  for (const auto& path : paths)
    covers.push_back(
        {.kind = engine::Mount::Kind::tmpfs, .source = {}, .target = path, .read_only = true, .tmpfs_bytes = 4096});
  return covers;
}

std::string working_dir_problem(const std::string& path) {
  if (path.empty()) return {};
  if (!path.starts_with('/')) return "is not an absolute path";
  if (path.size() > kMaxLength) return "is longer than 4,000 characters";
  if (std::ranges::any_of(path, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) return "has control characters";
  for (const auto& part : std::filesystem::path(path))
    if (part == "..") return "has .. in it";
  const auto clean = cleaned(path);
  for (const char* folder : {"/proc", "/sys", "/dev"})
    if (is_in(clean, folder)) return std::string("is in ") + folder;
  return {};
}

// An engine makes a disk for each VOLUME that has no mount at the very path that the image names.
std::optional<Error> refused_volume(const std::string& image_name, const RunPlan& plan, const engine::Image& image) {
  std::set<std::string> mounts;
  if (plan.workspace) mounts.insert(kWorkspaceMount);
  for (const auto& each : plan.volumes) mounts.insert(each.target);
  for (const auto& volume : image.volumes) {
    const auto path = cleaned(volume);
    std::string problem;
    if (!volume.starts_with('/'))
      problem = "is not absolute. Write " + shortened(path, 80) + " in the image";
    else if (path == "/")
      problem = "is the root folder, over which nothing can be mounted. Remove the VOLUME from the image";
    else if (has_mount_above(path, mounts))
      problem = path.starts_with(kWorkspaceMount)
                    ? "is in the workspace, which this run mounts at " + std::string(kWorkspaceMount) +
                          ". Remove the VOLUME from the image, or run it without the workspace"
                    : "is in " + std::string(kDependenciesMount) +
                          ", where this run has its packages. Remove the VOLUME from the image";
    if (!problem.empty())
      return Error{ErrorCode::invalid_request, "The image " + image_name + " can't be used: its VOLUME \"" +
                                                   shortened(volume, 80) + "\" " + problem};
  }
  return std::nullopt;
}

Error working_dir_refused(const std::string& image, const std::string& path, const std::string& problem) {
  return {ErrorCode::invalid_request, "The image " + image + " can't be used: its WORKDIR \"" + shortened(path, 80) +
                                          "\" " + problem + ". Name another one (-w), or change it in the image"};
}

struct ImageCheck::Look {
  engine::Client& client;
  std::string container;
  Deadline deadline;
  std::map<std::string, std::optional<engine::PathStat>> seen;  // by path; no parent of the path is a link

  Task<Result<std::optional<engine::PathStat>>> at(std::string path) {
    if (const auto known = seen.find(path); known != seen.end()) co_return known->second;
    auto there = co_await client.stat_path(container, path, deadline);
    if (!there) co_return std::unexpected(there.error());
    seen.emplace(std::move(path), *there);
    co_return std::move(*there);
  }

  // What is wrong at a mount path of dind-executor. Empty: nothing.
  Task<Result<std::string>> of_ours(std::string target) {
    for (std::size_t end = 1; end != std::string::npos;) {
      end = target.find('/', end + 1);
      const auto path = target.substr(0, end);
      const auto there = co_await at(path);
      if (!there) co_return std::unexpected(there.error());
      if (!*there) co_return std::string();
      if ((*there)->is_link()) co_return "its " + path + " is a link to " + shortened((*there)->link, 80);
      if (!(*there)->is_folder()) co_return "its " + path + " is not a folder";
    }
    co_return std::string();
  }

  // Where a path leads if links are followed as the runtime does. Empty: it has more than kMaxLinks links.
  Task<Result<std::string>> end_of(std::string path, int links = 0) {
    std::string done;
    for (std::size_t at_slash = 0; at_slash < path.size();) {
      const auto next = std::min(path.find('/', at_slash + 1), path.size());
      const auto here = done + path.substr(at_slash, next - at_slash);
      const auto there = co_await at(here);
      if (!there) co_return std::unexpected(there.error());
      if (*there && (*there)->is_link()) {
        if (links >= kMaxLinks) co_return std::string();
        const std::string link = (*there)->link;
        const auto led = link.starts_with('/') ? link : (done.empty() ? "/" : done + "/") + link;
        co_return co_await end_of(cleaned(led + path.substr(next)), links + 1);
      }
      done = here;
      at_slash = next;
      if (*there && !(*there)->is_folder()) break;  // nothing is below it
    }
    co_return done;
  }
};

Task<Result<std::string>> ImageCheck::follow_links(engine::Client& client, std::string container, std::string path,
                                                   Deadline deadline) {
  Look look{.client = client, .container = std::move(container), .deadline = deadline, .seen = {}};
  co_return co_await look.end_of(cleaned(path));
}

bool ImageCheck::knows(const engine::Image& image, const MountTargets& targets) {
  if (!file_read_ && !file_.empty()) {
    file_read_ = true;
    std::ifstream lines(file_);
    for (std::string line; std::getline(lines, line);) fine_.insert(line);
  }
  return fine_.contains(key_of(image, targets));
}

void ImageCheck::remember(const std::string& key) {
  fine_.insert(key);
  if (file_.empty()) return;
  std::error_code ignored;
  (void)make_private_folder(file_.parent_path().string());
  const bool large = std::filesystem::file_size(file_, ignored) > kMaxCacheBytes && !ignored;
  const int fd = open_private(file_.string(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | (large ? O_TRUNC : 0));
  if (fd < 0) return;  // the image is then checked again next time
  const std::string line = key + "\n";
  if (::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    log(LogLevel::debug, "The file " + file_.string() + " could not be written");
  ::close(fd);
}

Task<Result<void>> ImageCheck::check(std::string container, engine::Image image, std::string image_name,
                                     MountTargets targets, Deadline deadline) {
  const auto refuse = [&](const std::string& what, const std::string& remedy) {
    return fail(ErrorCode::invalid_request, "The image " + image_name + " can't be used: " + what + ". " + remedy);
  };
  const auto refuse_dir = [&](const std::string& problem) {
    return std::unexpected(working_dir_refused(image_name, targets.working_dir, problem));
  };
  Look look{.client = client_, .container = std::move(container), .deadline = deadline, .seen = {}};
  for (const auto& target : targets.ours) {
    const auto wrong = co_await look.of_ours(target);
    if (!wrong) co_return std::unexpected(wrong.error());
    if (!wrong->empty())
      co_return refuse(*wrong,
                       "A sandbox has a mount at " + target + ": the image must have a folder there, or nothing");
  }
  for (const auto& target : targets.volumes) {
    const auto end = co_await look.end_of(target);
    if (!end) co_return std::unexpected(end.error());
    if (end->empty() || is_reserved(*end, target, targets))
      co_return refuse("its VOLUME " + shortened(target, 80) + (*end == target ? " is" : " leads to ") +
                           (end->empty()     ? "itself"
                            : *end == target ? ""
                                             : shortened(*end, 80) + ",") +
                           " a path that the sandbox itself uses",
                       "Remove the VOLUME from the image");
  }
  for (const auto& volume : image.volumes) {
    const auto target = cleaned(volume);
    const auto end = co_await look.end_of(target);
    if (!end) co_return std::unexpected(end.error());
    const auto there = co_await look.at(*end);
    if (!there) co_return std::unexpected(there.error());
    if (*there && !(*there)->is_folder())
      co_return refuse("its VOLUME " + shortened(target, 80) +
                           (*end == target                   ? ""
                            : target.starts_with(*end + "/") ? " is below " + shortened(*end, 80) + ", which"
                                                             : " leads to " + shortened(*end, 80) + ", which") +
                           " is not a folder",
                       "Remove the VOLUME from the image");
  }
  if (!targets.working_dir.empty()) {
    const auto end = co_await look.end_of(cleaned(targets.working_dir));
    if (!end) co_return std::unexpected(end.error());
    if (end->empty()) co_return refuse_dir("is a link to itself");
    if (const auto problem = working_dir_problem(*end); !problem.empty())
      co_return refuse_dir("leads to " + shortened(*end, 80) + ", which " + problem);
  }
  remember(key_of(image, targets));
  co_return Result<void>{};
}

Task<Result<void>> ImageCheck::check_apart(engine::ContainerSpec spec, engine::Image image, std::string image_name,
                                           MountTargets targets, Deadline deadline) {
  spec.tmpfs.clear();
  spec.working_dir = "/";  // a folder that every image has
  spec.network_disabled = true;
  spec.network_mode = "none";
  spec.sysctls.clear();
  spec.labels[kRunLabel] = "carrier";  // not a run ID: the container is never started
  spec.mounts = volume_covers(image);
  const std::string name = "dind-image-check-" + random_id();
  auto removal = removals_.expect_container(name);
  const auto created = co_await create_expected(client_, removal, name, std::move(spec), deadline);
  if (!created) co_return std::unexpected(created.error());
  co_return co_await check(created->id, std::move(image), std::move(image_name), std::move(targets), deadline);
}

}  // namespace dind::sandbox

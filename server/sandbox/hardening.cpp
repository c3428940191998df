#include "sandbox/hardening.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "sandbox/embedded.hpp"
#include "sandbox/plan/cleaned.hpp"
#include "sandbox/supervision/frames.hpp"
#include "sandbox/supervisor_image.hpp"
#include "support/ids.hpp"
#include "support/text/shortened.hpp"

namespace dind::sandbox {
namespace {

// Inodes of a tmpfs use kernel memory that no limit counts. One inode for each 4 KiB of the tmpfs is enough.
constexpr std::int64_t kBytesPerInode = 4096;

constexpr std::int64_t kCoverBytes = 4096;  // size of the empty folder that covers another one

constexpr std::int64_t kGvisorThreads = 256;
constexpr std::int64_t kGvisorThreadsPerProcess = 8;

std::string tmpfs_options(std::int64_t bytes, const std::string& who) {
  return "rw,exec,nosuid,nodev,size=" + std::to_string(bytes) +
         ",nr_inodes=" + std::to_string(std::max<std::int64_t>(64, bytes / kBytesPerInode)) + "," + who;
}

// Someone may remove the volume just before the create. Then the engine creates an empty one, whose label must show
// that dind-executor uses it.
engine::Mount supervisor_mount(const SandboxContext& context) {
  return {.kind = engine::Mount::Kind::volume,
          .source = context.supervisor_volume,
          .target = "/.dind",
          .read_only = true,
          .no_copy = true,
          .labels = {{kCacheLabel, "supervisor"}}};
}

// gVisor does not show where a mount comes from. So a link that was put at its path could not be detected, and no part
// of the workspace is mounted separately under gVisor.
bool workspace_is_read_only(const RunPlan& plan) {
  if (*plan.workspace == WorkspaceAccess::read_only) return true;
  return !plan.writable_folder.empty() && plan.isolation != Isolation::gvisor;
}

void add_workspace_mount(const WorkspaceMount& mount, const RunPlan& plan, const SandboxContext& context,
                         std::vector<engine::Mount>& all) {
  const std::string target = std::string(kWorkspaceMount) + "/" + mount.path;
  if (plan.isolation != Isolation::gvisor) {
    all.push_back({.kind = engine::Mount::Kind::bind,
                   .source = cleaned(context.workspace_source) + "/" + mount.path,
                   .target = target,
                   .read_only = mount.read_only});
  } else if (mount.read_only && mount.folder) {
    // It is covered instead: the program sees an empty folder there.
    all.push_back({.kind = engine::Mount::Kind::tmpfs,
                   .source = {},
                   .target = target,
                   .read_only = true,
                   .tmpfs_bytes = kCoverBytes});
  }
}

// Covers each VOLUME of the image with a small tmpfs. Without it, the VOLUME would be disk space without a limit.
void cover_volumes(const std::vector<std::string>& volumes, std::set<std::string>& covered, std::int64_t bytes,
                   std::vector<engine::Mount>& all) {
  for (const auto& volume : volumes) {
    const auto path = cleaned(volume);
    if (!covered.insert(path).second) continue;
    all.push_back(
        {.kind = engine::Mount::Kind::tmpfs, .source = {}, .target = path, .read_only = false, .tmpfs_bytes = bytes});
  }
}

// If the image has files in a VOLUME, a volume that the engine fills from the image shows them. It is read-only, like
// the rest of the image (B02). All runs of the image share it, because no engine creates a read-only volume without a
// name.
void show_filled_volumes(const SandboxContext& context, std::set<std::string>& covered,
                         std::vector<engine::Mount>& all) {
  for (const auto& volume : context.filled_volumes) {
    const auto path = cleaned(volume);
    if (!covered.insert(path).second) continue;
    all.push_back({.kind = engine::Mount::Kind::volume,
                   .source = "dind-content-" + sha256(context.image.id + "\n" + path).substr(0, 40),
                   .target = path,
                   .read_only = true,
                   .no_copy = false,
                   .labels = {{kCacheLabel, "content"}, {kImageLabel, context.image.id}}});
  }
}

std::vector<engine::Mount> mounts(const RunPlan& plan, const SandboxContext& context) {
  std::vector<engine::Mount> all;
  all.push_back(supervisor_mount(context));
  std::set<std::string> covered{"/.dind", "/tmp", kRunFolder};
  for (const auto& volume : plan.volumes) {
    all.push_back({.kind = engine::Mount::Kind::volume,
                   .source = volume.name,
                   .target = volume.target,
                   .read_only = volume.read_only,
                   .no_copy = true,
                   // If the volume is already removed (at a stop), the engine creates it again. Then the labels must
                   // say who owns it.
                   .labels = {{kOwnerLabel, context.owner},
                              {kRunLabel, plan.run_id},
                              {kDeadlineLabel, std::to_string(context.remove_after)}}});
    covered.insert(volume.target);
  }
  if (!context.etc_folder.empty())
    for (const char* name : {"hosts", "passwd", "group"}) {
      all.push_back({.kind = engine::Mount::Kind::bind,
                     .source = context.etc_folder + "/" + name,
                     .target = std::string("/etc/") + name,
                     .read_only = true,
                     .of_engine = true});
      covered.insert(all.back().target);
    }
  if (plan.workspace) {
    all.push_back({.kind = engine::Mount::Kind::bind,
                   .source = context.workspace_source,
                   .target = kWorkspaceMount,
                   .read_only = workspace_is_read_only(plan)});
    covered.insert(kWorkspaceMount);
    for (const auto& mount : plan.workspace_mounts) add_workspace_mount(mount, plan, context, all);
  }
  // A VOLUME below a mount of the sandbox gets no mount of its own: the runtime would create its folder there, as root
  // (volume_problem refuses it).
  const auto& volumes = context.image.volumes;
  for (const auto& volume : volumes)
    for (const char* folder : {kWorkspaceMount, kDependenciesMount})
      if (const auto path = cleaned(volume); covered.contains(folder) && path.starts_with(std::string(folder) + "/"))
        covered.insert(path);
  show_filled_volumes(context, covered, all);
  cover_volumes(volumes, covered, plan.limits.tmp_bytes, all);
  return all;
}

template <typename T>
std::string shown(const T& value) {
  if constexpr (std::is_same_v<T, bool>)
    return value ? "true" : "false";
  else if constexpr (std::is_arithmetic_v<T>)
    return std::to_string(value);
  else
    return value.empty() ? "nothing" : value;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const auto& part : parts) all += (all.empty() ? "" : " ") + shortened(part, 100);
  return all;
}

std::string listed(const std::map<std::string, std::string>& switches) {
  std::string all;
  for (const auto& [name, value] : switches) all += (all.empty() ? "" : " ") + shortened(name + "=" + value, 100);
  return all;
}

std::string described(const engine::Tmpfs& each) { return each.path + " (" + each.options + ")"; }
std::string described(const engine::Mount& each) {
  constexpr const char* kKinds[] = {"volume", "bind", "tmpfs"};
  return each.target + " (" + kKinds[static_cast<int>(each.kind)] + (each.source.empty() ? "" : " " + each.source) +
         (each.read_only ? ", read-only" : ", writable") +
         (each.tmpfs_bytes > 0 ? ", " + std::to_string(each.tmpfs_bytes) + " bytes" : "") + ")";
}
std::string described(const engine::Ulimit& each) {
  return each.name + " (" + std::to_string(each.soft) + " to " + std::to_string(each.hard) + ")";
}
const std::string& mount_key(const engine::Tmpfs& each) { return each.path; }
const std::string& mount_key(const engine::Mount& each) { return each.target; }
const std::string& mount_key(const engine::Ulimit& each) { return each.name; }

bool same_mount(const engine::Mount& a, const engine::Mount& b) {
  // NoCopy and labels say how a volume is created, not what it allows. Some engines don't report them.
  return a.kind == b.kind && a.source == b.source && a.target == b.target && a.read_only == b.read_only &&
         a.tmpfs_bytes == b.tmpfs_bytes;
}

// An engine without swap accounting reports -1 and limits only Memory. The doctor reports this; it is no reason to
// refuse every run.
bool tolerable(const std::string& extra) { return extra == "MemorySwap=-1"; }

}  // namespace

engine::ContainerSpec harden(const RunPlan& plan, const SandboxContext& context) {
  const bool internet = plan.network == Network::internet;
  engine::ContainerSpec spec;
  spec.image = context.image.id;
  spec.entrypoint = {kSupervisorPath};
  spec.labels = {
      {kOwnerLabel, context.owner}, {kRunLabel, plan.run_id}, {kDeadlineLabel, std::to_string(context.remove_after)}};
  spec.user = context.user;
  // The runtime creates a missing folder as root, also in the workspace. So it gets no folder that a caller named. The
  // supervisor enters that folder, or reports that it is missing.
  const auto& usual = context.image.working_dir;
  spec.working_dir = plan.working_dir;
  if (plan.working_dir.empty()) spec.working_dir = usual.empty() || usual == "/" ? kRunFolder : "";
  if (!plan.working_dir.empty() && plan.working_dir != kRunFolder) spec.working_dir = "/";
  spec.hostname = "sandbox";
  spec.network_disabled = !internet;
  spec.network_mode = internet ? context.internet_network : "none";
  // rp_filter is off: replies of the gateway must not be dropped as forged once the gateway is unreachable. The egress
  // filter does the same for the device itself (N01: an engine from API 1.46 on accepts no device setting here). IPv6
  // is off, so that there is no second way out.
  if (internet) spec.sysctls = {{"net.ipv4.conf.all.rp_filter", "0"}, {"net.ipv6.conf.all.disable_ipv6", "1"}};
  spec.cap_drop = {"ALL"};
  spec.security_opt = {"no-new-privileges", "seccomp=" + std::string(seccomp_profile())};
  const auto colon = context.user.find(':');
  const std::string owned = "mode=0700,uid=" + context.user.substr(0, colon) + ",gid=" + context.user.substr(colon + 1);
  spec.tmpfs = {{kRunFolder, tmpfs_options(plan.limits.tmp_bytes, owned)},
                {"/tmp", tmpfs_options(plan.limits.tmp_bytes, "mode=1777")}};
  spec.mounts = mounts(plan, context);
  spec.ulimits = {{"core", 0, 0},
                  {"nofile", plan.limits.open_files, plan.limits.open_files},
                  {"fsize", plan.limits.file_bytes, plan.limits.file_bytes}};
  spec.memory_bytes = plan.limits.memory_bytes;
  spec.nano_cpus = std::llround(plan.limits.cpus * 1e9);
  spec.pids_limit = plan.limits.pids;
  spec.shm_bytes = plan.limits.tmp_bytes;
  if (plan.isolation == Isolation::gvisor) {
    spec.runtime = kGvisorRuntime;
    // The engine counts gVisor's own threads, and a process inside needs several of them. The supervisor counts the
    // processes and threads inside.
    spec.pids_limit = kGvisorThreads + plan.limits.pids * kGvisorThreadsPerProcess;
  }
  return spec;
}

engine::ContainerSpec harden_egress_filter(const std::string& sandbox_id, const std::string& run_id,
                                           const SandboxContext& context) {
  engine::ContainerSpec spec;
  spec.image = context.supervisor_image;
  spec.entrypoint = {kSupervisorInImage, "--egress-filter"};
  spec.labels = {
      {kOwnerLabel, context.owner}, {kRunLabel, run_id}, {kDeadlineLabel, std::to_string(context.remove_after)}};
  // Only root can have a capability. This root can't write to any file system.
  spec.user = "0:0";
  spec.working_dir = "/";
  spec.open_stdin = false;
  spec.network_disabled = false;
  spec.network_mode = "container:" + sandbox_id;
  spec.auto_remove = false;  // its exit code is read after its end
  spec.cap_drop = {"ALL"};
  spec.cap_add = {"NET_ADMIN"};
  spec.security_opt = {"no-new-privileges", "seccomp=" + std::string(seccomp_profile())};
  // The file lists the addresses of the engine's machine: its public addresses are as close as its gateway (S08). It is
  // read from the machine's process 1, because the filter's container is in the sandbox's network.
  spec.mounts = {{.kind = engine::Mount::Kind::bind,
                  .source = "/proc/1/net/fib_trie",
                  .target = supervision::kMachineRoutes,
                  .read_only = true}};
  spec.memory_bytes = 16LL << 20;
  spec.nano_cpus = 1'000'000'000;
  // The limit also counts runc's own threads at start. With a lower limit, runc sometimes fails.
  spec.pids_limit = 32;
  spec.shm_bytes = 64 << 10;
  return spec;
}

namespace {

// Collects the differences between what was asked for and what the engine reports.
struct Comparison {
  std::vector<std::string> found;

  void compare(const char* what, const auto& asked, const auto& reported) {
    if (!(asked == reported))
      found.push_back(std::string(what) + ": asked " + shown(asked) + ", reported " + shown(reported));
  }
  // In any order.
  void compare_lists(const char* what, std::vector<std::string> asked, std::vector<std::string> reported) {
    std::ranges::sort(asked);
    std::ranges::sort(reported);
    if (asked != reported)
      found.push_back(std::string(what) + ": asked " + shown(joined(asked)) + ", reported " + shown(joined(reported)));
  }
  // Lists whose entries have a key, such as mounts.
  void compare_entries(const char* what, const auto& asked, const auto& reported, auto same) {
    const auto with_key = [](const auto& list, const std::string& key) {
      return std::ranges::find_if(list, [&](const auto& each) { return mount_key(each) == key; });
    };
    for (const auto& each : asked) {
      if (std::ranges::any_of(reported, [&](const auto& other) { return same(each, other); })) continue;
      const auto other = with_key(reported, mount_key(each));
      found.push_back(std::string(what) + ": asked " + shortened(described(each), 200) + ", reported " +
                      (other == reported.end() ? "nothing there" : shortened(described(*other), 200)));
    }
    for (const auto& each : reported)
      if (with_key(asked, mount_key(each)) == asked.end())
        found.push_back(std::string(what) + ": asked nothing at " + mount_key(each) + ", reported " +
                        shortened(described(each), 200));
    if (found.empty() && reported.size() > asked.size())
      found.push_back(std::string(what) + ": asked " + std::to_string(asked.size()) + " of them, reported " +
                      std::to_string(reported.size()));
  }
};

void compare_settings(const engine::ContainerSpec& asked, const engine::ContainerSpec& reported, Comparison& to) {
  to.compare("Image", asked.image, reported.image);
  to.compare("User", asked.user, reported.user);
  to.compare("NetworkDisabled", asked.network_disabled, reported.network_disabled);
  to.compare("NetworkMode", asked.network_mode, reported.network_mode);
  to.compare("AutoRemove", asked.auto_remove, reported.auto_remove);
  to.compare("ReadonlyRootfs", asked.read_only_rootfs, reported.read_only_rootfs);
  to.compare("OpenStdin", asked.open_stdin, reported.open_stdin);
  to.compare("Memory", asked.memory_bytes, reported.memory_bytes);
  to.compare("NanoCpus", asked.nano_cpus, reported.nano_cpus);
  to.compare("PidsLimit", asked.pids_limit, reported.pids_limit);
  to.compare("ShmSize", asked.shm_bytes, reported.shm_bytes);
  to.compare("OomScoreAdj", asked.oom_score_adj, reported.oom_score_adj);
  to.compare("IpcMode", asked.ipc_mode, reported.ipc_mode);
  to.compare("CgroupnsMode", asked.cgroupns_mode, reported.cgroupns_mode);
  to.compare("LogConfig", asked.log_driver, reported.log_driver);
  to.compare("Healthcheck none", asked.healthcheck_none, reported.healthcheck_none);
  to.compare("Init", asked.init, reported.init);
  if (!asked.runtime.empty()) to.compare("Runtime", asked.runtime, reported.runtime);
}

void compare_privileges(const engine::ContainerSpec& asked, const engine::ContainerSpec& reported, Comparison& to) {
  // An engine may report the capability with the prefix CAP_.
  auto reported_caps = reported.cap_add;
  for (auto& cap : reported_caps)
    if (cap.starts_with("CAP_")) cap.erase(0, 4);
  to.compare_lists("CapAdd", asked.cap_add, reported_caps);
  to.compare_lists("CapDrop", asked.cap_drop, reported.cap_drop);
  to.compare("Sysctls", listed(asked.sysctls), listed(reported.sysctls));
  to.compare_lists("SecurityOpt", asked.security_opt, reported.security_opt);
  to.compare_lists("Entrypoint", asked.entrypoint, reported.entrypoint);
  to.compare_lists("Cmd", asked.command, reported.command);
}

void compare_mounts(const engine::ContainerSpec& asked, const engine::ContainerSpec& reported, Comparison& to) {
  const auto equal = [](const auto& a, const auto& b) { return a == b; };
  to.compare_entries("Tmpfs", asked.tmpfs, reported.tmpfs, equal);
  to.compare_entries("Mounts", asked.mounts, reported.mounts, same_mount);
  // An engine may add its default limits (default-ulimits in daemon.json, Podman's configuration). They are ignored.
  auto asked_ulimits = reported.ulimits;
  std::erase_if(asked_ulimits, [&](const auto& each) {
    return std::ranges::none_of(asked.ulimits, [&](const auto& ours) { return ours.name == each.name; });
  });
  to.compare_entries("Ulimits", asked.ulimits, asked_ulimits, equal);
}

}  // namespace

std::vector<std::string> differences(const engine::ContainerSpec& asked, const engine::ContainerSpec& reported) {
  Comparison all;
  compare_settings(asked, reported, all);
  compare_privileges(asked, reported, all);
  compare_mounts(asked, reported, all);
  for (const auto& [key, value] : asked.labels)
    if (const auto it = reported.labels.find(key); it == reported.labels.end() || it->second != value)
      all.found.push_back("Labels: asked " + key + "=" + value + ", reported " +
                          (it == reported.labels.end() ? "nothing" : shortened(it->second, 100)));
  for (const auto& extra : reported.extras)
    if (!tolerable(extra)) all.found.push_back("asked nothing of the kind, reported " + shortened(extra, 200));
  return all.found;
}

}  // namespace dind::sandbox

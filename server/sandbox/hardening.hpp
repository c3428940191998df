// RunPlan → ContainerSpec: every field that keeps a program in. Pure, and the only place that sets one; a golden test
// pins it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/container_spec.hpp"
#include "engine/types.hpp"
#include "sandbox/plan.hpp"

namespace dind::sandbox {

inline constexpr const char* kOwnerLabel = "dind-executor.owner";  // whose it is: process_owner()
inline constexpr const char* kRunLabel = "dind-executor.run";      // run id
inline constexpr const char* kDeadlineLabel =
    "dind-executor.deadline";                                      // Unix seconds; past it, anybody's reaper removes it
inline constexpr const char* kCacheLabel = "dind-executor.cache";  // shared by every run: not a leak
inline constexpr const char* kImageLabel = "dind-executor.image";  // of such a volume: the image whose files it has
inline constexpr const char* kInternetNetwork = "dind-executor-internet";
inline constexpr const char* kSupervisorPath = "/.dind/supervisor";
inline constexpr const char* kGvisorRuntime = "runsc";  // as an engine's daemon.json names it

// Nobody's: not root, and no user of the host's or of an image's.
inline constexpr std::uint32_t kNobodyId = 65534;
inline constexpr const char* kNobody = "65534:65534";

// What hardening can't know from the plan.
struct SandboxContext {
  engine::Image image;
  // The workspace's folder on the engine's side, from the operator's configuration alone; used where the plan asks.
  std::string workspace_source;
  std::uint64_t workspace_inode = 0;  // of the folder on our side; a new one needs a new sandbox
  std::string user = kNobody;         // numeric, never root's: the workspace's owner, where a plan has the workspace
  std::string etc_folder;             // the engine's own: hosts, passwd and group for /etc; empty: the image's
  std::vector<std::string> filled_volumes;  // of the image's: those in which it has something
  std::string supervisor_volume;
  std::string supervisor_image;  // the engine's ID of the image with the supervisor alone; for harden_egress_filter
  std::string owner;
  std::int64_t remove_after = 0;  // Unix seconds
};
engine::ContainerSpec harden(const RunPlan& plan, const SandboxContext& surroundings);

// The container that fences a sandbox's network in before its program starts (supervisor --fence). The one that has a
// capability, over the sandbox's network alone. It runs nothing but our own static program, from an image that holds
// nothing else: in a caller's, the program by that path could be another.
engine::ContainerSpec harden_egress_filter(const std::string& sandbox_id, const std::string& run_id,
                                           const SandboxContext& surroundings);

// What the engine reports of a container where it is weaker than what was asked, one line each: "ReadonlyRootfs: asked
// true, reported false". Empty: as asked. Fields that an engine fills in by itself are not looked at.
std::vector<std::string> differences(const engine::ContainerSpec& asked, const engine::ContainerSpec& reported);

}  // namespace dind::sandbox

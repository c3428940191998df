// Computes the ContainerSpec of a RunPlan, with every field that confines a program.
//
// Pure. No other code sets such a field of a container that is started, and a golden test checks the values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/container_spec.hpp"
#include "engine/types.hpp"
#include "sandbox/labels.hpp"
#include "sandbox/plan/plan.hpp"

namespace dind::sandbox {

// The name of the network with internet access begins with this.
inline constexpr const char* kInternetNetwork = "dind-executor-internet";
inline constexpr const char* kSupervisorPath = "/.dind/supervisor";
inline constexpr const char* kGvisorRuntime = "runsc";  // its name in the engine's daemon.json

// The user "nobody": not root, and no user of the engine's machine or of an image.
inline constexpr std::uint32_t kNobodyId = 65534;
inline constexpr const char* kNobody = "65534:65534";

// What `harden` needs besides the plan.
struct SandboxContext {
  engine::Image image;
  // The workspace's path on the engine's machine. It comes only from the operator, never from a client. It is used only
  // if the plan asks for the workspace.
  std::string workspace_source;
  std::uint64_t workspace_inode = 0;  // of the folder as this process sees it; a new one needs a new sandbox
  std::string user = kNobody;         // numeric, never root's; if the plan has the workspace: its owner
  // Folder on the engine's machine with hosts, passwd and group for /etc. Empty: the image's files are used.
  std::string etc_folder;
  std::vector<std::string> filled_volumes;  // the image's VOLUMEs in which it has something
  std::string supervisor_volume;
  std::string internet_network;  // its name on the engine; used only if the plan has this network
  // The engine's ID of the image that holds only the supervisor; for harden_egress_filter.
  std::string supervisor_image;
  std::string owner;
  std::int64_t remove_after = 0;  // Unix seconds
};
engine::ContainerSpec harden(const RunPlan& plan, const SandboxContext& context);

// The container that installs the egress filter of a sandbox before its program starts (supervisor --egress-filter).
// It is the only container with a capability, which is limited to the sandbox's network. It runs only the supervisor,
// from an image that holds nothing else: in a caller's image, that path could hold another program.
engine::ContainerSpec harden_egress_filter(const std::string& sandbox_id, const std::string& run_id,
                                           const SandboxContext& context);

// The differences between the container that was asked for and the one that the engine reports, one line each:
// "ReadonlyRootfs: asked true, reported false". Empty: no difference. Fields that an engine fills in by itself are not
// compared.
std::vector<std::string> differences(const engine::ContainerSpec& asked, const engine::ContainerSpec& reported);

}  // namespace dind::sandbox

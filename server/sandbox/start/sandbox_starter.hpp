// Creates and starts a sandbox, until its supervisor waits for a job.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/plan/plan.hpp"
#include "sandbox/removals.hpp"
#include "sandbox/start/etc_volumes.hpp"
#include "sandbox/start/mount_targets.hpp"
#include "sandbox/start/own_users.hpp"
#include "sandbox/start/shared_resources.hpp"
#include "sandbox/supervision/supervisor_connection.hpp"
#include "sandbox/workspace/workspace.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

// An attached container that belongs to this object only. It is removed when this object is destroyed.
struct AttachedSandbox {
  Removals::PendingRemoval removal;
  std::string name;
  std::string id;         // the engine's
  std::string isolation;  // as the engine reports it
  std::shared_ptr<SupervisorConnection> connection;
  OwnUsers::Lease user;            // empty: the user of its SandboxContext
  std::vector<std::string> notes;  // for people: properties of this engine that matter to the run
};

// Max time for the end of a run and its clean-up: from the latest end of the run until any process may remove what is
// left.
inline constexpr std::chrono::seconds kRemovalGrace{300};
inline constexpr std::chrono::seconds kCreateTime{60};  // the engine may have to unpack an image

class SandboxStarter {
 public:
  // Unix seconds on the engine's clock.
  std::int64_t unix_now() const { return client_.unix_now(); }

  // `workspace` is read for each run, because it may change.
  SandboxStarter(asio::any_io_executor executor, engine::Client& client, Removals& removals, SharedResources& resources,
                 const Workspace& workspace);

  // Creates the container `name`, whose pending removal is `removal`, compares it with what was asked for, and attaches
  // to it. A sandbox without a workspace gets a user of its own if the engine has those ids.
  // `plan` and `context` must live until it returns. Errors: cancelled, the engine's, or how the container
  // differs.
  Task<Result<AttachedSandbox>> attach(const RunPlan& plan, const SandboxContext& context,
                                       Removals::PendingRemoval removal, std::string name, Cancel cancel);
  // Starts the sandbox, and installs the egress filter if it has a network. After that, the sandbox may get a job.
  Task<Result<void>> start(const AttachedSandbox& sandbox, const RunPlan& plan, const SandboxContext& context);

  ImageCheck& images() { return images_; }

  // Forgets the /etc volumes, so that they are looked up again. `user_refused`: sandboxes get no user of their own any
  // more.
  void look_again(bool user_refused);

 private:
  // The created container, and the spec that it was created from.
  struct Made {
    engine::ContainerSpec spec;
    engine::CreatedContainer container;
  };
  Task<Result<Made>> create(const RunPlan& plan, SandboxContext around, Removals::PendingRemoval& removal,
                            std::string name);

  // The image of a sandbox, and whether its paths are known to be fine as mount targets.
  struct ImageUse {
    engine::Image image;
    std::string name;            // for people
    engine::ContainerSpec spec;  // of the sandbox
    MountTargets targets;
    bool is_fine = false;
    Workspace workspace = {};  // what the sandbox mounts: the client may forget it while the sandbox is created
  };
  // The steps of `attach`. References must live until a step returns.
  Task<Result<void>> ensure_resources(const RunPlan& plan);
  // Adds the files of /etc and the user, which `sandbox` keeps.
  Task<Result<SandboxContext>> complete_context(const RunPlan& plan, SandboxContext context, AttachedSandbox& sandbox);
  // What can be checked of the image before the sandbox is created.
  Task<Result<void>> check_image_first(const RunPlan& plan, ImageUse& use);
  Task<Error> explain_failed_create(const ImageUse& use, Error error);
  // Compares the container with what was asked for, and checks its image and its workspace. Returns its isolation.
  Task<Result<Isolation>> check_created(const RunPlan& plan, std::string id, const Made& made, const ImageUse& use);

  asio::any_io_executor executor_;
  engine::Client& client_;
  Removals& removals_;
  SharedResources& resources_;
  ImageCheck images_;
  const Workspace& workspace_;
  EtcVolumes etc_;
  OwnUsers users_;
  std::set<std::string> workspaces_seen_;  // paths of workspaces that were compared with the engine's folder
};

}  // namespace dind::sandbox

// A sandbox from nothing to a supervisor that waits for its job.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/conversation.hpp"
#include "sandbox/etc_volumes.hpp"
#include "sandbox/fixtures.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/mount_targets.hpp"
#include "sandbox/own_users.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/removals.hpp"
#include "sandbox/workspace.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

// A container that is ours alone, attached. Where it goes out of scope, it is removed.
struct AttachedSandbox {
  Removals::PendingRemoval removal;
  std::string name;
  std::string id;         // the engine's
  std::string isolation;  // as the engine says that it is
  std::shared_ptr<SupervisorConnection> talk;
  OwnUsers::Lease user;            // empty: the user of its surroundings
  std::vector<std::string> notes;  // for people: what of this engine matters to the run
};

// What a run's end and what follows it may take: from its latest end to the moment when anybody may remove what is
// left.
inline constexpr std::chrono::seconds kRemovalGrace{300};
inline constexpr std::chrono::seconds kCreateTime{60};  // the engine may have to unpack an image

class SandboxStarter {
 public:
  // `workspace` is looked at for each run: it may be another one later.
  // Unix seconds on the engine's clock.
  std::int64_t unix_now() const { return client_.unix_now(); }

  SandboxStarter(asio::any_io_executor executor, engine::Client& client, Removals& removals, SharedResources& fixtures,
                 const Workspace& workspace);

  // Chooses the user of a sandbox without a workspace, which is one of its own where the engine has those ids.
  // Makes the container `name`, of which `removal` is the removal, compares it with what was asked and attaches. `plan`
  // and `surroundings` must live until it returns. Errors: cancelled, the engine's, or how it differs.
  Task<Result<AttachedSandbox>> attach(const RunPlan& plan, const SandboxContext& surroundings,
                                       Removals::PendingRemoval removal, std::string name, Cancel cancel);
  // Starts it, and fences its network in where it has one. After it, it may be given a job.
  Task<Result<void>> start(const AttachedSandbox& sandbox, const RunPlan& plan, const SandboxContext& surroundings);

  ImageCheck& images() { return images_; }

  // What it knew of the files of /etc; they are looked for again. Another user is chosen, where one was refused.
  void look_again(bool user_refused);

 private:
  // The container as hardening has it, and what it was asked for.
  struct Made {
    engine::ContainerSpec spec;
    engine::CreatedContainer container;
  };
  Task<Result<Made>> create(const RunPlan& plan, SandboxContext around, Removals::PendingRemoval& removal,
                            std::string name);

  asio::any_io_executor executor_;
  engine::Client& client_;
  Removals& removals_;
  SharedResources& fixtures_;
  ImageCheck images_;
  const Workspace& workspace_;
  EtcVolumes etc_;
  OwnUsers users_;
  std::set<std::string> workspaces_seen_;  // paths of those that were compared with the engine's folder
};

}  // namespace dind::sandbox

// One run in one container of its own, from create to removal.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "engine/client.hpp"
#include "sandbox/fixtures.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/preparation.hpp"
#include "sandbox/prestarted.hpp"
#include "sandbox/removals.hpp"
#include "sandbox/workspace.hpp"
#include "support/blocking_work.hpp"
#include "support/cancel.hpp"
#include "support/stdin_pipe.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

class Sandboxes {
 public:
  Sandboxes(asio::any_io_executor executor, engine::Client& client, std::string owner, Workspace workspace = {});

  // Returns within 300 ms of `cancel`, with verdict cancelled, or Error cancelled where the program had not begun; the
  // container is removed behind it (`removals`). No event reaches `sink` after the return. `image_name` is for people.
  Task<Result<RunResult>> run(RunPlan plan, engine::Image image, std::string image_name, EventSink& sink,
                              std::shared_ptr<StdinPipe> input, Cancel cancel);

  // What the names of a run's containers begin with. They go on with something random: a run id may come again while
  // the container of its last run is being removed, by its name.
  static std::string container_prefix(const std::string& run_id) { return "dind-" + run_id + "."; }

  // A run like this may come soon: where sandboxes may wait (`prestarted`), one is to wait for it.
  Task<void> expect(RunPlan plan, engine::Image image);

  WarmPool& prestarted() { return prestarted_; }
  Removals& removals() { return removals_; }
  SharedResources& fixtures() { return fixtures_; }
  // Where it is kept which images are fine (ImageCheck): a file, in a folder of this user's.
  void remember_images_in(std::filesystem::path file) { preparation_.images().remember_in(std::move(file)); }
  const std::string& owner() const { return owner_; }
  // Runs so far that took a sandbox that waited, and those that made their own.
  std::uint64_t taken_warm() const { return taken_warm_; }
  std::uint64_t made_cold() const { return made_cold_; }
  const Workspace& workspace() const { return workspace_; }
  // Where the operator has set no workspace: the folders that are open at this machine's terminal or editor. The first
  // one is `workspace()`; a run may name another as its root.
  void set_workspace_if_unset(const std::string& path);
  void forget_workspace(const std::string& path);
  const std::vector<std::string>& adopted_workspaces() const { return adopted_; }
  // The workspace of a run with this root; empty: `workspace()`. nullopt: it is not one of the adopted folders.
  std::optional<Workspace> workspace_at(const std::string& root) const;

 private:
  struct Run;
  // What the workspace means for a plan that has it. Returns the user that its run has.
  Task<Result<std::string>> settle(RunPlan& plan, const engine::Image& image, Cancel cancel);
  SandboxContext surroundings(const RunPlan& plan, const engine::Image& image, std::string user) const;

  asio::any_io_executor executor_;
  engine::Client& client_;
  std::string owner_;
  Workspace workspace_;
  const bool adopts_;  // the operator has set no workspace
  std::vector<std::string> adopted_;
  Removals removals_;
  SharedResources fixtures_;
  SandboxStarter preparation_;
  WarmPool prestarted_;
  BlockingWork work_;
  std::uint64_t taken_warm_ = 0;
  std::uint64_t made_cold_ = 0;
};

}  // namespace dind::sandbox

// Runs one program in one container, from create to removal.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "engine/client.hpp"
#include "sandbox/plan/plan.hpp"
#include "sandbox/removals.hpp"
#include "sandbox/start/sandbox_starter.hpp"
#include "sandbox/start/shared_resources.hpp"
#include "sandbox/warm_pool/warm_pool.hpp"
#include "sandbox/workspace/workspace.hpp"
#include "support/async/blocking_work.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"
#include "support/io/stdin_pipe.hpp"

namespace dind::sandbox {

class Sandboxes {
 public:
  Sandboxes(asio::any_io_executor executor, engine::Client& client, std::string owner, Workspace workspace = {});

  // Runs `plan`. After `cancel`, it returns within 300 ms: with verdict cancelled, or with Error cancelled if the
  // program had not started. The container is removed after the return (`removals`). No event reaches `sink` after the
  // return. `image_name` is for people.
  Task<Result<RunResult>> run(RunPlan plan, engine::Image image, std::string image_name, EventSink& sink,
                              std::shared_ptr<StdinPipe> input, Cancel cancel);

  // The start of the names of a run's containers. A random part follows: a run ID may come again while the container of
  // its last run is still being removed by its name.
  static std::string container_prefix(const std::string& run_id) { return "dind-" + run_id + "."; }

  // Requests a warm sandbox for such a run, which may come soon, if the warm pool (`prestarted`) allows it.
  Task<void> expect(RunPlan plan, engine::Image image);

  WarmPool& prestarted() { return prestarted_; }
  Removals& removals() { return removals_; }
  SharedResources& fixtures() { return fixtures_; }
  // Sets the file that remembers which images have no problems (ImageCheck). It is in a folder of this user.
  void remember_images_in(std::filesystem::path file) { preparation_.images().remember_in(std::move(file)); }
  const std::string& owner() const { return owner_; }
  // Number of runs so far that claimed a warm sandbox, and of cold runs.
  std::uint64_t taken_warm() const { return taken_warm_; }
  std::uint64_t made_cold() const { return made_cold_; }
  const Workspace& workspace() const { return workspace_; }
  // Adopts a folder as workspace if the operator has set none. The adopted folders are those that are open at this
  // machine's terminal or editor. The first one is `workspace()`; a run may name another as its root.
  void set_workspace_if_unset(const std::string& path);
  void forget_workspace(const std::string& path);
  const std::vector<std::string>& adopted_workspaces() const { return adopted_; }
  // The workspace of a run with this root; root empty: `workspace()`. nullopt: the root is not an adopted folder.
  std::optional<Workspace> workspace_at(const std::string& root) const;

 private:
  struct Run;
  // Adapts a plan that has the workspace to it. Returns the run's user.
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

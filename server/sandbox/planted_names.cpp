#include "sandbox/planted_names.hpp"

#include <algorithm>
#include <cerrno>

#include "sandbox/workspace_walk.hpp"
#include "support/log.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

namespace {

// A program can make more folders than it may have had at its begin; the nearest are looked at first.
constexpr std::size_t kMaxFolders = 200'000;
constexpr auto kPause = 250ms;        // between two sweeps, at least
constexpr int kShareOfTime = 20;      // and that many times what the last one took
constexpr std::size_t kMaxNames = 5;  // that are told one by one
constexpr int kMaxTries = 100;

std::string ending(const std::string& run_id) { return ".from-run-" + run_id; }

std::string move_aside(const Folder& folder, const std::string& name, const std::string& run_id) {
  for (int i = 1; i <= kMaxTries; ++i) {
    auto to = name + ending(run_id) + (i == 1 ? "" : "-" + std::to_string(i));
    if (folder.rename(name, to)) return to;
    if (errno != EEXIST) break;
  }
  return {};
}

}  // namespace

Sweep move_planted(const std::string& workspace, const std::string& folder,
                   const std::map<std::string, std::uint64_t>& seen, const std::string& run_id,
                   const SweepBounds& bounds, const std::stop_token& stop) {
  Sweep sweep;
  const auto first = enter_workspace(workspace, folder);
  if (!first) return sweep;
  const auto walk = walk_protected_names(
      *first, folder, {.max_folders = kMaxFolders, .far_time = bounds.far_time, .deepest = bounds.deepest}, stop,
      [&](const Folder& at, const std::string& path, const std::string& name, const struct stat& status) {
        const auto whole = joined_path(path, name);
        const auto known = seen.find(whole);
        if (known != seen.end() && (known->second == 0 || known->second == status.st_ino)) return true;
        const auto to = move_aside(at, name, run_id);
        if (to.empty() && errno == ENOENT) return true;
        sweep.planted.push_back({.path = whole, .moved_to = to.empty() ? "" : joined_path(path, to)});
        return true;
      });
  if (walk.end != Walk::End::whole) sweep.ended_before = walk.folder;
  return sweep;
}

std::vector<std::string> planted_notes(const std::vector<Planted>& planted,
                                       const std::optional<std::string>& ended_before, const std::string& run_id) {
  std::vector<std::string> notes;
  for (const auto& each : planted) {
    if (notes.size() == kMaxNames) {
      notes.push_back("and " + std::to_string(planted.size() - kMaxNames) + " more like it: their names end in " +
                      ending(run_id));
      break;
    }
    notes.push_back(
        "the program made " + shown_path(each.path) + " in the workspace, where tools outside of the sandbox run " +
        (each.moved_to.empty()
             ? "what is in it, and it can't be renamed: remove it before you open the folder"
             : "what is in it: it is " + shown_path(each.moved_to) + " now; look at it before you rename it"));
  }
  if (ended_before)
    notes.push_back("the workspace has too many folders to look for .git, .vscode and their like in all of them: it " +
                    std::string("ended before ") + (ended_before->empty() ? "the first" : shown_path(*ended_before)) +
                    "; look at what the program made before you open it");
  return notes;
}

PlantedWatch::PlantedWatch(asio::any_io_executor executor, BlockingWork& work, const Workspace& workspace,
                           const RunPlan& plan)
    : work_(work),
      workspace_(workspace.path),
      // Under gVisor all of the workspace is writable (hardening).
      folder_(plan.isolation == Isolation::gvisor ? std::string() : plan.workspace_folder),
      seen_(plan.workspace_seen),
      deepest_(plan.workspace_deepest),
      run_id_(plan.run_id),
      changed_(std::move(executor)) {}

std::shared_ptr<PlantedWatch> PlantedWatch::begin(asio::any_io_executor executor, BlockingWork& work,
                                                  const Workspace& workspace, const RunPlan& plan) {
  if (plan.workspace != WorkspaceAccess::read_write || workspace.path.empty()) return nullptr;
  const std::shared_ptr<PlantedWatch> watch(new PlantedWatch(executor, work, workspace, plan));
  spawn(executor, "protected names of run " + plan.run_id, keep(watch));
  return watch;
}

Task<void> PlantedWatch::keep(std::shared_ptr<PlantedWatch> self) {
  Clock::duration pause = kPause;
  while (!self->over_) {
    const Deadline next = in(pause);
    while (!self->over_ && Clock::now() < next) co_await self->changed_.wait(next);
    if (self->over_) break;
    const auto begun = Clock::now();
    co_await self->sweep();
    pause = std::max<Clock::duration>(kPause, kShareOfTime * (Clock::now() - begun));
  }
}

Task<void> PlantedWatch::sweep() {
  while (sweeping_) co_await changed_.wait(in(1h));
  sweeping_ = true;
  const auto found = co_await work_.run<Sweep>(
      [workspace = workspace_, folder = folder_, seen = seen_, id = run_id_, bounds = SweepBounds{.deepest = deepest_}](
          const std::stop_token& stop) { return move_planted(workspace, folder, seen, id, bounds, stop); },
      {});
  sweeping_ = false;
  changed_.notify();
  if (!found) co_return;
  ended_before_ = found->ended_before;
  for (const auto& each : found->planted) {
    if (std::ranges::find(planted_, each) != planted_.end()) continue;  // one that can't be renamed
    planted_.push_back(each);
    log(LogLevel::warning, planted_notes({each}, {}, run_id_).front(), run_id_);
  }
}

Task<std::vector<std::string>> PlantedWatch::finish() {
  over_ = true;
  changed_.notify();
  co_await sweep();
  co_return planted_notes(planted_, ended_before_, run_id_);
}

}  // namespace dind::sandbox

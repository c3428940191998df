// Renames what a program created under a protected name (.git, .vscode …) that did not exist before (S04).
//
// Otherwise the tools of the workspace's owner would run it outside of any sandbox. It gets another name in the same
// folder, and the run's result says so.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "sandbox/plan/plan.hpp"
#include "sandbox/workspace/workspace.hpp"
#include "support/async/blocking_work.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

struct Planted {
  std::string path;      // relative to the workspace
  std::string moved_to;  // new path, relative to the workspace; empty: it could not be renamed
  bool operator==(const Planted&) const = default;
};
// Max planted names that are kept one by one. Others are only counted.
inline constexpr std::size_t kMaxPlanted = 100;
struct Sweep {
  std::vector<Planted> planted = {};
  std::size_t more_moved = 0;
  std::size_t more_unmoved = 0;                  // could not be renamed: each sweep finds them again
  std::optional<std::string> ended_before = {};  // first folder that was not searched; nullopt: all were
  std::string failure = {};                      // with ended_before: what failed; empty: too many folders
  // The first few folders that could be read before the run and can't be read now.
  std::vector<std::string> locked = {};
  std::size_t more_locked = 0;
};
struct SweepBounds {
  std::size_t max_depth = SIZE_MAX;  // WorkspaceProtection::max_depth: what is deeper may have existed before
  std::chrono::milliseconds far_time{2000};
  std::stop_token no_far = {};  // ends the sweep before the next far folder
};

// Searches `folder` of the workspace and renames each protected name that is not in `seen` (WorkspaceProtection::seen).
// It does not search folders that are in `seen`. Blocking.
Sweep move_planted(const std::string& workspace, const std::string& folder,
                   const std::map<std::string, std::uint64_t>& seen, const std::string& run_id,
                   const SweepBounds& bounds = {}, const std::stop_token& stop = {});

// Adds a later sweep to the total of the sweeps before it. Returns the newly found names that are kept one by one.
std::vector<Planted> add_sweep(Sweep& total, const Sweep& found);

// The notes for people: only a few lines, however many names there are.
std::vector<std::string> planted_notes(const Sweep& found, const std::string& run_id);

// Sweeps repeatedly while a run that may write to the workspace goes on, and once more at its end.
class PlantedWatch : public std::enable_shared_from_this<PlantedWatch> {
 public:
  // The work of one sweep. Tests replace it.
  using Search = std::function<Sweep(const SweepBounds& bounds, const std::stop_token& stop)>;
  // Null: the plan may not write to the workspace, or this process can't see the workspace.
  static std::shared_ptr<PlantedWatch> begin(asio::any_io_executor executor, BlockingWork& work,
                                             const Workspace& workspace, const RunPlan& plan, Search search = {});
  // Does a last sweep, after the program's end. Returns the notes for the result. If a search failed, one note says
  // where.
  Task<std::vector<std::string>> finish();
  // Does one sweep and logs what it finds. Call it again after the last sweep if the program did not end by itself.
  Task<void> sweep();

 private:
  PlantedWatch(asio::any_io_executor executor, BlockingWork& work, const RunPlan& plan, std::string folder,
               Search search);
  static Task<void> keep(std::shared_ptr<PlantedWatch> self);

  BlockingWork& work_;
  const std::string folder_;
  const std::shared_ptr<const Search> search_;
  const std::size_t max_depth_;
  const std::string run_id_;
  Signal changed_;
  bool sweeping_ = false;
  bool over_ = false;
  // Ends a sweep that is under way before its far folders, because the last sweep waits for it.
  std::stop_source hurry_;
  // Planted names, and how many more, of all sweeps; the other fields are those of the last sweep.
  Sweep total_;
};

}  // namespace dind::sandbox

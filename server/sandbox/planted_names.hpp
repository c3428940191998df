// What a program put under a protected name (.git, .vscode …) where there was none: the tools of the workspace's owner
// would run it outside of any sandbox. It gets another name, beside the old one, and the run's result says so (S04).
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

#include "sandbox/plan.hpp"
#include "sandbox/workspace.hpp"
#include "support/blocking_work.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

struct Planted {
  std::string path;      // relative to the workspace
  std::string moved_to;  // the same; empty: it could not be renamed
  bool operator==(const Planted&) const = default;
};
// So many planted names are kept one by one; the others are counted.
inline constexpr std::size_t kMaxPlanted = 100;
struct Sweep {
  std::vector<Planted> planted = {};
  std::size_t more_moved = 0;
  std::size_t more_unmoved = 0;                  // that could not be renamed: each sweep finds them again
  std::optional<std::string> ended_before = {};  // the first folder that was not looked at; none: all were
  std::string failure = {};                      // with ended_before: what failed; empty: there are too many
  std::vector<std::string> locked = {};  // folders that could be read before the run and can't be now, the first few
  std::size_t more_locked = 0;
};
struct SweepBounds {
  std::size_t deepest = SIZE_MAX;  // WorkspaceProtection::deepest: what is deeper may have been there before
  std::chrono::milliseconds far_time{2000};
  std::stop_token no_far = {};  // ends it before the next folder that is far
};

// Looks through `folder` of the workspace and renames each protected name that is not in `seen`
// (WorkspaceProtection::seen); folders that are in `seen` are left out. Blocking.
Sweep move_planted(const std::string& workspace, const std::string& folder,
                   const std::map<std::string, std::uint64_t>& seen, const std::string& run_id,
                   const SweepBounds& bounds = {}, const std::stop_token& stop = {});

// Adds a later sweep to what those before it found. Returns what is new of what is kept.
std::vector<Planted> add_sweep(Sweep& total, const Sweep& found);

// For people, a few lines however many there are.
std::vector<std::string> planted_notes(const Sweep& found, const std::string& run_id);

// Sweeps again and again while a run that may write to the workspace goes on, and at its end.
class PlantedWatch : public std::enable_shared_from_this<PlantedWatch> {
 public:
  // What a sweep does; a test has another.
  using Search = std::function<Sweep(const SweepBounds& bounds, const std::stop_token& stop)>;
  // Null where the plan may not write to the workspace, or we don't see it.
  static std::shared_ptr<PlantedWatch> begin(asio::any_io_executor executor, BlockingWork& work,
                                             const Workspace& workspace, const RunPlan& plan, Search search = {});
  // A last sweep, after the program's end. Returns the notes for the result; one of them says where it failed.
  Task<std::vector<std::string>> finish();
  // One more, for a program whose end was not seen: what it finds is in the log.
  Task<void> sweep();

 private:
  PlantedWatch(asio::any_io_executor executor, BlockingWork& work, const RunPlan& plan, std::string folder,
               Search search);
  static Task<void> keep(std::shared_ptr<PlantedWatch> self);

  BlockingWork& work_;
  const std::string folder_;
  const std::shared_ptr<const Search> search_;
  const std::size_t deepest_;
  const std::string run_id_;
  Signal changed_;
  bool sweeping_ = false;
  bool over_ = false;
  std::stop_source hurry_;  // the last sweep waits for one that is under way, but not for its far folders
  Sweep total_;             // all that was planted; the rest is the last sweep's
};

}  // namespace dind::sandbox

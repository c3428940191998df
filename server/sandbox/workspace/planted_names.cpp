#include "sandbox/workspace/planted_names.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <set>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "sandbox/workspace/workspace_walk.hpp"
#include "support/async/until.hpp"
#include "support/log/log.hpp"
#include "support/scope_exit.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

namespace {

// A program can create more folders than a workspace may have before the run. The nearest folders are searched first.
constexpr std::size_t kMaxFolders = 200'000;
constexpr auto kPause = 250ms;        // min pause between two sweeps
constexpr int kShareOfTime = 20;      // the pause is also at least this many times the last sweep's duration
constexpr std::size_t kMaxNames = 5;  // that notes list one by one
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

bool keep_planted(Sweep& sweep, Planted each) {
  const bool room = sweep.planted.size() < kMaxPlanted;
  if (room)
    sweep.planted.push_back(std::move(each));
  else
    ++(each.moved_to.empty() ? sweep.more_unmoved : sweep.more_moved);
  return room;
}

void add_locked(Sweep& sweep, const std::string& path) {
  if (std::ranges::find(sweep.locked, path) != sweep.locked.end()) return;
  if (sweep.locked.size() == kMaxNames)
    ++sweep.more_locked;
  else
    sweep.locked.push_back(path);
}

std::string locked_note(const Sweep& found) {
  std::string names;
  for (const auto& each : found.locked)
    names += (names.empty() ? "" : ", ") + (each.empty() ? "the workspace itself" : shown_path(each));
  if (found.more_locked > 0) names += " and more";
  return "the program locked " + names +
         " in the workspace, so the files that it made there are not known: chmod u+rwx it and " +
         "look before you open it";
}

std::string ending_note(const Sweep& found) {
  const auto place = found.ended_before->empty() ? "the first folder" : shown_path(*found.ended_before);
  return (found.failure.empty()
              ? "the workspace has too many folders to look for .git, .vscode and similar folders in all of them: it "
              : "the search for .git, .vscode and similar folders in the workspace failed (" + found.failure +
                    "): it ") +
         "ended before " + place + "; look at what the program made before you open it";
}

}  // namespace

Sweep move_planted(const std::string& workspace, const std::string& folder,
                   const std::map<std::string, std::uint64_t>& seen, const std::string& run_id,
                   const SweepBounds& bounds, const std::stop_token& stop) {
  Sweep sweep;
  const auto first = enter_workspace(workspace, folder);
  if (!first) {
    // protect_workspace opened this folder before the run, so it is not in a protected name. invalid_request means here
    // that the program locked it.
    if (first.error().code == ErrorCode::invalid_request) add_locked(sweep, folder);
    if (first.error().code != ErrorCode::internal) return sweep;
    sweep.ended_before = folder;
    sweep.failure = first.error().message;
    return sweep;
  }
  const auto in_seen = [&seen](const std::string& path, const struct stat& status) {
    const auto known = seen.find(path);
    if (known == seen.end()) return false;
    return known->second == 0 ? S_ISREG(status.st_mode) : known->second == status.st_ino;
  };
  try {
    const auto walk = walk_protected_names(
        *first, folder,
        {.max_folders = kMaxFolders,
         .far_time = bounds.far_time,
         .max_depth = bounds.max_depth,
         .no_far = bounds.no_far},
        stop,
        {.found =
             [&](const Folder& at, const std::string& path, const std::string& name, const struct stat& status) {
               const auto whole = joined_path(path, name);
               if (in_seen(whole, status)) return true;
               const auto to = move_aside(at, name, run_id);
               if (to.empty() && errno == ENOENT) return true;
               keep_planted(sweep, {.path = whole, .moved_to = to.empty() ? "" : joined_path(path, to)});
               return true;
             },
         .locked =
             [&](const std::string& path, const struct stat&) {
               add_locked(sweep, path);
               return true;
             },
         // A folder that could not be read before the run is its owner's, even if it can be read now.
         .left_out = in_seen});
    if (walk.end != Walk::End::whole) sweep.ended_before = walk.folder;
    if (walk.end == Walk::End::too_long_paths) sweep.failure = "too many and too long paths";
    if (walk.end == Walk::End::failed) sweep.failure = std::generic_category().message(walk.error);
  } catch (const std::exception& e) {
    // What was renamed until then must still be reported.
    sweep.ended_before = folder;
    sweep.failure = e.what();
  }
  return sweep;
}

std::vector<Planted> add_sweep(Sweep& total, const Sweep& found) {
  std::set<std::string_view> known;
  for (const auto& each : total.planted)
    if (each.moved_to.empty()) known.insert(each.path);
  Sweep sum = found;
  sum.planted = total.planted;
  sum.more_moved += total.more_moved;
  std::vector<Planted> fresh;
  for (const auto& each : found.planted) {
    if (each.moved_to.empty() && known.contains(each.path)) continue;
    if (keep_planted(sum, each)) fresh.push_back(each);
  }
  sum.more_unmoved = std::max(sum.more_unmoved, total.more_unmoved);
  total = std::move(sum);
  return fresh;
}

std::vector<std::string> planted_notes(const Sweep& found, const std::string& run_id) {
  std::vector<std::string> notes;
  const auto told = std::min(found.planted.size(), kMaxNames);
  for (const auto& each : std::span(found.planted).first(told))
    notes.push_back(
        "the program made " + shown_path(each.path) + " in the workspace, where tools outside of the sandbox run " +
        (each.moved_to.empty()
             ? "what is in it, and it can't be renamed: remove it before you open the folder"
             : "what is in it: it is " + shown_path(each.moved_to) + " now; look at it before you rename it"));
  const auto rest = std::span(found.planted).subspan(told);
  const auto unmoved = found.more_unmoved +
                       static_cast<std::size_t>(std::ranges::count_if(rest, &std::string::empty, &Planted::moved_to));
  const auto all = rest.size() + found.more_moved + found.more_unmoved;
  if (all > 0)
    notes.push_back("and " + std::to_string(all) + " more like it: " +
                    (unmoved == 0 ? "their names end in " + ending(run_id)
                                  : std::to_string(unmoved) + " can't be renamed, the names of the others end in " +
                                        ending(run_id)));
  if (!found.locked.empty()) notes.push_back(locked_note(found));
  if (found.ended_before) notes.push_back(ending_note(found));
  return notes;
}

PlantedWatch::PlantedWatch(asio::any_io_executor executor, BlockingWork& work, const RunPlan& plan, std::string folder,
                           Search search)
    : work_(work),
      folder_(std::move(folder)),
      search_(std::make_shared<const Search>(std::move(search))),
      max_depth_(plan.workspace_max_depth),
      run_id_(plan.run_id),
      changed_(std::move(executor)) {}

std::shared_ptr<PlantedWatch> PlantedWatch::begin(asio::any_io_executor executor, BlockingWork& work,
                                                  const Workspace& workspace, const RunPlan& plan, Search search) {
  if (plan.workspace != WorkspaceAccess::read_write || workspace.path.empty()) return nullptr;
  // Under gVisor all of the workspace is writable (hardening).
  auto folder = plan.isolation == Isolation::gvisor ? std::string() : plan.writable_folder;
  if (!search)
    search = [path = workspace.path, folder, seen = plan.workspace_seen, id = plan.run_id](
                 const SweepBounds& bounds, const std::stop_token& stop) {
      return move_planted(path, folder, seen, id, bounds, stop);
    };
  const std::shared_ptr<PlantedWatch> watch(
      new PlantedWatch(executor, work, plan, std::move(folder), std::move(search)));
  spawn(executor, "protected names of run " + plan.run_id, keep(watch));
  return watch;
}

Task<void> PlantedWatch::keep(std::shared_ptr<PlantedWatch> self) {
  Clock::duration pause = kPause;
  while (!self->over_) {
    if (co_await until(self->changed_, [&] { return self->over_; }, in(pause))) break;
    const auto begun = Clock::now();
    co_await self->sweep();
    pause = std::max<Clock::duration>(kPause, kShareOfTime * (Clock::now() - begun));
  }
}

Task<void> PlantedWatch::sweep() {
  co_await until(changed_, [&] { return !sweeping_; });
  std::optional<Sweep> found;
  try {
    sweeping_ = true;
    const ScopeExit over([this] { sweeping_ = false; });  // also after an exception: then the next sweep may begin
    found = co_await work_.run<Sweep>(
        [search = search_,
         bounds = SweepBounds{.max_depth = max_depth_, .no_far = over_ ? std::stop_token() : hurry_.get_token()}](
            const std::stop_token& stop) { return (*search)(bounds, stop); },
        {});
  } catch (const std::exception& e) {
    log(LogLevel::error, std::string("A search for protected names in the workspace failed: ") + e.what(), run_id_);
    total_.ended_before = folder_;
    total_.failure = e.what();
  }
  changed_.notify();
  if (!found) co_return;
  if (!found->locked.empty() && total_.locked.empty()) log(LogLevel::warning, locked_note(*found), run_id_);
  const bool had_room = total_.planted.size() < kMaxPlanted;
  for (const auto& each : add_sweep(total_, *found))
    log(LogLevel::warning, planted_notes({.planted = {each}}, run_id_).front(), run_id_);
  if (had_room && total_.planted.size() == kMaxPlanted)
    log(LogLevel::warning, "What else the program makes under .git, .vscode and similar folders is counted only",
        run_id_);
}

Task<std::vector<std::string>> PlantedWatch::finish() {
  over_ = true;
  hurry_.request_stop();
  changed_.notify();
  co_await sweep();
  co_return planted_notes(total_, run_id_);
}

}  // namespace dind::sandbox

#include "sandbox/workspace_walk.hpp"

#include <limits.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "support/escaped.hpp"
#include "support/shortened.hpp"

namespace dind::sandbox {
namespace {

constexpr std::size_t kMostNames = 2'000'000;      // in one folder
constexpr std::size_t kMostOpenBytes = 128 << 20;  // of the paths whose turn has not come

bool is_protected(std::string_view name) { return std::ranges::find(kGuardedNames, name) != kGuardedNames.end(); }

std::optional<Folder> reopen(const Folder& first, std::string_view rest) {
  auto at = first.below(".");
  while (at && !rest.empty()) {
    const auto end = std::min(rest.find('/'), rest.size());
    auto below = at->below(std::string(rest.substr(0, end)));
    if (!below) return std::nullopt;
    at.emplace(std::move(*below));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return at;
}

}  // namespace

std::string shown_path(const std::string& path) { return shortened(escaped(path), 200); }

std::string joined_path(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

Result<Folder> enter_workspace(const std::string& workspace, const std::string& folder) {
  auto at = Folder::open(workspace);
  if (!at) return fail(ErrorCode::not_found, "The workspace " + workspace + " is not there; check workspace.path");
  std::string_view rest = folder;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('/'), rest.size());
    if (is_protected(rest.substr(0, end)))
      return fail(ErrorCode::invalid_request, "The folder " + shown_path(folder) +
                                                  " of the workspace is never writable in " +
                                                  "a sandbox: programs of its owner's trust what is in it");
    auto below = at->below(std::string(rest.substr(0, end)));
    if (!below)
      return fail(ErrorCode::not_found, "The workspace has no folder " + shown_path(folder) +
                                            " that can be entered without a link; check its path");
    at.emplace(std::move(*below));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::move(*at);
}

Walk walk_protected_names(const Folder& first, const std::string& root, const WalkBounds& bounds,
                          const std::stop_token& stop, const Visit& visit) {
  const auto device = first.itself().st_dev;
  const auto far_end = std::chrono::steady_clock::now() + bounds.far_time;
  // Paths are opened again when their turn comes: as many descriptors as folders would be too many.
  std::deque<std::pair<std::string, std::size_t>> open{{root, 0}};
  std::size_t open_bytes = 0;
  std::size_t looked = 0;
  while (!open.empty()) {
    const auto [path, depth] = std::move(open.front());
    open.pop_front();
    open_bytes -= depth == 0 ? 0 : path.size();
    const auto ended = [&](Walk::End end) { return Walk{.end = end, .folder = path, .depth = depth}; };
    const bool far = depth > kNearFolders;
    if (stop.stop_requested()) return ended(Walk::End::stopped);
    if (++looked > bounds.max_folders || open_bytes > kMostOpenBytes)
      return ended(far ? Walk::End::far_cut : Walk::End::too_many_folders);
    if (far && std::chrono::steady_clock::now() >= far_end) return ended(Walk::End::far_cut);
    const auto folder =
        reopen(first, std::string_view(path).substr(root.empty() ? 0 : std::min(root.size() + 1, path.size())));
    if (!folder) continue;  // gone meanwhile, or locked: then the program's user can't write there either
    const auto entries = folder->entries(kMostNames);
    if (!entries) continue;
    if (entries->size() == kMostNames) return ended(far ? Walk::End::far_cut : Walk::End::too_many_names);
    for (const auto& [name, may_be_folder] : *entries) {
      const bool found = is_protected(name);
      if (!found && (!may_be_folder || depth == bounds.deepest || name == "node_modules")) continue;
      const auto status = folder->look(name);
      if (!status) continue;
      if (found) {
        if (!visit(*folder, path, name, *status)) return ended(Walk::End::stopped);
      } else if (S_ISDIR(status->st_mode) && status->st_dev == device) {
        auto below = joined_path(path, name);
        if (below.size() >= PATH_MAX) continue;  // no tool can name what is in there
        open_bytes += below.size();
        open.emplace_back(std::move(below), depth + 1);
      }
    }
  }
  return {};
}

}  // namespace dind::sandbox

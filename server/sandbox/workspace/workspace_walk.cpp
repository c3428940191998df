#include "sandbox/workspace/workspace_walk.hpp"

#include <limits.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <expected>
#include <optional>
#include <system_error>
#include <tuple>

#include "support/text/escaped.hpp"
#include "support/text/shortened.hpp"

namespace dind::sandbox {
namespace {

constexpr std::size_t kMaxDirEntries = 2'000'000;  // in one folder

bool is_protected(std::string_view name) { return std::ranges::find(kProtectedNames, name) != kProtectedNames.end(); }

bool is_gone(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

// Whether EACCES for something in the folder comes from the folder itself. A user who may read but not search a folder
// learns names only.
bool is_locked(const Folder& folder) { return !folder.look(".") && errno == EACCES; }

// Why a folder can't be opened.
struct Barrier {
  int error = 0;
  // With EACCES: the length of the part of the path that leads to the locked folder.
  std::size_t length = 0;
  struct stat status{};  // of the locked folder
};

std::expected<Folder, Barrier> reopen(const Folder& first, const std::string& path, std::size_t root_length) {
  auto at = first.below(".");
  if (!at) return std::unexpected(Barrier{.error = errno, .length = root_length, .status = first.itself()});
  std::size_t done = root_length;
  while (done < path.size()) {
    const auto begin = done == 0 ? 0 : done + 1;
    const auto end = std::min(path.find('/', begin), path.size());
    const auto name = path.substr(begin, end - begin);
    auto below = at->below(name);
    if (!below) {
      const int error = errno;
      if (error != EACCES) return std::unexpected(Barrier{.error = error});
      if (is_locked(*at)) return std::unexpected(Barrier{.error = error, .length = done, .status = at->itself()});
      const auto status = at->look(name);
      return std::unexpected(status && S_ISDIR(status->st_mode)
                                 ? Barrier{.error = error, .length = end, .status = *status}
                                 : Barrier{.error = ENOENT});
    }
    at.emplace(std::move(*below));
    done = end;
  }
  return std::move(*at);
}

Error not_entered(int error, const std::string& what, const std::string& missing) {
  if (is_gone(error)) return {ErrorCode::not_found, missing};
  if (error == EACCES)
    return {ErrorCode::invalid_request,
            "This server may not read " + what + "; its owner can allow it with chmod u+rwx"};
  return {ErrorCode::internal, "Can't read " + what + ": " + std::generic_category().message(error)};
}

}  // namespace

std::string shown_path(const std::string& path) { return shortened(escaped(path), 200); }

std::string joined_path(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

Result<Folder> enter_workspace(const std::string& workspace, const std::string& folder) {
  auto at = Folder::open(workspace);
  if (!at)
    return std::unexpected(not_entered(errno, "the workspace " + shown_path(workspace),
                                       "The workspace " + workspace + " does not exist; check workspace.path"));
  std::string_view rest = folder;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('/'), rest.size());
    if (is_protected(rest.substr(0, end)))
      return fail(ErrorCode::invalid_request, "The folder " + shown_path(folder) +
                                                  " of the workspace is never writable in " +
                                                  "a sandbox: programs of its owner trust its content");
    auto below = at->below(std::string(rest.substr(0, end)));
    if (!below)
      return std::unexpected(not_entered(
          errno, "the folder " + shown_path(folder) + " of the workspace",
          "The workspace has no folder " + shown_path(folder) + " that can be entered without a link; check its path"));
    at.emplace(std::move(*below));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::move(*at);
}

namespace {

// One walk: the nearest folders first.
class Walker {
 public:
  Walker(const Folder& first, std::string root, const WalkBounds& bounds, const std::stop_token& stop,
         const Visits& visits)
      : first_(first), root_size_(root.size()), bounds_(bounds), stop_(stop), visits_(visits) {
    open_.emplace_back(std::move(root), 0);
  }

  Walk run() {
    while (!open_.empty()) {
      std::tie(path_, depth_) = std::move(open_.front());
      open_.pop_front();
      open_bytes_ -= depth_ == 0 ? 0 : path_.size();
      if (auto end = check_bounds()) return *end;
      if (auto end = search_folder()) return *end;
    }
    return cut_.value_or(Walk{});
  }

 private:
  // A step returns the end of the walk; nullopt: it goes on.
  using Step = std::optional<Walk>;

  Step ended(Walk::End end, int error = 0) const {
    return Walk{.end = end, .folder = path_, .depth = depth_, .error = error};
  }
  bool far() const { return depth_ > kNearFolders; }

  Step check_bounds() {
    if (stop_.stop_requested()) return ended(Walk::End::stopped);
    if (cut_ && depth_ >= cut_->depth) return cut_;
    if (++searched_ > bounds_.max_folders) return ended(far() ? Walk::End::far_cut : Walk::End::too_many_folders);
    if (far() && !far_end_) far_end_ = std::chrono::steady_clock::now() + bounds_.far_time;
    if (far() && (bounds_.no_far.stop_requested() || std::chrono::steady_clock::now() >= *far_end_))
      return ended(Walk::End::far_cut);
    return std::nullopt;
  }

  Step locked(const std::string& path, const struct stat& status) const {
    return visits_.locked(path, status) ? std::nullopt : ended(Walk::End::stopped);
  }

  Step search_folder() {
    const auto folder = reopen(first_, path_, root_size_);
    if (!folder && is_gone(folder.error().error)) return std::nullopt;
    if (!folder && folder.error().error != EACCES) return ended(Walk::End::failed, folder.error().error);
    if (!folder) return locked(path_.substr(0, folder.error().length), folder.error().status);
    const auto entries = folder->entries(kMaxDirEntries);
    if (!entries) {
      const int error = errno;
      if (is_gone(error)) return std::nullopt;
      if (error != EACCES) return ended(Walk::End::failed, error);
      return locked(path_, folder->itself());
    }
    if (entries->size() == kMaxDirEntries) return ended(far() ? Walk::End::far_cut : Walk::End::too_many_names);
    for (const auto& [name, may_be_folder] : *entries) {
      const bool found = is_protected(name);
      if (!found && (!may_be_folder || depth_ == bounds_.max_depth || name == "node_modules")) continue;
      const auto status = folder->look(name);
      if (!status) {
        // Otherwise it is gone, or it is on another disk that does not answer.
        if (errno != EACCES || !is_locked(*folder)) continue;
        return locked(path_, folder->itself());
      }
      if (found) {
        if (!visits_.found(*folder, path_, name, *status)) return ended(Walk::End::stopped);
      } else if (S_ISDIR(status->st_mode) && status->st_dev == first_.itself().st_dev) {
        if (auto end = add_folder(joined_path(path_, name), *status)) return end;
      }
    }
    return std::nullopt;
  }

  Step add_folder(std::string below, const struct stat& status) {
    if (below.size() >= PATH_MAX) return std::nullopt;  // no tool can name what is in there
    if (visits_.left_out && visits_.left_out(below, status)) return std::nullopt;
    if (open_bytes_ + below.size() > bounds_.open_bytes) {
      if (depth_ < kNearFolders) return ended(Walk::End::too_long_paths);
      if (!cut_) cut_ = Walk{.end = Walk::End::far_cut, .folder = std::move(below), .depth = depth_ + 1};
      return std::nullopt;
    }
    open_bytes_ += below.size();
    open_.emplace_back(std::move(below), depth_ + 1);
    return std::nullopt;
  }

  const Folder& first_;
  const std::size_t root_size_;
  const WalkBounds& bounds_;
  const std::stop_token& stop_;
  const Visits& visits_;
  std::optional<std::chrono::steady_clock::time_point> far_end_;
  // Folders are opened again when it is their turn: one open descriptor for each would be too many.
  std::deque<std::pair<std::string, std::size_t>> open_;
  std::size_t open_bytes_ = 0;
  std::size_t searched_ = 0;
  std::optional<Walk> cut_;  // open_bytes was too small: the nearest folder that did not fit
  std::string path_;         // of the folder that is searched now
  std::size_t depth_ = 0;
};

}  // namespace

Walk walk_protected_names(const Folder& first, const std::string& root, const WalkBounds& bounds,
                          const std::stop_token& stop, const Visits& visits) {
  return Walker(first, root, bounds, stop, visits).run();
}

}  // namespace dind::sandbox

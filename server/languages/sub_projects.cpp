#include "languages/sub_projects.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "support/io/folder.hpp"
#include "support/text/escaped.hpp"

namespace dind::languages {
namespace {

constexpr std::size_t kMaxEntries = 500;  // in one folder
constexpr std::size_t kMaxFolders = 200;  // that are opened
constexpr std::size_t kMaxFound = 32;
constexpr int kMaxDepth = 2;
// Folders of installers and builds, in which no project of the user is expected.
constexpr std::array<std::string_view, 12> kMade{"node_modules", "vendor",      "target", "build",
                                                 "dist",         "out",         "bin",    "obj",
                                                 "venv",         "__pycache__", "env",    "site-packages"};

bool may_be_a_project(const std::string& name) {
  return !name.starts_with('.') && escaped(name) == name && std::ranges::find(kMade, name) == kMade.end();
}

class ProjectSearch {
 public:
  ProjectSearch(std::string root, const std::vector<std::string>& sources)
      : root_(std::move(root)), sources_(sources) {}

  void below(const Folder& folder, const std::string& path, int depth) {
    for (const auto& name : folder.names(kMaxEntries).value_or(std::vector<std::string>{})) {
      if (found_.size() == kMaxFound || looked_ == kMaxFolders) return;
      if (!may_be_a_project(name)) continue;
      const auto status = folder.look(name);
      if (!status || !S_ISDIR(status->st_mode)) continue;
      const auto inner = folder.below(name);
      if (!inner) continue;
      ++looked_;
      const std::string place = path.empty() ? name : path + "/" + name;
      add(place);
      if (depth < kMaxDepth) below(*inner, place, depth + 1);
    }
  }
  std::vector<WorkspaceProgram> take() { return std::move(found_); }

 private:
  void add(const std::string& place) {
    auto there = find_workspace_programs(root_ + "/" + place);
    if (!there) return;
    for (auto& program : there->programs) {
      program.id = place + "/" + program.id;
      program.source = place + "/" + program.source;
      program.extra = true;
      if (found_.size() < kMaxFound && std::ranges::find(sources_, program.source) == sources_.end())
        found_.push_back(std::move(program));
    }
  }

  const std::string root_;
  const std::vector<std::string>& sources_;
  std::size_t looked_ = 0;
  std::vector<WorkspaceProgram> found_;
};

}  // namespace

std::vector<WorkspaceProgram> find_sub_projects(const std::string& path, const std::vector<std::string>& sources) {
  const auto folder = Folder::open(path);
  if (!folder) return {};
  ProjectSearch search(path, sources);
  search.below(*folder, "", 1);
  return search.take();
}

std::optional<std::pair<std::string, std::string>> sub_project(const std::string& id) {
  const auto end = id.find_last_of('/');
  if (end == std::string::npos) return std::nullopt;
  return std::pair(id.substr(0, end), id.substr(end + 1));
}

}  // namespace dind::languages

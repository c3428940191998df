// Finds projects in subfolders, as in a monorepo: packages/app/package.json.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "languages/workspace_programs.hpp"

namespace dind::languages {

// Programs of folders one or two levels below, in the order of their paths. Id and source begin with the path:
// "packages/app/npm-start". All are `extra`: each runs only if it is chosen. Hidden folders, installed packages, build
// output and the files in `sources` are left out. Bounded: looks into at most some hundred folders.
std::vector<WorkspaceProgram> find_sub_projects(const std::string& folder, const std::vector<std::string>& sources);

// "packages/app" and "npm-start" of "packages/app/npm-start"; nullopt: the program belongs to the folder itself.
std::optional<std::pair<std::string, std::string>> sub_project(const std::string& id);

}  // namespace dind::languages

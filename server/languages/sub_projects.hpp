// Projects in the folders of a folder, as a monorepo has them: packages/app/package.json.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "languages/workspace_programs.hpp"

namespace dind::languages {

// Programs of folders one or two levels below, in the order of their paths. The id and the source begin with the path:
// "packages/app/npm-start". All are `extra`: each runs only by a choice. Hidden folders, installed packages and what
// builds have made are left out, and so is what `sources` names. A look at it ends soon: some hundred folders at most.
std::vector<WorkspaceProgram> find_sub_projects(const std::string& folder, const std::vector<std::string>& sources);

// "packages/app" and "npm-start" of "packages/app/npm-start"; nullopt: it is a program of the folder itself.
std::optional<std::pair<std::string, std::string>> sub_project(const std::string& id);

}  // namespace dind::languages

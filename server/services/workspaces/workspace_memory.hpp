// Remembers what a person chose to run in a folder, in a terminal or an editor. A file of this person has the choices:
// $XDG_STATE_HOME/dind-executor/workspaces.json, else
// ~/.local/state/dind-executor/workspaces.json.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace dind {

struct WorkspaceChoice {
  std::optional<std::string> program;  // an id
  std::optional<std::string> command;  // or a line for the shell
  bool operator==(const WorkspaceChoice&) const = default;
};

// A missing or broken file counts as empty. `folder`: absolute, without symbolic links.
std::optional<WorkspaceChoice> remembered(const std::string& folder);

// False: the file could not be written; the program can run anyway. Also drops folders that no longer exist.
bool remember(const std::string& folder, const WorkspaceChoice& choice);

// Removes the choice, so that the next run asks again. False: the file could not be written.
bool forget_choice(const std::string& folder);

}  // namespace dind

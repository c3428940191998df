// What a person chose to run of a folder, in a terminal or an editor, kept in a file of theirs:
// $XDG_STATE_HOME/dind-executor/workspaces.json, else
// ~/.local/state/dind-executor/workspaces.json.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace dind {

struct WorkspaceChoice {
  std::optional<std::string> program;  // an id; or
  std::optional<std::string> command;  // a line for the shell
  bool operator==(const WorkspaceChoice&) const = default;
};

// A file that is missing or broken remembers nothing. `folder`: absolute, without links.
std::optional<WorkspaceChoice> remembered(const std::string& folder);

// False: it could not be written, which is no reason not to run. Folders that are gone are forgotten by the way.
bool remember(const std::string& folder, const WorkspaceChoice& choice);

// The next run asks again. False: it could not be written.
bool forget_choice(const std::string& folder);

}  // namespace dind

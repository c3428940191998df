// Runs a whole folder of the workspace: lists the programs in it, and makes the spec of a run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"

namespace dind {

struct WorkspaceProgramSummary {
  std::string id;                  // "npm-start", "packages/app/npm-start": the same in each list
  std::string label;               // "npm start"
  std::string source;              // "package.json": the file that says so
  std::string detail;              // one line: what the file says, if it says more
  bool build = false;              // an image is built first
  bool extra = false;              // a test, a build, a project in a subfolder: runs only if it is chosen
  std::vector<std::string> notes;  // for people: what may be missing
};

// The only program that is not extra; nullptr: there is no such program, or more than one.
const WorkspaceProgramSummary* only_program(const std::vector<WorkspaceProgramSummary>& programs);

// The beginning of a message. The caller appends the folder and a list of its programs. `extra`: all of them are extra.
inline std::string choice_is_needed(bool extra) {
  return extra ? "No program runs without being chosen in " : "There is more than one program in ";
}

struct WorkspaceProgramList {
  std::string folder;                             // absolute, without links
  std::vector<WorkspaceProgramSummary> programs;  // in order of preference
  std::vector<std::string> notes;                 // files that look like a program but are not one
};

struct WorkspaceRequest {
  std::string folder;
  std::optional<std::string> program;     // an id of the list
  std::optional<Command> command;         // or a person's own. Neither: the only program
  std::optional<WorkspaceAccess> access;  // nullopt: read_write
  Terms terms = Terms::fields;            // of the reader of error messages
};

// The context of a build: `path` relative to `root` (empty: the workspace), and the full path.
struct BuildFolder {
  std::string root, path;
  std::string whole;  // absolute, without links
};

class WorkspaceRuns {
 public:
  virtual ~WorkspaceRuns() = default;

  // Finds the folder that a person at this machine names as a build's context: as their shell sees it, else relative to
  // the workspace. If the operator has set a workspace, the folder must be in it. Errors: not_found, invalid_request.
  virtual Result<BuildFolder> build_folder(const std::string& folder) = 0;

  // If the operator has set no workspace, `folder` can be run from now on, until `forget`. Only for frontends whose
  // client is the person at this machine. A home folder, or a folder that contains it, is not accepted.
  virtual void set_if_unset(const std::string& folder) = 0;
  virtual void forget(const std::string& folder) = 0;

  // Searches the folder on the disk. `terms`: the words that notes use. Error: not_found.
  virtual Result<WorkspaceProgramList> programs(const std::string& folder, Terms terms) = 0;

  // The spec of the run. The folder is the working directory, and by default writable. Errors: not_found (the folder,
  // or a program with this id), invalid_request (the folder is not in the workspace; a choice is needed).
  virtual Result<RunSpec> spec(const WorkspaceRequest& request) = 0;
};

}  // namespace dind

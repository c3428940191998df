// A whole folder of the workspace as something to run: what in it can run, and the run of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"

namespace dind {

struct WorkspaceProgramSummary {
  std::string id;                  // "npm-start", "packages/app/npm-start": the same at the next look
  std::string label;               // "npm start"
  std::string source;              // "package.json": the file that says so
  std::string detail;              // what it says, where it says more: one line
  bool build = false;              // an image is built first
  bool extra = false;              // a test, a build, a project in a folder: it never runs without being chosen
  std::vector<std::string> notes;  // for people: what it may lack
};

// The one program that there is, extra ones apart; nullptr: there is none, or a choice.
const WorkspaceProgramSummary* only_program(const std::vector<WorkspaceProgramSummary>& programs);

// How a message begins that goes on with a folder and a list of its programs; `extra`: all of them are.
inline std::string choice_is_needed(bool extra) {
  return extra ? "No program runs without being chosen in " : "There is more than one program in ";
}

struct WorkspaceProgramList {
  std::string folder;                             // absolute, without links
  std::vector<WorkspaceProgramSummary> programs;  // in order of preference
  std::vector<std::string> notes;                 // files that look like a program and are none
};

struct WorkspaceRequest {
  std::string folder;
  std::optional<std::string> program;     // an id of the list; or
  std::optional<Command> command;         // a person's own. Neither: the only program that there is
  std::optional<WorkspaceAccess> access;  // none: read_write
  Terms terms = Terms::fields;            // of whoever reads what can't be run
};

// A build's context: `path` beneath `root` (empty: the workspace), and where that is.
struct BuildFolder {
  std::string root, path;
  std::string whole;  // absolute, without links
};

class WorkspaceRuns {
 public:
  virtual ~WorkspaceRuns() = default;

  // The folder that a person at this machine names as a build's context: as their shell has it, else beneath the
  // workspace. Where the operator has set a workspace, it must be in there. Errors: not_found, invalid_request.
  virtual Result<BuildFolder> build_folder(const std::string& folder) = 0;

  // Where the operator has set no workspace, `folder` is one of those that can be run from now on, until it is
  // forgotten; for faces whose client is the person at this machine. A home folder, or one that holds it, is not taken.
  virtual void adopt(const std::string& folder) = 0;
  virtual void forget(const std::string& folder) = 0;

  // A look at the disk, with notes in these terms. Error: not_found.
  virtual Result<WorkspaceProgramList> programs(const std::string& folder, Terms terms) = 0;

  // The run, with the folder writable and as the working directory. Errors: not_found (the folder, or a program by that
  // id), invalid_request (it is not in the workspace; a choice is needed).
  virtual Result<RunSpec> spec(const WorkspaceRequest& request) = 0;
};

}  // namespace dind

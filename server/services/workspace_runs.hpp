// A whole folder of the workspace as something to run: what in it can run, and the run of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"

namespace dind {

struct WorkspaceProgramSummary {
  std::string id;                  // "npm-start": the same at the next look
  std::string label;               // "npm start"
  std::string source;              // "package.json": the file that says so
  std::string detail;              // what it says, where it says more: one line
  bool build = false;              // an image is built first
  std::vector<std::string> notes;  // for people: what it may lack
};

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
};

class WorkspaceRuns {
 public:
  virtual ~WorkspaceRuns() = default;

  // Where the operator has set no workspace, `folder` is it from now on; for faces whose client is the person at this
  // machine. A home folder, or one that holds it, is not taken.
  virtual void adopt(const std::string& folder) = 0;

  // A look at the disk. Error: not_found.
  virtual Result<WorkspaceProgramList> programs(const std::string& folder) = 0;

  // The run, with the folder writable and as the working directory. Errors: not_found (the folder, or a program by that
  // id), invalid_request (it is not in the workspace; a choice is needed).
  virtual Result<RunSpec> spec(const WorkspaceRequest& request) = 0;
};

}  // namespace dind

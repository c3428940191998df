// What may run of a whole folder: its Dockerfile, the start script of its package.json, its main.py … The rows that say
// so are data (workspace_table.hpp). Whatever is in the folder, a look at it ends soon, and nothing outside is read.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"

namespace dind::languages {

struct WorkspaceProgram {
  std::string id;      // "npm-start", "python-package:tool": the same at the next look
  std::string label;   // "npm start"
  std::string source;  // "package.json": the file that says so, relative to the folder
  std::string detail;  // what it says: the text of a start script; one line
  bool build = false;
  bool extra = false;               // only by a choice: a test or a build, and not the program itself
  std::string dockerfile;           // with `build`: its text
  std::string language;             // a recipe's id; or
  std::vector<std::string> images;  // in order of preference
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<std::string> requirements;
  std::vector<std::string> constraints;
  std::optional<Error> refusal;    // why its requirements can't be installed, and so it can't run
  std::vector<std::string> notes;  // for people: what it may lack
};

struct WorkspacePrograms {
  std::vector<WorkspaceProgram> programs;  // in order of preference
  std::vector<std::string> notes;          // files that look like a program and are none: one line each
};

// `folder`: absolute; `terms`: of whoever reads the notes. Error not_found: there is no such folder, or it can't be
// read.
Result<WorkspacePrograms> find_workspace_programs(const std::string& folder, Terms terms = Terms::fields);

// How a command of a person's own runs in the folder: the language whose interpreter its first word names, else that
// of a row's own command ("npm"), else that of the folder's programs, else the shell's. With that language's packages
// where any of its words names the interpreter: `ls` needs none.
WorkspaceProgram program_for_command(const std::string& folder, const std::vector<std::string>& words);

}  // namespace dind::languages

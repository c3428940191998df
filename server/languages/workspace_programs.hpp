// Finds what can run in a folder: its Dockerfile, the start script of its package.json, its main.py … The rules are
// data (workspace_table.hpp). The search is bounded, whatever the folder contains, and reads nothing outside of it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"

namespace dind::languages {

struct WorkspaceProgram {
  std::string id;      // "npm-start", "python-package:tool": stays the same in later searches
  std::string label;   // "npm start"
  std::string source;  // "package.json": the file with the rule's information, relative to the folder
  std::string detail;  // its content: the text of a start script; one line
  bool build = false;
  bool extra = false;               // runs only if chosen: a test or a build, not the program itself
  std::string dockerfile;           // with `build`: the text of the Dockerfile
  std::string language;             // the id of a recipe; empty: see `images`
  std::vector<std::string> images;  // in order of preference; without `language`
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<std::string> dependencies;
  std::vector<std::string> constraints;
  std::optional<Error> refusal;    // why its dependencies cannot be installed, so it cannot run
  std::vector<std::string> notes;  // for people: what may be missing
};

struct WorkspacePrograms {
  std::vector<WorkspaceProgram> programs;  // in order of preference
  std::vector<std::string> notes;          // one line for each file that looks like a program but cannot run
};

// `folder`: absolute. `terms`: of the reader of the notes. Error not_found: the folder does not exist or cannot be
// read.
Result<WorkspacePrograms> find_workspace_programs(const std::string& folder, Terms terms = Terms::fields);

// How a person's own command runs in the folder. The first of these that applies gives the language:
// - the interpreter that the first word names;
// - the `#!` line of a script that the first word names;
// - the tool that the first word names ("npx");
// - a row with this command ("npm"), else a row of the folder's programs;
// - the shell.
//
// Dependencies of the language are added only if a word, or that `#!` line, names its interpreter: `ls` needs none.
WorkspaceProgram program_for_command(const std::string& folder, const std::vector<std::string>& words);

}  // namespace dind::languages

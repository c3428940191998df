// The four usual requests, and the RunSpec that each stands for. A `timeout` bounds the whole call: the wait for a
// place, an image, packages or a build, and the program; past it the verdict is timeout. None: each has its usual
// bound.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dind/run_spec.hpp"

namespace dind {

struct PythonCode {
  std::string code;
  std::string python_version;  // "3.11": the image python:3.11-slim; "latest": python:slim; empty: the recipe's own
  std::vector<std::string> requirements;  // as in a requirements file, without options: "requests", "flask>=2"
  std::optional<std::chrono::milliseconds> timeout;
};
struct ShellScript {
  std::string script;
  std::string shell = "/bin/bash";   // its path in the image
  std::optional<std::string> image;  // none: that of the recipe for shell scripts
  std::optional<std::chrono::milliseconds> timeout;
};
struct CommandRequest {
  std::string image;
  Command command;               // one string goes through the image's /bin/sh; a list is argv
  bool mount_workspace = false;  // at kWorkspaceMount, writable as far as the operator allows
  std::string working_dir;       // absolute, in the sandbox; empty: the workspace where it is mounted
  std::optional<std::chrono::milliseconds> timeout;
};
struct BuildRequest {
  std::string dockerfile_content;
  std::string context_path;  // a folder beneath the workspace; empty: the Dockerfile alone
  std::optional<std::chrono::milliseconds> timeout;
  std::map<std::string, std::string> build_args = {};  // values of its ARG instructions
  std::string target = {};                             // the stage that is built; empty: the last one
};

RunSpec spec_of(PythonCode python);
RunSpec spec_of(ShellScript shell);
RunSpec spec_of(CommandRequest command);
RunSpec spec_of(BuildRequest build);

}  // namespace dind

// The four usual requests, and the RunSpec for each. A `timeout` bounds the whole request: the wait in the queue, an
// image, dependencies or a build, and the program. Beyond it the verdict is timeout. nullopt: each stage has its usual
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
  std::string python_version;  // "3.11": the image python:3.11-slim; "latest": python:slim; empty: the recipe's image
  std::vector<std::string> requirements;  // as in a requirements file, without options: "requests", "flask>=2"
  std::optional<std::chrono::milliseconds> timeout;
};
struct ShellScript {
  std::string script;
  std::string shell = "/bin/bash";   // its path in the image
  std::optional<std::string> image;  // nullopt: the image of the recipe for shell scripts
  std::optional<std::chrono::milliseconds> timeout;
};
struct CommandRequest {
  std::string image;
  Command command;               // one string: the image's /bin/sh runs it; a list: argv
  bool mount_workspace = false;  // at kWorkspaceMount; writable if the operator allows it
  std::string working_dir;       // absolute, in the sandbox; empty: the workspace if it is mounted
  std::optional<std::chrono::milliseconds> timeout;
};
struct BuildRequest {
  std::string dockerfile_content;
  std::string context_path;  // a folder in the workspace; empty: only the Dockerfile
  std::optional<std::chrono::milliseconds> timeout;
  std::map<std::string, std::string> build_args = {};  // values of its ARG instructions
  std::string target = {};                             // the stage to build; empty: the last one
};

RunSpec to_run_spec(PythonCode python);
RunSpec to_run_spec(ShellScript shell);
RunSpec to_run_spec(CommandRequest command);
RunSpec to_run_spec(BuildRequest build);

}  // namespace dind

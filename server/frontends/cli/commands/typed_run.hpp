// The options of `run` as a person typed them, and what they mean. Pure.
#pragma once

#include <string>
#include <vector>

#include "dind/error.hpp"
#include "frontends/cli/arguments.hpp"

namespace dind::frontends::cli {

// Empty texts were not given. They are interpreted after parsing, in one place, so that all messages have one style.
struct TypedRun {
  std::string file, language, image, timeout, memory, cpus, pids, tmp, stdin_file, pull, isolation;
  std::string requirements_file, workspace, working_dir, dockerfile, context, total_timeout, folder, program;
  std::string network = "none";
  std::string target;
  std::vector<std::string> env, dependencies, build_args;
  bool choose = false, no_handover = false, no_history = false, json = false, quiet = false;
};

// `args`: what follows `--`. Errors (invalid_request): one line that names the option and says what to do.
Result<RunArguments> interpret(const TypedRun& typed, std::vector<std::string> args);

}  // namespace dind::frontends::cli

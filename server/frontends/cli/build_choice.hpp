// Reads the Dockerfile of `run --dockerfile`, its context and its options, as `docker build -f` does.
#pragma once

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "frontends/cli/arguments.hpp"
#include "services/workspaces/workspace_runs.hpp"

namespace dind::frontends::cli {

// `folders`: needed if there is a context. `stdin_fd`: source of a "-" file. Errors: not_found, invalid_request.
Result<BuildProgram> read_build(const RunArguments& arguments, int stdin_fd, WorkspaceRuns* folders);

// Values of --build-arg. An argument without a value gets the environment variable with its name, or is left out.
std::map<std::string, std::string> build_arguments(const RunArguments& arguments);

}  // namespace dind::frontends::cli

// The Dockerfile that `run --dockerfile` names, its context and its options, as `docker build -f` reads them.
#pragma once

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "frontends/cli/arguments.hpp"
#include "services/workspace_runs.hpp"

namespace dind::frontends::cli {

// `folders`: needed where there is a context. `stdin_fd`: what "-" is read from. Errors: not_found, invalid_request.
Result<BuildProgram> read_build(const RunArguments& arguments, int stdin_fd, WorkspaceRuns* folders);

// Values of --build-arg: one without a value is the variable of our own environment by that name, or left out.
std::map<std::string, std::string> build_arguments(const RunArguments& arguments);

}  // namespace dind::frontends::cli

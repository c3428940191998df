// From arguments to a RunSpec: reads the program's file. The errors are one line that says what to do.
#pragma once

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "faces/cli/arguments.hpp"

namespace dind::faces::cli {

constexpr std::size_t kMostProgramBytes = 16U << 20;

// Blocks while it reads (a program on `stdin_fd` too). Errors: not_found (no such file), invalid_request (a folder,
// empty, too large, unreadable).
// `base`: of a folder that is run; what the arguments say is put over it.
Result<RunSpec> make_spec(const RunArguments& arguments, int stdin_fd = 0, std::optional<RunSpec> base = {});

// Opens what `--stdin` names, for reading.
Result<int> open_input(const std::string& path);

}  // namespace dind::faces::cli

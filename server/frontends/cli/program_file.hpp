// From arguments to a RunSpec: reads the program's file. The errors are one line that says what to do.
#pragma once

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "frontends/cli/arguments.hpp"
#include "services/workspace_runs.hpp"

namespace dind::frontends::cli {

constexpr std::size_t kMaxProgramBytes = 16U << 20;

// Blocks while it reads (a program on `stdin_fd` too). Errors: not_found (no such file), invalid_request (a folder,
// empty, too large, unreadable).
// `base`: of a folder that is run; what the arguments say is put over it.
// `folders`: for a build's context.
Result<RunSpec> make_spec(const RunArguments& arguments, int stdin_fd = 0, std::optional<RunSpec> base = {},
                          WorkspaceRuns* folders = nullptr);

// The text of a file; `what` it is, for people. The same errors.
Result<std::string> read_file(const std::string& path, const char* what);
Result<std::string> read_stdin(int stdin_fd, const char* what, const std::string& option);

// Opens what `--stdin` names, for reading.
Result<int> open_input(const std::string& path);

// A hint for each word that the parser takes for an option and that may be a file: "-n.py". Empty: there is none.
std::string files_for_options(const std::vector<std::string>& words);

// The error for a word that would be read as an option ("-t.py" as a timeout, "-h.py" as --help) and is a file here.
Result<void> check_options(const std::vector<std::string>& words);

}  // namespace dind::frontends::cli

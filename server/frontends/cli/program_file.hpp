// Turns arguments into a RunSpec and reads the program's file. Errors are one line that says what to do.
#pragma once

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "frontends/cli/arguments.hpp"
#include "services/workspaces/workspace_runs.hpp"

namespace dind::frontends::cli {

constexpr std::size_t kMaxProgramBytes = 16U << 20;

// Blocks while it reads (also a program on `stdin_fd`). Errors: not_found (the file does not exist),
// invalid_request (a folder, empty, too large, unreadable).
// `base`: the spec of a folder to run; the arguments override it. `folders`: needed for a build with a context.
Result<RunSpec> make_spec(const RunArguments& arguments, int stdin_fd = 0, std::optional<RunSpec> base = {},
                          WorkspaceRuns* folders = nullptr);

// The text of a file. `what`: what kind of text it is, for messages. Same errors as make_spec.
Result<std::string> read_file(const std::string& path, const char* what);
Result<std::string> read_stdin(int stdin_fd, const char* what, const std::string& option);

// Opens the file of `--stdin` for reading.
Result<int> open_input(const std::string& path);

// A hint for each word that the parser takes for an option and that may be a file: "-n.py".
// Empty: there is no such word.
std::string files_for_options(const std::vector<std::string>& words);

// Fails if a word would be read as an option ("-t.py" as a timeout, "-h.py" as --help) and is a file in this folder.
Result<void> check_options(const std::vector<std::string>& words);

}  // namespace dind::frontends::cli

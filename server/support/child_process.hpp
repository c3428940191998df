// A program of this machine as a child: no shell, bounded output, a deadline, and never a wait on the core's thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

struct ChildProgram {
  std::string path;  // as find_program gives it
  std::vector<std::string> arguments;
  std::string input;                    // its whole stdin
  std::size_t most_output = 64 * 1024;  // of stdout and of stderr, each; more ends it
};
struct ChildResult {
  int exit_code = 0;  // 128 + N where signal N ended it
  std::string out;
  std::string err;
};

// `name` in the folders of `path` ($PATH); empty: there is no such program, or `name` has a slash.
std::string find_program(std::string_view name, std::string_view path);

// Runs it to its end on `executor`, which must be an io_context's. It gets our environment, a process group of its own
// and no descriptor of ours; it and its children are killed at the deadline, at `cancel` and past its output limit.
// Errors: not_found (it can't be started), internal (deadline, too much output), cancelled. No message has any of its
// output.
Task<Result<ChildResult>> run_child(asio::any_io_executor executor, ChildProgram program, Cancel cancel,
                                    Deadline deadline);

}  // namespace dind

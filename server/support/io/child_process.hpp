// Runs a program of this machine as a child: no shell, bounded output, a deadline, and no blocking of the core's
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind {

struct ChildProgram {
  std::string path;  // as `find_program` returns it
  std::vector<std::string> arguments;
  std::string input;                         // all of its stdin
  std::size_t max_output_bytes = 64 * 1024;  // bytes, for each of stdout and stderr; a child that writes more is killed
};
struct ChildResult {
  int exit_code = 0;  // 128 + N if signal N ended it
  std::string out;
  std::string err;
};

// Searches `name` in the folders of `path` ($PATH). Empty: there is no such program, or `name` contains a slash.
std::string find_program(std::string_view name, std::string_view path);

// Runs the program to its end on `executor`, which must belong to an io_context. The child gets this process's
// environment without DIND_TOKEN, a new process group, and no descriptor except its own stdin, stdout and stderr. It
// and its children are killed at the deadline, at `cancel`, and when it exceeds its output limit. Errors: not_found (it
// cannot be started), internal (deadline, too much output), cancelled. No message contains its output.
Task<Result<ChildResult>> run_child(asio::any_io_executor executor, ChildProgram program, Cancel cancel,
                                    Deadline deadline);

}  // namespace dind

// The executor for a C++ program: runs code in fresh sandboxes of a Docker engine. Thread-safe; every call blocks its
// caller until the run has ended, and runs of several threads go on side by side.
//
//   auto executor = dind::Executor::open();
//   auto result = (*executor)->run_python_code({.code = "print(6 * 7)"});
//   if (result) std::cout << result->output;
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dind/error.hpp"
#include "dind/patterns.hpp"
#include "dind/run_event.hpp"
#include "dind/run_spec.hpp"

namespace dind {

struct ExecutorOptions {
  std::string host;  // the engine's address; empty: as configured, DOCKER_HOST, the docker context
  std::optional<std::string> config_file;     // the operator's settings; none: where dind-executor looks for them
  std::size_t kept_output_bytes = 10U << 20;  // of each of stdout and stderr; what is over is counted, and not kept
};

// What a run left: its result, and its output up to the bound.
struct Execution {
  RunResult result;
  std::string output;                 // stdout, bytes as the program wrote them
  std::string errors;                 // stderr
  std::uint64_t output_left_out = 0;  // bytes over the bound
  std::uint64_t errors_left_out = 0;

  // As a shell has it: the program's own, 128 + signal, 124 for a timeout, 137 for memory.
  int returncode() const;
};

// A run that is under way, from another thread's point of view: cancel it, and the call that waits for it returns.
class RunHandle {
 public:
  RunHandle();
  void cancel() const;  // at any time, from any thread; a run that has ended or not begun yet is no error

 private:
  friend class Executor;
  struct State;
  std::shared_ptr<State> state_;
};

struct CallOptions {
  std::string input;  // the program's stdin
  // Called as output comes, on a thread of the executor's: keep it short. Kept output is not affected.
  std::function<void(Channel, std::string_view)> on_output;
  std::optional<RunHandle> handle;
};

class Executor {
 public:
  // Errors: invalid_request (an address that is none, a broken configuration). Asks nothing of the engine yet.
  static Result<std::unique_ptr<Executor>> open(ExecutorOptions options = {});
  ~Executor();  // cancels what is under way and waits until its containers are gone, 10 s at most
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Whether an engine answers, within two seconds. False where running code is switched off (DIND_ENABLED=false).
  bool is_available();

  // Errors of all: include/dind/error.hpp. A program's own failure is a result, never an Error.
  Result<Execution> run(RunSpec spec, CallOptions call = {});
  Result<Execution> run_python_code(PythonCode python, CallOptions call = {});
  Result<Execution> run_shell_script(ShellScript shell, CallOptions call = {});
  Result<Execution> run_command(CommandRequest command, CallOptions call = {});
  Result<Execution> build_and_run(BuildRequest build, CallOptions call = {});

 private:
  struct Core;
  explicit Executor(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace dind

// The executor as a C++ library: it runs code in fresh sandboxes of a Docker engine. It is thread-safe. Each call
// blocks its thread until the run has ended. Runs of several threads go on at the same time.
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
  std::string host;  // the engine's address; empty: from the configuration, DOCKER_HOST or the docker context
  std::optional<std::string> config_file;     // the operator's settings; nullopt: where dind-executor looks for them
  std::size_t kept_output_bytes = 10U << 20;  // of each of stdout and stderr; bytes beyond it are counted and not kept
};

// The result of a run and its output, up to kept_output_bytes.
struct Execution {
  RunResult result;
  std::string output;                 // stdout, the bytes as the program wrote them
  std::string errors;                 // stderr
  std::uint64_t output_left_out = 0;  // bytes of stdout that exceed kept_output_bytes
  std::uint64_t errors_left_out = 0;

  // The exit code as a shell shows it: the program's own, 128 + signal, 124 for a timeout, 137 for memory.
  int returncode() const;
};

// Cancels a run from another thread. The call that waits for the run then returns.
class RunHandle {
 public:
  RunHandle();
  void cancel() const;  // at any time, from any thread; no effect if the run has ended or has not begun

 private:
  friend class Executor;
  struct State;
  std::shared_ptr<State> state_;
};

struct CallOptions {
  std::string input;  // the program's stdin
  // Called when output arrives, on a thread of the executor: keep it short. It does not change what is kept.
  std::function<void(Channel, std::string_view)> on_output;
  std::optional<RunHandle> handle;
};

class Executor {
 public:
  // Errors: invalid_request (not a valid address, or a broken configuration). Sends nothing to the engine yet.
  static Result<std::unique_ptr<Executor>> open(ExecutorOptions options = {});
  ~Executor();  // cancels the runs and waits until their containers are removed, at most 10 s
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Whether an engine answers within two seconds. False where the operator has switched runs off (DIND_ENABLED=false).
  bool is_available();

  // The errors of all five: include/dind/error.hpp. A program's own failure is a result, never an Error.
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

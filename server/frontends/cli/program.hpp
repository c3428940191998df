// What the commands use of the program around them. `app` implements it, because only `app` may know all modules.
#pragma once

#include <string>
#include <vector>

#include "dind/error.hpp"
#include "frontends/cli/arguments.hpp"
#include "services/health/doctor.hpp"
#include "services/history/history.hpp"
#include "services/runs/live_runs.hpp"
#include "services/runs/run_service.hpp"
#include "services/upkeep/garbage.hpp"
#include "services/workspaces/workspace_runs.hpp"
#include "support/async/task.hpp"

namespace dind::frontends::cli {

// What goes on while a command runs.
enum class Background {
  nothing,
  upkeep,     // removes what dead instances left, and answers `ps` and `stop`
  warm_pool,  // the same, and keeps warm sandboxes for the next runs
};

// Each part is made when a command asks for it first. Errors (invalid_request): the configuration or the engine's
// address is wrong. No part contacts the engine before it is used.
class Program {
 public:
  struct Services {
    RunService& runs;
    WorkspaceRuns& workspaces;
    History& history;
    Doctor& doctor;
    GarbageCollector& garbage;
  };
  struct RecordedRuns {
    History& history;
    PruneRequest bounds;  // of the configuration
  };
  // Runs the program that is asked for: here, or in a running server that has the same settings.
  struct RunTarget {
    RunService& runs;
    WorkspaceRuns* workspaces;  // null: in a server
    Background background;
  };

  virtual ~Program() = default;
  virtual asio::any_io_executor executor() = 0;
  // Runs a task to its end. Returns its exit code.
  virtual int run(Task<int> task, Background background = Background::nothing) = 0;

  virtual Result<Services> services() = 0;
  virtual Result<RecordedRuns> history() = 0;  // needs no engine
  virtual Result<RunTarget> run_target(const RunArguments& arguments) = 0;

  // The runs under way of every server, editor and terminal of this user; as root, of every user.
  virtual std::vector<LiveRun> live_runs() = 0;
  // Tells a run of the last `live_runs()` to end. False: it has just ended.
  virtual bool stop_run(std::size_t index) = 0;

  // The servers, each until its end. They return the exit code of the process.
  virtual int serve(ServeArguments arguments) = 0;
  virtual int serve_rpc() = 0;
  virtual int serve_lsp(LspArguments arguments) = 0;
};

}  // namespace dind::frontends::cli

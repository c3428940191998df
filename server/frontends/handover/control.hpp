// Lets a person who operates this machine list the live runs and stop one. Each process that serves many runs answers
// on its own socket. `dind-executor ps` and `stop` ask all of them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "services/runs/live_runs.hpp"

namespace dind::frontends::handover {

using AskUsage = std::function<Task<std::optional<RunUsage>>(std::string container_id, Deadline deadline)>;

// Answers until `stop`. Only processes of this user and of root get an answer. If the socket
// can't be created, only the log says so.
Task<void> answer_operators(asio::any_io_executor executor, LiveRuns& runs, AskUsage usage, Cancel stop);

// One live run of a process that answered.
struct OperatedRun {
  LiveRun run;
  std::int64_t pid = 0;
  std::string socket;  // where to ask for the end of the run
};

// Blocks, at most for some seconds. Leaves out processes that do not answer. Removes sockets of dead processes.
std::vector<OperatedRun> all_live_runs();
// True: the run was told to end.
bool stop_run(const OperatedRun& run);

}  // namespace dind::frontends::handover

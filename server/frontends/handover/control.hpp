// A person who operates this machine looks at the runs of our processes, and ends one: each process that serves many
// runs answers on a socket of its own, and `dind-executor ps` and `stop` ask them all.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "services/live_runs.hpp"

namespace dind::frontends::handover {

using AskUsage = std::function<Task<std::optional<RunUsage>>(std::string container_id, Deadline deadline)>;

// Answers until `stop`. Only this user's processes and root's are answered. Where no socket can be made, nothing but
// the log hears of it.
Task<void> answer_operators(asio::any_io_executor executor, LiveRuns& runs, AskUsage usage, Cancel stop);

// One run of a process that answered.
struct OperatedRun {
  LiveRun run;
  std::int64_t pid = 0;
  std::string socket;  // where to ask for its end
};

// Blocks, some seconds at most. What does not answer is left out; sockets of dead processes are removed.
std::vector<OperatedRun> all_live_runs();
// True: the run was told to end.
bool stop_run(const OperatedRun& run);

}  // namespace dind::frontends::handover

// Writes figures in the text format of Prometheus (exposition format 0.0.4). Pure.
#pragma once

#include <string>

#include "services/runs/live_runs.hpp"
#include "services/runs/run_service.hpp"

namespace dind::frontends::http {

// Figures of this process, from Linux.
struct ProcessFigures {
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_files = 0;
  double cpu_seconds = 0;
};
ProcessFigures process_figures();

struct Gauges {
  std::size_t running = 0;
  std::size_t preparing = 0;
  std::size_t queued = 0;
  std::size_t warm_sandbox_count = 0;
  bool engine_up = false;
  bool accepting = true;  // takes new runs
  RunCapacity capacity;
  ProcessFigures process;
  std::string version;
};

std::string metrics_text(const RunFigures& figures, const Gauges& gauges);

}  // namespace dind::frontends::http

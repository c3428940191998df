// Figures in the text format of Prometheus (exposition format 0.0.4). Pure.
#pragma once

#include <string>

#include "services/live_runs.hpp"

namespace dind::faces::http {

struct Gauges {
  std::size_t running = 0;
  std::size_t preparing = 0;
  std::size_t queued = 0;
  std::size_t waiting_sandboxes = 0;
  bool engine_up = false;
  std::string version;
};

std::string metrics_text(const RunFigures& figures, const Gauges& gauges);

}  // namespace dind::faces::http

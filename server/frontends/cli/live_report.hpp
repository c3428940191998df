// Writes the text of `dind-executor ps`, and finds the run that `dind-executor stop` names. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "services/runs/live_runs.hpp"

namespace dind::frontends::cli {

std::string live_runs_text(const std::vector<LiveRun>& runs, std::int64_t now_ms, bool as_json);

// The index in `runs` of the run with this `id`, or of the only run whose id starts with it.
// Errors: invalid_request, not_found.
Result<std::size_t> find_live_run(const std::vector<LiveRun>& runs, const std::string& id);

}  // namespace dind::frontends::cli

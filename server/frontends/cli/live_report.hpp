// What `dind-executor ps` prints, and which run `dind-executor stop` means. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "services/live_runs.hpp"

namespace dind::frontends::cli {

std::string live_runs_text(const std::vector<LiveRun>& runs, std::int64_t now_ms, bool as_json);

// The place in `runs` of the one whose id is `id`, or alone begins so. Errors (invalid_request, not_found).
Result<std::size_t> find_live_run(const std::vector<LiveRun>& runs, const std::string& id);

}  // namespace dind::frontends::cli

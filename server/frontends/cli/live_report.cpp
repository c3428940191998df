#include "frontends/cli/live_report.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "frontends/cli/padded.hpp"
#include "frontends/shared/ending.hpp"
#include "frontends/shared/history_json.hpp"
#include "support/text/shortened.hpp"
#include "support/units.hpp"
#include "wire/json_text.hpp"

namespace dind::frontends::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxWhatLength = 60;

std::chrono::milliseconds time_of(const LiveRun& run, std::int64_t now_ms) {
  return std::chrono::milliseconds(std::max<std::int64_t>(0, now_ms - run.began_ms));
}

std::string limits_cell(const LiveRun& run) {
  if (!run.limits) return "-";
  char cpus[32];
  std::snprintf(cpus, sizeof cpus, "%g", run.limits->cpus);
  return format_bytes(run.limits->memory_bytes) + ", " + cpus + " CPU";
}

std::string usage_cell(const LiveRun& run) {
  if (!run.usage) return "-";
  return format_bytes(run.usage->memory_bytes) + ", " + format_duration(run.usage->cpu_time);
}

}  // namespace

std::string live_runs_text(const std::vector<LiveRun>& runs, std::int64_t now_ms, bool as_json) {
  if (as_json) {
    json all = json::array();
    for (const auto& run : runs) {
      json value{{"runId", run.run_id},
                 {"phase", to_string(run.phase)},
                 {"begunAt", utc_text(run.began_ms)},
                 {"forMs", time_of(run, now_ms).count()},
                 {"frontend", run.frontend},
                 {"client", run.client},
                 {"what", run.what},
                 {"image", run.image.empty() ? json(nullptr) : json(run.image)},
                 {"outputBytes", run.output_bytes},
                 {"memoryBytes", run.limits ? json(run.limits->memory_bytes) : json(nullptr)},
                 {"cpus", run.limits ? json(run.limits->cpus) : json(nullptr)},
                 {"usedMemoryBytes", run.usage ? json(run.usage->memory_bytes) : json(nullptr)},
                 {"cpuMs", run.usage ? json(run.usage->cpu_time.count()) : json(nullptr)}};
      all.push_back(std::move(value));
    }
    return one_line({{"runs", std::move(all)}});
  }
  if (runs.empty()) return "No run is under way\n";
  std::size_t width = 18;
  for (const auto& run : runs) width = std::max(width, run.run_id.size() + 2);
  std::string text = padded("RUN", width) + padded("PHASE", 11) + padded("FOR", 13) + padded("LIMITS", 17) +
                     padded("MEMORY, CPU", 20) + padded("OUTPUT", 10) + padded("WHO", 30) + "WHAT\n";
  for (const auto& run : runs) {
    const std::string who = run.frontend + (run.client.empty() ? "" : ", " + printable(run.client));
    text += padded(printable(run.run_id), width) + padded(std::string(to_string(run.phase)), 11) +
            padded(format_duration(time_of(run, now_ms)), 13) + padded(limits_cell(run), 17) +
            padded(usage_cell(run), 20) + padded(format_bytes(static_cast<std::int64_t>(run.output_bytes)), 10) +
            padded(who, 30) + shortened(printable(run.what), kMaxWhatLength) + '\n';
  }
  return text;
}

Result<std::size_t> find_live_run(const std::vector<LiveRun>& runs, const std::string& id) {
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (runs[i].run_id == id) return i;
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].run_id.starts_with(id)) continue;
    if (found)
      return fail(ErrorCode::invalid_request, "More than one run begins with \"" + id + "\"; give more of the id");
    found = i;
  }
  if (!found)
    return fail(ErrorCode::not_found,
                "No run with the id \"" + id + "\" is under way; `dind-executor ps` lists those that are");
  return *found;
}

}  // namespace dind::frontends::cli

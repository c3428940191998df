#include "frontends/run_json.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace dind::frontends {
namespace {

using nlohmann::json;

template <typename T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

}  // namespace

json result_json(const RunResult& result) {
  json cpu = nullptr;
  if (result.cpu) cpu = static_cast<double>(result.cpu->count()) / 1000.0;
  return {{"runId", result.run_id},
          {"verdict", to_string(result.verdict)},
          {"exitCode", or_null(result.exit_code)},
          {"signal", or_null(result.signal)},
          {"durationMs", result.duration.count()},
          {"cpuMs", std::move(cpu)},
          {"peakMemoryBytes", or_null(result.peak_memory_bytes)},
          {"oomSeen", result.oom_seen},
          {"stdoutBytes", result.stdout_bytes},
          {"stderrBytes", result.stderr_bytes},
          {"droppedBytes", result.dropped_bytes},
          {"image", result.image},
          {"imageId", result.image_id},
          {"imageDigest", or_null(result.image_digest)},
          {"isolation", result.isolation},
          {"stage", to_string(result.stage)},
          {"builder", result.builder.empty() ? json(nullptr) : json(result.builder)}};
}

std::string_view state_name(const StateChange& change) {
  return std::holds_alternative<Queued>(change)      ? "queued"
         : std::holds_alternative<Preparing>(change) ? "preparing"
                                                     : "started";
}

json state_fields(const StateChange& change) {
  if (const auto* queued = std::get_if<Queued>(&change)) return {{"position", queued->position}};
  if (const auto* preparing = std::get_if<Preparing>(&change)) {
    json fields{{"stage", to_string(preparing->stage)}, {"message", preparing->message}};
    if (preparing->percent) fields["percent"] = *preparing->percent;
    return fields;
  }
  const auto& started = std::get<Started>(change);
  return {{"runId", started.run_id},        {"name", started.name},
          {"language", started.language},   {"image", started.image},
          {"isolation", started.isolation}, {"limits", limits_json(started.limits, started.network)},
          {"notes", started.notes}};
}

json limits_json(const Limits& limits, Network network) {
  return {{"timeoutMs", limits.timeout.count()},
          {"memoryBytes", limits.memory_bytes},
          {"cpus", limits.cpus},
          {"pids", limits.pids},
          {"network", to_string(network)}};
}

json error_json(const Error& error) { return error_json(error, http_status(error.code)); }

json error_json(const Error& error, int status) {
  json value{{"kind", to_string(error.code)}, {"message", error.message}, {"httpStatus", status}};
  if (const auto seconds = retry_after(error.code)) value["retryAfter"] = *seconds;
  return value;
}

json run_error_json(const Error& error) {
  constexpr int kUnprocessable = 422;
  return error_json(error, error.code == ErrorCode::not_found ? kUnprocessable : http_status(error.code));
}

std::optional<int> retry_after(ErrorCode code) { return code == ErrorCode::busy ? std::optional(1) : std::nullopt; }


std::string_view to_string(Channel channel) { return channel == Channel::out ? "stdout" : "stderr"; }

std::string one_line(const json& value) {
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  // These characters occur only inside strings, where JSON allows to escape any character.
  const auto escape_at = [&](std::size_t at) -> std::string_view {
    const auto rest = std::string_view(text).substr(at);
    if (rest.starts_with("\xc2\x85")) return "\\u0085";
    if (rest.starts_with("\xe2\x80\xa8")) return "\\u2028";
    return rest.starts_with("\xe2\x80\xa9") ? "\\u2029" : std::string_view();
  };
  std::string line;
  line.reserve(text.size() + 1);
  std::size_t from = 0;
  for (std::size_t at = text.find_first_of("\xc2\xe2"); at != std::string::npos;
       at = text.find_first_of("\xc2\xe2", at + 1)) {
    const auto escape = escape_at(at);
    if (escape.empty()) continue;
    line.append(text, from, at - from).append(escape);
    from = at + (escape == "\\u0085" ? 2 : 3);
  }
  return line.append(text, from) + '\n';
}

}  // namespace dind::frontends

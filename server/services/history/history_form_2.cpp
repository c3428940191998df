#include "services/history/history_form_2.hpp"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace dind {
namespace {

using nlohmann::json;
using Names = std::initializer_list<std::pair<const char*, const char*>>;

// Moves fields to another object, under other names.
void move_fields(json& from, json& to, Names names) {
  for (const auto& [old_name, new_name] : names) {
    const auto found = from.find(old_name);
    if (found != from.end()) to[new_name] = std::move(*found);
  }
}

// In the old form, in `old_name` as a whole number; in the new one divided by 1000.
void move_thousandths(const json& from, const char* old_name, json& to, const char* new_name) {
  const auto found = from.find(old_name);
  if (found != from.end() && found->is_number()) to[new_name] = found->get<double>() / 1000.0;
}

const char* network_name(const json& old) {
  const auto found = old.find("internet");
  return found != old.end() && found->is_boolean() && found->get<bool>() ? "internet" : "none";
}

}  // namespace

json asked_of_form_2(json old) {
  json run = json::object();
  json internal = json::object();
  json limits = json::object();
  if (old.contains("dockerfile")) {
    move_fields(old, run, {{"dockerfile", "dockerfile"}, {"context", "contextPath"}, {"target", "target"}});
    move_fields(old, run, {{"buildArgs", "buildArgs"}, {"command", "command"}});
    move_fields(old, internal, {{"contextRoot", "contextRoot"}, {"dockerfileName", "dockerfileName"}});
    move_fields(old, internal, {{"ignore", "ignore"}});
  } else if (old.contains("command")) {
    move_fields(old, run, {{"command", "command"}});
    move_fields(old, internal, {{"language", "language"}, {"images", "images"}});
  } else {
    run["code"] = "";
    move_fields(old, run, {{"file", "fileName"}, {"language", "language"}});
    move_fields(old, internal, {{"folder", "folder"}});
  }
  move_fields(old, run, {{"args", "args"}, {"dependencies", "dependencies"}, {"env", "env"}, {"image", "image"}});
  move_fields(old, run, {{"pull", "pull"}, {"workspace", "workspace"}, {"workingDir", "workingDir"}});
  move_fields(old, run, {{"isolation", "isolation"}, {"record", "record"}});
  move_thousandths(old, "totalMs", run, "totalTimeout");
  run["network"] = network_name(old);
  move_thousandths(old, "timeoutMs", limits, "timeout");
  move_fields(old, limits, {{"memory", "memory"}, {"cpus", "cpus"}, {"pids", "pids"}});
  if (!limits.empty()) run["limits"] = std::move(limits);
  move_fields(old, internal, {{"client", "client"}, {"constraints", "constraints"}});
  move_fields(old, internal, {{"workspaceFolder", "workspaceFolder"}});
  if (!internal.empty()) run["internal"] = std::move(internal);
  const auto gap = old.value("gap", 0);
  return {{"run", std::move(run)},
          {"withheld", old.value("withheld", json::array())},
          {"gap", gap == 0   ? "none"
                  : gap == 1 ? "too_large"
                             : "secret"}};
}

json started_of_form_2(json old) {
  json started = json::object();
  json limits{{"network", network_name(old)}};
  move_fields(old, started, {{"name", "name"}, {"language", "language"}, {"image", "image"}});
  move_fields(old, limits, {{"timeoutMs", "timeoutMs"}, {"memory", "memoryBytes"}, {"cpus", "cpus"}, {"pids", "pids"}});
  move_fields(old, limits, {{"tmp", "tmpBytes"}, {"openFiles", "openFiles"}, {"fileSize", "fileBytes"}});
  move_fields(old, limits, {{"output", "outputBytes"}});
  started["limits"] = std::move(limits);
  return started;
}

json outcome_of_form_2(json old) {
  json outcome = json::object();
  if (const auto from = old.find("result"); from != old.end() && from->is_object()) {
    json result = json::object();
    move_fields(*from, result, {{"id", "runId"}, {"verdict", "verdict"}, {"ms", "durationMs"}, {"oom", "oomSeen"}});
    move_fields(*from, result, {{"out", "stdoutBytes"}, {"err", "stderrBytes"}, {"dropped", "droppedBytes"}});
    move_fields(*from, result, {{"image", "image"}, {"imageId", "imageId"}, {"digest", "imageDigest"}});
    move_fields(*from, result, {{"isolation", "isolation"}, {"stage", "stage"}, {"builder", "builder"}});
    move_fields(*from, result, {{"notes", "notes"}, {"exit", "exitCode"}, {"signal", "signal"}});
    move_fields(*from, result, {{"peak", "peakMemoryBytes"}, {"reason", "cancelReason"}});
    move_thousandths(*from, "cpuUs", result, "cpuMs");
    outcome["result"] = std::move(result);
  }
  if (const auto from = old.find("error"); from != old.end() && from->is_object()) {
    json error = json::object();
    move_fields(*from, error, {{"kind", "kind"}, {"message", "message"}, {"status", "engineStatus"}});
    outcome["error"] = std::move(error);
  }
  return outcome;
}

}  // namespace dind

#include "app/configuration.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "app/setting_readers.hpp"
#include "frontends/cli/serve_arguments.hpp"
#include "languages/recipe.hpp"
#include "support/io/named_file.hpp"
#include "support/json_reader.hpp"
#include "support/units.hpp"

namespace dind::app {
namespace {

using namespace settings;

Read limits(Limits& into) {
  constexpr std::int64_t kMany = 1'000'000;
  return object(
      {{"timeout", measured(into.timeout, parse_duration, "seconds or a text such as \"90s\"")},
       {"memory", measured(into.memory_bytes, parse_bytes, "bytes or a text such as \"512m\"")},
       {"cpus", [&into](const json& value, const std::string& field) { return read_cpus(into.cpus, value, field); }},
       {"pids", whole(into.pids, 2, kMany)},
       {"tmp", measured(into.tmp_bytes, parse_bytes, "bytes or a text such as \"64m\"")},
       {"openFiles", whole(into.open_files, 16, kMany)},
       {"fileSize", measured(into.file_bytes, parse_bytes, "bytes or a text such as \"256m\"")},
       {"output", measured(into.output_bytes, parse_bytes, "bytes or a text such as \"1g\"")}});
}

Result<void> read_images(std::map<std::string, std::string>& into, const json& value, const std::string& field) {
  if (!value.is_object()) return wrong_setting(field, "must be an object of language and image, not " + shown(value));
  for (const auto& [language, image] : value.items()) {
    const auto name = field + '.' + language;
    const auto* recipe = languages::find_recipe(language);
    if (recipe == nullptr) {
      std::string list;
      for (const auto& known : languages::recipes()) list += (list.empty() ? "" : ", ") + known.id;
      return wrong_setting(name, "is not a language; known: " + list);
    }
    if (auto read = text(into[recipe->id], "\"python:3.12-slim\"")(image, name); !read) return read;
  }
  return {};
}

Read history(HistoryPolicy& into) {
  constexpr std::int64_t kManyRuns = 1'000'000;
  return object({{"enabled", flag(into.enabled)},
                 {"path", absolute_path(into.path, "\"/var/lib/dind-executor/history.db\"")},
                 {"maxRuns", whole(into.max_runs, 1, kManyRuns)},
                 {"maxAge", measured(into.max_age, parse_duration, "seconds or a text such as \"30d\"")},
                 {"maxBytes", measured(into.max_bytes, parse_bytes, "bytes or a text such as \"64m\"")}});
}

Result<void> read_owner(std::optional<std::string>& into, const json& value, const std::string& field) {
  const auto text = value.is_string() ? value.get<std::string>() : std::string();
  const auto colon = text.find(':');
  const auto is_id = [](std::string_view part) {
    return !part.empty() && part.size() < 10 && part.front() != '0' &&
           part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (colon == std::string::npos || !is_id(std::string_view(text).substr(0, colon)) ||
      !is_id(std::string_view(text).substr(colon + 1)))
    return wrong_setting(
        field,
        "must be the numbers of a user and a group that are not root's, such as \"1000:1000\", not " + shown(value));
  into = text;
  return {};
}

Result<void> read_variables(std::map<std::string, std::string>& into, const json& value, const std::string& field) {
  if (!value.is_object()) return wrong_setting(field, "must be an object of texts, not " + shown(value));
  for (const auto& [name, text] : value.items()) {
    if (name.empty() || name.contains('=') || !text.is_string())
      return wrong_setting(field + '.' + name, "must be a text, not " + shown(text));
    into[name] = text.get<std::string>();
  }
  return {};
}

Read dependencies(Configuration& into) {
  Limits& limits = into.packages.limits;
  return object(
      {{"enabled", [&into](const json& value,
                           const std::string& field) { return flag(into.packages_enabled.emplace())(value, field); }},
       {"timeout", measured(limits.timeout, parse_duration, "seconds or a text such as \"5m\"")},
       {"memory", measured(limits.memory_bytes, parse_bytes, "bytes or a text such as \"1g\"")},
       {"cpus",
        [&limits](const json& value, const std::string& field) { return read_cpus(limits.cpus, value, field); }},
       {"disk", measured(into.packages.disk_bytes, parse_bytes, "bytes or a text such as \"2g\"")},
       {"env", [&into](const json& value, const std::string& field) {
          return read_variables(into.packages.env, value, field);
        }}});
}

Read build(BuildPolicy& into) {
  constexpr std::int64_t kMaxPids = 1'000'000;
  return object(
      {{"enabled", flag(into.enabled)},
       {"builder", one_of(into.builder, builder, "\"auto\", \"classic\" or \"buildkit\"")},
       {"timeout", measured(into.timeout, parse_duration, "seconds or a text such as \"10m\"")},
       {"memory", measured(into.memory_bytes, parse_bytes, "bytes or a text such as \"2g\"")},
       {"cpus", [&into](const json& value, const std::string& field) { return read_cpus(into.cpus, value, field); }},
       {"maxContext", measured(into.most_context_bytes, parse_bytes, "bytes or a text such as \"1g\"")},
       {"pids", whole(into.pids, 1, kMaxPids)},
       {"disk", measured(into.disk_bytes, parse_bytes, "bytes or a text such as \"20g\"")},
       {"remoteSources", flag(into.remote_sources)}});
}

Read workspace(sandbox::Workspace& into) {
  return object({{"path", absolute_path(into.path, "\"/app/workspace\"")},
                 {"enginePath", absolute_path(into.engine_path, "\"/workspaces\"")},
                 {"maxAccess", one_of(into.max_access, workspace_access, "\"readOnly\" or \"readWrite\"")},
                 {"owner", [&into](const json& value, const std::string& field) {
                    return read_owner(into.owner, value, field);
                  }}});
}

Read log_settings(LogSettings& into) {
  constexpr std::int64_t kManyFiles = 1000;
  return object({{"level", one_of(into.level, log_level, "\"debug\", \"info\", \"warning\", \"error\" or \"off\"")},
                 {"format", one_of(into.format, log_format, "\"text\" or \"json\"")},
                 {"file", absolute_path(into.file, "\"/var/log/dind-executor.log\"")},
                 {"maxBytes", measured(into.max_bytes, parse_bytes, "bytes or a text such as \"10m\"")},
                 {"files", whole(into.files, 1, kManyFiles)}});
}

Result<void> read_mode(unsigned& into, const json& value, const std::string& field) {
  const auto mode = value.is_string() ? frontends::cli::parse_mode(value.get_ref<const std::string&>())
                                      : Result<unsigned>(wrong_setting(field, "is not a text"));
  if (!mode) return wrong_setting(field, "must be a text such as \"0660\", not " + shown(value));
  into = *mode;
  return {};
}

Read read_serve(ServeSettings& into) {
  return object({{"socket", absolute_path(into.socket, "\"/run/dind-executor/socket\"")},
                 {"socketMode",
                  [&into](const json& v, const std::string& field) { return read_mode(into.socket_mode, v, field); }},
                 {"listen", text(into.listen, "\"127.0.0.1:8000\"")},
                 {"tokenFile", absolute_path(into.token_file, "\"/etc/dind-executor/token\"")},
                 {"hosts", texts(into.hosts, "\"executor.internal\"")},
                 {"origins", texts(into.origins, "\"https://app.example\"")},
                 {"maxBody", measured(into.most_body, parse_bytes, "bytes or a text such as \"32m\"")},
                 {"drainTimeout", measured(into.drain_timeout, parse_duration, "seconds or a text such as \"60s\"")},
                 {"accessLog", flag(into.access_log)}});
}

Read warm_pool(Configuration& into) {
  constexpr std::int64_t kMany = 1000;
  return object({{"max", whole(into.warm_pool.max, 0, kMany)},
                 {"maxIdle", measured(into.warm_pool.max_idle, parse_duration, "seconds or a text such as \"10m\"")},
                 {"languages", [&into](const json& value, const std::string& field) -> Result<void> {
                    if (auto read = texts(into.warm_languages, "\"python\"")(value, field); !read) return read;
                    for (const auto& each : into.warm_languages)
                      if (languages::find_recipe(each) == nullptr)
                        return wrong_setting(field, "names an unknown language: " + shown(each));
                    return {};
                  }}});
}

std::unexpected<Error> in_file(const std::string& path, const std::string& problem) {
  return fail(ErrorCode::invalid_request, "Configuration " + path + ": " + problem);
}

std::string environment_text(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

// Environment variables take precedence over the file. A compose file uses them for one of
// many services that share a file.
Result<void> read_environment(Configuration& into) {
  struct Path {
    const char* name;
    std::string& path;
  };
  for (const auto& [name, path] :
       {Path{"DIND_WORKSPACE", into.workspace.path}, Path{"DIND_WORKSPACE_PATH", into.workspace.engine_path},
        Path{"DIND_CA_BUNDLE", into.ca_bundle}}) {
    const auto value = environment_text(name);
    if (value.empty()) continue;
    if (!value.starts_with('/'))
      return fail(ErrorCode::invalid_request, std::string(name) + " must be an absolute path, not " + value);
    path = value;
  }
  if (into.build.builder == Builder::automatic && environment_text("DOCKER_BUILDKIT") == "1")
    into.build.builder = Builder::buildkit;
  return {};
}

bool enabled_by_environment() {
  const char* value = std::getenv("DIND_ENABLED");
  if (value == nullptr) return true;
  std::string lower;
  for (const char* c = value; *c != '\0'; ++c) lower += *c >= 'A' && *c <= 'Z' ? static_cast<char>(*c - 'A' + 'a') : *c;
  return lower != "false" && lower != "0" && lower != "no" && lower != "off";
}

// nullopt: the file does not exist, and nobody named it.
Result<std::optional<Configuration>> load_file(const std::string& path, bool required) {
  const auto contents = read_named_file(path, FileKind::any);
  if (!contents) {
    if (!required && contents.error().missing) return std::nullopt;
    return in_file(path, "it " + contents.error().what + (required ? "; $DIND_CONFIG names it" : ""));
  }
  auto parsed = parse_configuration(*contents, path);
  if (!parsed) return std::unexpected(parsed.error());
  return std::optional(std::move(*parsed));
}

}  // namespace

Result<Configuration> parse_configuration(std::string_view text_of_file, std::string path) {
  Configuration configuration;
  const auto read = read_json(text_of_file, {.comments = true});
  if (!read) return in_file(path, "it " + read.error().what);
  const json& parsed = *read;
  if (!parsed.is_object()) return in_file(path, "it must be a JSON object, not " + shown(parsed));

  constexpr std::int64_t kManyRuns = 100'000;
  const Fields fields{
      {"limits", object({{"defaults", limits(configuration.limits.defaults)},
                         {"max", limits(configuration.limits.max)},
                         {"allowInternet", flag(configuration.limits.allow_internet)}})},
      {"images",
       [&](const json& value, const std::string& field) { return read_images(configuration.images, value, field); }},
      {"pull", one_of(configuration.pull, pull_policy, "\"missing\", \"never\" or \"always\"")},
      {"allowedImages", texts(configuration.allowed_images, "\"python:*\"")},
      {"maxPull", measured(configuration.most_pulled_bytes, parse_bytes, "bytes or a text such as \"4g\"")},
      {"dependencies", dependencies(configuration)},
      {"build", build(configuration.build)},
      {"workspace", workspace(configuration.workspace)},
      {"caBundle", absolute_path(configuration.ca_bundle, "\"/etc/ssl/certs/ca-certificates.crt\"")},
      {"isolation", one_of(configuration.isolation, isolation, "\"runc\" or \"gvisor\"")},
      {"gc", object({{"imagesUnusedFor", measured(configuration.garbage.images_unused_for, parse_duration,
                                                  "seconds or a text such as \"7d\"")},
                     {"imagesMaxBytes", measured(configuration.garbage.images_max_bytes, parse_bytes,
                                                 "bytes or a text such as \"10g\"")}})},
      {"history", history(configuration.history)},
      {"log", log_settings(configuration.log)},
      {"serve", read_serve(configuration.serve)},
      {"warmPool", warm_pool(configuration)},
      {"handover", object({{"enabled", flag(configuration.handover_enabled)}})},
      {"concurrentRuns", whole(configuration.concurrent_runs, 0, kManyRuns)},
      {"queuedRuns", whole(configuration.queued_runs, 0, kManyRuns)},
      {"concurrentRunsPerClient", whole(configuration.concurrent_runs_per_client, 0, kManyRuns)},
      {"queuedRunsPerClient", whole(configuration.queued_runs_per_client, 0, kManyRuns)},
      {"engine", object({{"host", text(configuration.docker_host, "\"tcp://dind:2375\"")}})}};
  if (auto set = read_fields(parsed, "", fields); !set) return in_file(path, set.error().message);
  if (configuration.warm_languages.size() > configuration.warm_pool.max)
    return in_file(path, "\"warmPool.languages\" names " + std::to_string(configuration.warm_languages.size()) +
                             " languages, and \"warmPool.max\" allows " + std::to_string(configuration.warm_pool.max) +
                             " warm sandboxes; raise it, or name fewer languages");
  configuration.path = std::move(path);
  return configuration;
}

ConfigurationPlaces configuration_places() {
  if (const char* named = std::getenv("DIND_CONFIG"); named != nullptr && *named != '\0')
    return {.files = {named}, .named = true};
  ConfigurationPlaces places;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    places.files.push_back(std::string(home) + "/.config/dind-executor/config.json");
  places.files.emplace_back("/etc/dind-executor/config.json");
  return places;
}

Result<Configuration> load_configuration(const std::string& machine_bundle) {
  std::optional<Configuration> found;
  const auto places = configuration_places();
  for (const auto& place : places.files) {
    auto loaded = load_file(place, places.named);
    if (!loaded) return std::unexpected(loaded.error());
    found = std::move(*loaded);
    if (found) break;
  }
  Configuration configuration = std::move(found).value_or(Configuration{});
  configuration.enabled = enabled_by_environment();
  if (const auto read = read_environment(configuration); !read) return std::unexpected(read.error());
  if (configuration.ca_bundle.empty() && ::access(machine_bundle.c_str(), R_OK) == 0)
    configuration.ca_bundle = machine_bundle;
  // If only `workspace.path` is set, the engine is on this machine and has the workspace at the same path.
  if (configuration.workspace.engine_path.empty()) configuration.workspace.engine_path = configuration.workspace.path;
  return configuration;
}

}  // namespace dind::app

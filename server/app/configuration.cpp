#include "app/configuration.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "app/settings.hpp"
#include "support/io/named_file.hpp"
#include "support/json_reader.hpp"
#include "support/text/lower.hpp"

namespace dind::app {
namespace {

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
  const auto word = lower(std::string_view(value));
  return word != "false" && word != "0" && word != "no" && word != "off";
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
  const nlohmann::json& parsed = *read;
  if (!parsed.is_object()) return in_file(path, "it must be a JSON object, not " + settings::shown(parsed));

  if (auto set = settings::read_settings(parsed, "", settings::define_settings(configuration)); !set)
    return in_file(path, set.error().message);
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

#include "app/settings.hpp"

#include "frontends/cli/arguments.hpp"
#include "languages/recipe.hpp"

namespace dind::app::settings {
namespace {

Value images(std::map<std::string, std::string>& into) {
  return {"object of languages and images", "the recipes' images",
          [&into](const json& value, const std::string& field) -> Result<void> {
            if (!value.is_object())
              return wrong_setting(field, "must be an object of language and image, not " + shown(value));
            for (const auto& [language, image] : value.items()) {
              const auto name = field + '.' + language;
              const auto* recipe = languages::find_recipe(language);
              if (recipe == nullptr) {
                std::string list;
                for (const auto& known : languages::recipes()) list += (list.empty() ? "" : ", ") + known.id;
                return wrong_setting(name, "is not a language; known: " + list);
              }
              if (auto read = text(into[recipe->id], "python:3.12-slim").read(image, name); !read) return read;
            }
            return {};
          }};
}

Value known_languages(std::vector<std::string>& into) {
  auto value = texts(into, "python");
  value.read = [&into, read_list = value.read](const json& list, const std::string& field) -> Result<void> {
    if (auto read = read_list(list, field); !read) return read;
    for (const auto& each : into)
      if (languages::find_recipe(each) == nullptr)
        return wrong_setting(field, "names an unknown language: " + shown(each));
    return {};
  };
  return value;
}

Value owner(std::optional<std::string>& into) {
  return {"`\"1000:1000\"`: a user and a group, not root's", "the owner of `workspace.path`",
          [&into](const json& value, const std::string& field) -> Result<void> {
            const auto text = value.is_string() ? value.get<std::string>() : std::string();
            const auto colon = text.find(':');
            const auto is_id = [](std::string_view part) {
              return !part.empty() && part.size() < 10 && part.front() != '0' &&
                     part.find_first_not_of("0123456789") == std::string_view::npos;
            };
            if (colon == std::string::npos || !is_id(std::string_view(text).substr(0, colon)) ||
                !is_id(std::string_view(text).substr(colon + 1)))
              return wrong_setting(field,
                                   "must be the numbers of a user and a group that are not root's, such as "
                                   "\"1000:1000\", not " +
                                       shown(value));
            into = text;
            return {};
          }};
}

Value variables(std::map<std::string, std::string>& into) {
  return {"object of texts", "`{}`", [&into](const json& value, const std::string& field) -> Result<void> {
            if (!value.is_object()) return wrong_setting(field, "must be an object of texts, not " + shown(value));
            for (const auto& [name, text] : value.items()) {
              if (name.empty() || name.contains('=') || !text.is_string())
                return wrong_setting(field + '.' + name, "must be a text, not " + shown(text));
              into[name] = text.get<std::string>();
            }
            return {};
          }};
}

Value optional_flag(std::optional<bool>& into, std::string initial) {
  return {"`true`, `false`", std::move(initial),
          [&into](const json& value, const std::string& field) { return flag(into.emplace()).read(value, field); }};
}

Value file_mode(unsigned& into) {
  return {"text, such as `\"0660\"`", "`\"0600\"`",
          [&into](const json& value, const std::string& field) -> Result<void> {
            const auto mode = value.is_string() ? frontends::cli::parse_mode(value.get_ref<const std::string&>())
                                                : Result<unsigned>(wrong_setting(field, "is not a text"));
            if (!mode) return wrong_setting(field, "must be a text such as \"0660\", not " + shown(value));
            into = *mode;
            return {};
          }};
}

Settings limits(Limits& into) {
  constexpr std::int64_t kMany = 1'000'000;
  return {{"timeout", duration(into.timeout, "90s"), "time of the program, from its start"},
          {"memory", bytes(into.memory_bytes, "512m"), "memory; there is no swap in addition"},
          {"cpus", cpus(into.cpus), "CPU time per second"},
          {"pids", whole(into.pids, 2, kMany), "processes and threads at once"},
          {"tmp", bytes(into.tmp_bytes, "64m"), "each writable folder in memory"},
          {"openFiles", whole(into.open_files, 16, kMany), "open files of one process"},
          {"fileSize", bytes(into.file_bytes, "256m"), "one file that the program writes"},
          {"output", bytes(into.output_bytes, "1g"), "stdout and stderr together"}};
}

Settings dependencies(Configuration& into) {
  Limits& limits = into.packages.limits;
  return {{"enabled", optional_flag(into.packages_enabled, "as `limits.allowInternet`"),
           "whether runs may ask for [dependencies](#dependencies)"},
          {"timeout", duration(limits.timeout, "5m"), "time of the installer"},
          {"memory", bytes(limits.memory_bytes, "1g"), "memory of the installer"},
          {"cpus", cpus(limits.cpus), "CPU time per second of the installer"},
          {"disk", bytes(into.packages.disk_bytes, "2g"), "what the installer writes"},
          {"env", variables(into.packages.env), "environment variables of the installer"}};
}

Settings build(BuildPolicy& into) {
  constexpr std::int64_t kMaxPids = 1'000'000;
  return {{"enabled", flag(into.enabled), "whether runs may bring a [Dockerfile](#builds)"},
          {"builder", one_of(into.builder, builder, {"auto", "classic", "buildkit"}), "[which builder](#builds)"},
          {"timeout", duration(into.timeout, "10m"), "time of a build"},
          {"memory", bytes(into.memory_bytes, "2g"), "memory of each step of the classic builder"},
          {"cpus", cpus(into.cpus), "CPU time per second of each step of the classic builder"},
          {"maxContext", bytes(into.max_context_bytes, "1g"), "size of the files that are sent"},
          {"pids", whole(into.pids, 1, kMaxPids), "processes of each step of the classic builder"},
          {"disk", bytes(into.disk_bytes, "20g"), "[what the steps write](#builds) with the classic builder"},
          {"remoteSources", flag(into.remote_sources), "[what the engine itself may fetch](#builds)"}};
}

Settings workspace(sandbox::Workspace& into) {
  return {
      {"path", absolute_path(into.path, "/app/workspace"),
       "[the workspace](#the-workspace) as `dind-executor` sees it"},
      {"enginePath", with_default(absolute_path(into.engine_path, "/workspaces"), "`workspace.path`"),
       "the same folder as the engine sees it"},
      {"maxAccess", one_of(into.max_access, parse_workspace_access, {"readOnly", "readWrite"}), "max access of a run"},
      {"owner", owner(into.owner), "[the user of runs with the workspace](#the-workspace)"}};
}

Settings history(HistoryPolicy& into) {
  constexpr std::int64_t kManyRuns = 1'000'000;
  return {{"enabled", flag(into.enabled), "whether runs are [recorded](cli.md#history)"},
          {"path",
           with_default(absolute_path(into.path, "/var/lib/dind-executor/history.db"),
                        "`$XDG_STATE_HOME/dind-executor/history.db`, else in `~/.local/state`"),
           "[the history's file](#the-history)"},
          {"maxRuns", whole(into.max_runs, 1, kManyRuns), "how many of the newest runs are kept"},
          {"maxAge", duration(into.max_age, "30d"), "how long a run is kept"},
          {"maxBytes", bytes(into.max_bytes, "64m"), "all records together; the oldest are removed first"}};
}

Settings log_settings(LogSettings& into) {
  constexpr std::int64_t kManyFiles = 1000;
  return {{"level", one_of(into.level, parse_log_level, {"debug", "info", "warning", "error", "off"}),
           "[the log](#the-log); `--log-level` takes precedence"},
          {"format", one_of(into.format, parse_log_format, {"text", "json"}),
           "the log's lines; `--log-format` takes precedence"},
          {"file", with_default(absolute_path(into.file, "/var/log/dind-executor.log"), "stderr"),
           "the log's file; `--log-file` takes precedence"},
          {"maxBytes", bytes(into.max_bytes, "10m"), "size of one log file"},
          {"files", whole(into.files, 1, kManyFiles), "log files in total; the oldest is removed"}};
}

Settings serve(ServeSettings& into) {
  return {{"socket", absolute_path(into.socket, "/run/dind-executor/socket"), "the Unix socket, without `--socket`"},
          {"socketMode", file_mode(into.socket_mode), "its permissions, without `--socket-mode`"},
          {"listen", text(into.listen, "127.0.0.1:8000"), "the address of HTTP, without `--listen`"},
          {"tokenFile", absolute_path(into.token_file, "/etc/dind-executor/token"),
           "tokens for HTTP, without `--token-file` and `DIND_TOKEN` ([http.md](http.md#who-may-ask))"},
          {"hosts", texts(into.hosts, "executor.internal"),
           "names of the server besides the loopback names; `--allow-host` adds to them"},
          {"origins", texts(into.origins, "https://app.example"),
           "web pages that may ask over HTTP; `--allow-origin` adds to them"},
          {"maxBody", bytes(into.max_body, "32m"), "the body of an HTTP request"},
          {"drainTimeout", duration(into.drain_timeout, "60s"),
           "how long runs may go on at a stop, except handed-over runs ([http.md](http.md#stopping))"},
          {"accessLog", flag(into.access_log), "a line in the log for each HTTP request (`--access-log`)"}};
}

Settings warm_pool(Configuration& into) {
  constexpr std::int64_t kMany = 1000;
  return {{"max", whole(into.warm_pool.max, 0, kMany), "[warm sandboxes](#warm-sandboxes) at once; 0: none"},
          {"maxIdle", duration(into.warm_pool.max_idle, "10m"), "how long a warm sandbox stays without a run like it"},
          {"languages", known_languages(into.warm_languages), "languages with a warm sandbox from the start"}};
}

void add_lines(std::string& table, const Settings& settings, const std::string& prefix) {
  for (const auto& each : settings) {
    const std::string key = prefix + each.key;
    if (each.fields.empty())
      table += "| `" + key + "` | " + each.value.values + " | " + each.value.initial + " | " + each.meaning + " |\n";
    else
      add_lines(table, each.fields, key + '.');
  }
}

}  // namespace

Settings define_settings(Configuration& into) {
  constexpr std::int64_t kManyRuns = 100'000;
  return {{"limits",
           {{"defaults", limits(into.limits.defaults)},
            {"max", limits(into.limits.max)},
            {"allowInternet", flag(into.limits.allow_internet),
             "whether runs may ask for [the network](#the-network) `internet`"}}},
          {"images", images(into.images), "[the image of a language](#images), if the caller names none"},
          {"pull", one_of(into.pull, parse_pull_policy, {"missing", "never", "always"}),
           "[when an image is pulled](#images)"},
          {"allowedImages", with_default(texts(into.allowed_images, "python:*"), "any image"),
           "[images that callers may name](#images)"},
          {"maxPull", bytes(into.max_pulled_bytes, "4g"), "[how much one pull may download](#images)"},
          {"dependencies", dependencies(into)},
          {"build", build(into.build)},
          {"workspace", workspace(into.workspace)},
          {"caBundle", absolute_path(into.ca_bundle, "/etc/ssl/certs/ca-certificates.crt"),
           "a PEM file of [certificate authorities](#certificate-authorities)"},
          {"isolation", one_of(into.isolation, parse_isolation, {"runc", "gvisor"}),
           "[what separates runs from the engine's machine](#gvisor)"},
          {"gc",
           {{"imagesUnusedFor", duration(into.garbage.images_unused_for, "7d"),
             "when an unused [built image](#images) is removed"},
            {"imagesMaxBytes", bytes(into.garbage.images_max_bytes, "10g"), "all [built images](#images) together"}}},
          {"history", history(into.history)},
          {"log", log_settings(into.log)},
          {"serve", serve(into.serve)},
          {"warmPool", warm_pool(into)},
          {"handover",
           {{"enabled", flag(into.handover_enabled),
             "the [handover](cli.md#handover) of runs to a running server; `--no-handover` for one run"}}},
          {"concurrentRuns", whole(into.concurrent_runs, 0, kManyRuns),
           "[runs at once](#concurrent-runs) in one server; 0: from cores and memory"},
          {"queuedRuns", whole(into.queued_runs, 0, kManyRuns), "runs that may wait"},
          {"concurrentRunsPerClient", whole(into.concurrent_runs_per_client, 0, kManyRuns),
           "runs of one client at once; 0: no separate bound"},
          {"queuedRunsPerClient", whole(into.queued_runs_per_client, 0, kManyRuns),
           "runs of one client that may wait; 0: half of `queuedRuns`, at least 1"},
          {"engine",
           {{"host", text(into.docker_host, "tcp://dind:2375"), "[the engine's address](#the-engines-address)"}}}};
}

std::string settings_table() {
  Configuration defaults;
  std::string table = "| key | values | default | meaning |\n|---|---|---|---|\n";
  add_lines(table, define_settings(defaults), "");
  return table;
}

}  // namespace dind::app::settings

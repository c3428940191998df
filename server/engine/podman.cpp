#include "engine/podman.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "support/json_fields.hpp"

namespace dind::engine {

using namespace lenient;
namespace {

constexpr std::string_view kSeccomp = "seccomp=";

std::vector<std::string> split_options(std::string_view text) {
  std::vector<std::string> options;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    options.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return options;
}

std::string joined_options(const std::vector<std::string>& options) {
  std::string all;
  for (const auto& each : options) all += (all.empty() ? "" : ",") + each;
  return all;
}

// Podman's default set of capabilities. A container that drops all capabilities is reported as dropping these.
bool drops_all(const Json& dropped) {
  constexpr std::array<const char*, 11> kDefault{"CHOWN",   "DAC_OVERRIDE",     "FOWNER",    "FSETID",
                                                 "KILL",    "NET_BIND_SERVICE", "SETFCAP",   "SETGID",
                                                 "SETPCAP", "SETUID",           "SYS_CHROOT"};
  const auto has = [&](const char* name) {
    return std::ranges::any_of(dropped,
                               [&](const Json& each) { return each == name || each == "CAP_" + std::string(name); });
  };
  return dropped.is_array() && std::ranges::all_of(kDefault, has);
}

// Binds and volumes as Podman reports them, and each tmpfs that was requested as a mount: it has no `exec`.
Json convert_mounts(const Json& inspect, const Json& tmpfs) {
  Json mounts = Json::array();
  for (const Json& each : field(inspect, "Mounts")) {
    const bool volume = text(each, "Type") == "volume";
    mounts.push_back({{"Type", text(each, "Type")},
                      {"Source", text(each, volume ? "Name" : "Source")},
                      {"Target", text(each, "Destination")},
                      {"ReadOnly", !flag(each, "RW")}});
  }
  for (const auto& [path, value] : tmpfs.items()) {
    const auto options = split_options(text(value));
    if (std::ranges::find(options, "exec") != options.end()) continue;
    std::int64_t bytes = 0;
    for (const auto& option : options)
      if (option.starts_with("size=")) std::from_chars(option.data() + 5, option.data() + option.size(), bytes);
    mounts.push_back({{"Type", "tmpfs"},
                      {"Target", path},
                      {"ReadOnly", std::ranges::find(options, "ro") != options.end()},
                      {"TmpfsOptions", {{"SizeBytes", bytes}}}});
  }
  return mounts;
}

// Each tmpfs that was requested as a tmpfs, without the options that Podman appends.
Json convert_tmpfs(const Json& reported) {
  Json tmpfs = Json::object();
  for (const auto& [path, value] : reported.items()) {
    auto options = split_options(text(value));
    if (std::ranges::find(options, "exec") == options.end()) continue;
    std::erase_if(options, [](const std::string& each) { return each == "rprivate" || each == "tmpcopyup"; });
    tmpfs[path] = joined_options(options);
  }
  return tmpfs;
}

// "RLIMIT_NOFILE" becomes "nofile".
Json convert_ulimits(const Json& reported) {
  Json limits = Json::array();
  for (Json each : reported) {
    std::string name = text(each, "Name");
    if (name.starts_with("RLIMIT_")) name.erase(0, 7);
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    each["Name"] = name;
    limits.push_back(std::move(each));
  }
  return limits;
}

}  // namespace

ContainerSpec fitted_to_podman(ContainerSpec spec, const std::string& profile_file) {
  for (auto& each : spec.security_opt)
    if (each.starts_with(kSeccomp)) each = std::string(kSeccomp) + profile_file;
  for (auto& each : spec.tmpfs) {
    auto options = split_options(each.options);
    const auto dropped = std::erase_if(
        options, [](const std::string& option) { return option.starts_with("uid=") || option.starts_with("gid="); });
    std::erase_if(options, [](const std::string& option) { return option.starts_with("nr_inodes="); });
    if (dropped > 0) std::ranges::replace(options, std::string("mode=0700"), std::string("mode=1777"));
    each.options = joined_options(options);
  }
  return spec;
}

ContainerSpec reported_by_podman(ContainerSpec spec, const std::string& profile_file) {
  spec = fitted_to_podman(std::move(spec), profile_file);
  spec.sysctls.clear();
  spec.cgroupns_mode.clear();
  return spec;
}

Json inspect_of_podman(Json inspect) {
  if (!inspect.is_object() || !field(inspect, "HostConfig").is_object() || !field(inspect, "Config").is_object())
    return inspect;
  Json& host = inspect["HostConfig"];
  Json& config = inspect["Config"];
  const Json tmpfs = field(host, "Tmpfs").is_object() ? host["Tmpfs"] : Json::object();
  host["Mounts"] = convert_mounts(inspect, tmpfs);
  host["Tmpfs"] = convert_tmpfs(tmpfs);
  host["Binds"] = nullptr;  // the same as Mounts, in another form
  host["Ulimits"] = convert_ulimits(field(host, "Ulimits"));
  if (drops_all(field(host, "CapDrop"))) host["CapDrop"] = {"ALL"};
  for (const char* key : {"PidMode", "UTSMode"})
    if (text(host, key) == "private") host[key] = "";
  // Podman reports the kind of the network instead of its name.
  const Json& networks = field(field(inspect, "NetworkSettings"), "Networks");
  if (text(host, "NetworkMode") == "bridge" && networks.is_object() && networks.size() == 1 &&
      networks.begin().key() != "none")
    host["NetworkMode"] = networks.begin().key();
  config["NetworkDisabled"] = text(host, "NetworkMode") == "none";
  config["StdinOnce"] = config["OpenStdin"];
  return inspect;
}

bool builds(std::string_view target) {
  return target.starts_with("/build") || target.starts_with("/session") || target.starts_with("/grpc");
}

}  // namespace dind::engine

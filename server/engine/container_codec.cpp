#include "engine/container_codec.hpp"

#include <algorithm>
#include <set>

#include "support/json_fields.hpp"

namespace dind::engine {

using namespace lenient;
namespace {

Json mount_json(const Mount& mount) {
  Json json{{"Target", mount.target}, {"ReadOnly", mount.read_only}};
  switch (mount.kind) {
    case Mount::Kind::volume:
      json["Type"] = "volume";
      json["Source"] = mount.source;
      json["VolumeOptions"] = {{"NoCopy", mount.no_copy}};
      if (!mount.labels.empty()) json["VolumeOptions"]["Labels"] = mount.labels;
      break;
    case Mount::Kind::bind:
      json["Type"] = "bind";
      json["Source"] = mount.source;
      json["BindOptions"] = {{"Propagation", mount.of_engine ? "rslave" : "rprivate"}};
      // Engines before 25 leave mounts below a read-only mount writable. So such mounts are not included (S18).
      if (mount.read_only && !mount.of_engine) json["BindOptions"]["NonRecursive"] = true;
      break;
    case Mount::Kind::tmpfs:
      json["Type"] = "tmpfs";
      // The sandbox's user does not own the tmpfs. Without a mode the engine takes that of the folder below it; an old
      // runc always does.
      json["TmpfsOptions"] = {{"SizeBytes", mount.tmpfs_bytes}, {"Mode", 01777}};
      break;
  }
  return json;
}

Mount mount_from(const Json& json) {
  Mount mount;
  const std::string type = text(json, "Type");
  mount.kind = type == "bind" ? Mount::Kind::bind : type == "tmpfs" ? Mount::Kind::tmpfs : Mount::Kind::volume;
  mount.source = text(json, "Source");
  mount.target = text(json, "Target");
  mount.read_only = flag(json, "ReadOnly");
  mount.tmpfs_bytes = number(field(json, "TmpfsOptions"), "SizeBytes");
  mount.no_copy = flag(field(json, "VolumeOptions"), "NoCopy");
  mount.labels = text_map(field(json, "VolumeOptions"), "Labels");
  return mount;
}

std::string shown(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool empty_value(const Json& value) {
  return value.is_null() || (value.is_boolean() && !value.get<bool>()) ||
         (value.is_number() && value.get<double>() == 0) ||
         (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         ((value.is_array() || value.is_object()) && value.empty());
}

// Settings that have no field in ContainerSpec and would weaken the sandbox. Each is empty in a container of
// dind-executor.
void add_extras(const Json& inspect, std::vector<std::string>& extras) {
  const Json& host = field(inspect, "HostConfig");
  const Json& config = field(inspect, "Config");
  for (const char* key : {"Privileged", "Devices", "Binds", "VolumesFrom", "VolumeDriver", "PidMode", "UTSMode",
                          "UsernsMode", "GroupAdd", "Links", "DeviceRequests", "DeviceCgroupRules", "PublishAllPorts",
                          "PortBindings", "ExtraHosts", "CgroupParent", "Cgroup", "OomKillDisable", "Capabilities"}) {
    const Json& value = field(host, key);
    if (empty_value(value)) continue;
    if (!value.is_array()) {
      extras.push_back(std::string(key) + "=" + shown(value));
    } else {
      for (const Json& item : value) extras.push_back(std::string(key) + "=" + shown(item));
    }
  }
  if (const auto swap = number(host, "MemorySwap"); swap != number(host, "Memory"))
    extras.push_back("MemorySwap=" + std::to_string(swap));
  if (const auto restart = text(field(host, "RestartPolicy"), "Name"); !restart.empty() && restart != "no")
    extras.push_back("RestartPolicy=" + restart);
  // The engine reports which paths it hides. An empty list means that someone asked for it.
  for (const char* key : {"MaskedPaths", "ReadonlyPaths"})
    if (const Json& paths = field(host, key); paths.is_array() && paths.empty())
      extras.push_back(std::string(key) + "=[]");
  if (flag(config, "Tty")) extras.push_back("Tty=true");
  if (flag(config, "OpenStdin") && !flag(config, "StdinOnce")) extras.push_back("StdinOnce=false");

  std::set<std::string> ours;
  for (const Json& mount : field(host, "Mounts")) ours.insert(text(mount, "Target"));
  for (const auto& [path, options] : text_map(host, "Tmpfs")) ours.insert(path);
  for (const Json& mount : field(inspect, "Mounts"))
    if (const auto target = text(mount, "Destination"); !ours.contains(target))
      extras.push_back((text(mount, "Type") == "volume" ? "Volume=" : "Mount=") + target);
}

}  // namespace

Json create_body(const ContainerSpec& spec) {
  Json environment = Json::array();
  for (const auto& [name, value] : spec.env) environment.push_back(name + "=" + value);
  Json tmpfs = Json::object();
  for (const Tmpfs& each : spec.tmpfs) tmpfs[each.path] = each.options;
  Json mounts = Json::array();
  for (const Mount& mount : spec.mounts) mounts.push_back(mount_json(mount));
  Json ulimits = Json::array();
  for (const Ulimit& limit : spec.ulimits)
    ulimits.push_back({{"Name", limit.name}, {"Soft", limit.soft}, {"Hard", limit.hard}});

  Json host{
      {"AutoRemove", spec.auto_remove},
      {"CapAdd", spec.cap_add},
      {"CapDrop", spec.cap_drop},
      {"CgroupnsMode", spec.cgroupns_mode},
      {"Init", spec.init},
      {"IpcMode", spec.ipc_mode},
      {"LogConfig", {{"Type", spec.log_driver}, {"Config", Json::object()}}},
      {"Memory", spec.memory_bytes},
      {"MemorySwap", spec.memory_bytes},
      {"Mounts", std::move(mounts)},
      {"NanoCpus", spec.nano_cpus},
      {"NetworkMode", spec.network_mode},
      {"OomScoreAdj", spec.oom_score_adj},
      {"PidsLimit", spec.pids_limit},
      {"Privileged", false},
      {"ReadonlyRootfs", spec.read_only_rootfs},
      {"SecurityOpt", spec.security_opt},
      {"ShmSize", spec.shm_bytes},
      {"Tmpfs", std::move(tmpfs)},
      {"Ulimits", std::move(ulimits)},
  };
  if (!spec.sysctls.empty()) host["Sysctls"] = spec.sysctls;
  if (!spec.runtime.empty()) host["Runtime"] = spec.runtime;

  Json body{
      {"AttachStderr", true},
      {"AttachStdin", spec.open_stdin},
      {"AttachStdout", true},
      {"Cmd", spec.command},
      {"Entrypoint", spec.entrypoint},  // [] means no entrypoint, not the image's own
      {"Env", std::move(environment)},
      {"HostConfig", std::move(host)},
      {"Image", spec.image},
      {"Labels", spec.labels},
      {"NetworkDisabled", spec.network_disabled},
      {"OpenStdin", spec.open_stdin},
      {"StdinOnce", spec.open_stdin},
      {"StopSignal", spec.stop_signal},
      {"Tty", false},
      {"User", spec.user},
      {"WorkingDir", spec.working_dir},
  };
  if (spec.healthcheck_none) body["Healthcheck"] = {{"Test", {"NONE"}}};
  if (!spec.hostname.empty()) body["Hostname"] = spec.hostname;
  return body;
}

ContainerSpec spec_from_inspect(const Json& inspect) {
  const Json& config = field(inspect, "Config");
  const Json& host = field(inspect, "HostConfig");
  ContainerSpec spec;
  spec.image = text(inspect, "Image");
  spec.entrypoint = texts(config, "Entrypoint");
  spec.command = texts(config, "Cmd");
  spec.env = environment(config, "Env");
  spec.labels = text_map(config, "Labels");
  spec.user = text(config, "User");
  spec.working_dir = text(config, "WorkingDir");
  spec.hostname = text(config, "Hostname");
  spec.open_stdin = flag(config, "OpenStdin");
  spec.network_disabled = flag(config, "NetworkDisabled");
  spec.network_mode = text(host, "NetworkMode");
  spec.auto_remove = flag(host, "AutoRemove");
  spec.read_only_rootfs = flag(host, "ReadonlyRootfs");
  spec.cap_drop = texts(host, "CapDrop");
  spec.cap_add = texts(host, "CapAdd");
  spec.sysctls = text_map(host, "Sysctls");
  spec.security_opt = texts(host, "SecurityOpt");
  for (const auto& [path, options] : text_map(host, "Tmpfs")) spec.tmpfs.push_back({path, options});
  for (const Json& mount : field(host, "Mounts")) spec.mounts.push_back(mount_from(mount));
  for (const Json& limit : field(host, "Ulimits"))
    spec.ulimits.push_back({text(limit, "Name"), number(limit, "Soft"), number(limit, "Hard")});
  spec.memory_bytes = number(host, "Memory");
  spec.nano_cpus = number(host, "NanoCpus");
  spec.pids_limit = number(host, "PidsLimit");
  spec.shm_bytes = number(host, "ShmSize");
  spec.oom_score_adj = static_cast<int>(std::clamp<std::int64_t>(number(host, "OomScoreAdj"), -1000, 1000));
  spec.ipc_mode = text(host, "IpcMode");
  spec.cgroupns_mode = text(host, "CgroupnsMode");
  spec.log_driver = text(field(host, "LogConfig"), "Type");
  spec.runtime = text(host, "Runtime");
  spec.healthcheck_none = texts(field(config, "Healthcheck"), "Test") == std::vector<std::string>{"NONE"};
  spec.init = flag(host, "Init");
  spec.stop_signal = text(config, "StopSignal");
  add_extras(inspect, spec.extras);
  return spec;
}

ContainerState state_from_inspect(const Json& inspect) {
  const Json& state = field(inspect, "State");
  ContainerState out;
  out.id = text(inspect, "Id");
  out.name = text(inspect, "Name");
  if (out.name.starts_with('/')) out.name.erase(0, 1);
  out.status = text(state, "Status");
  out.running = flag(state, "Running");
  out.oom_killed = flag(state, "OOMKilled");
  out.exit_code = static_cast<int>(std::clamp<std::int64_t>(number(state, "ExitCode"), INT32_MIN, INT32_MAX));
  out.error = text(state, "Error");
  out.labels = text_map(field(inspect, "Config"), "Labels");
  return out;
}

}  // namespace dind::engine

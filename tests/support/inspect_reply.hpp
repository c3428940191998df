// The inspect reply of a healthy dockerd 20.10 for a container: the fields of its create request, and those that
// dockerd adds.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace dind::tests {

inline nlohmann::json inspect_reply(const nlohmann::json& create_body, const std::string& id, const std::string& name,
                                    const std::string& status = "created") {
  using Json = nlohmann::json;
  Json config = create_body;
  config.erase("HostConfig");
  Json host = create_body.at("HostConfig");
  config["Env"].push_back("PATH=/usr/local/bin:/usr/bin:/bin");
  config["Labels"]["org.opencontainers.image.title"] = "the image's own";
  config["Image"] = "python:3.12-slim";
  config["Domainname"] = "";
  config["Volumes"] = nullptr;
  config["OnBuild"] = nullptr;
  if (config["Cmd"].empty()) config["Cmd"] = nullptr;
  if (host["CapAdd"].empty()) host["CapAdd"] = nullptr;
  for (const char* absent : {"Binds", "VolumesFrom", "GroupAdd", "Links", "ExtraHosts", "DeviceCgroupRules",
                             "DeviceRequests", "Capabilities"})
    host[absent] = nullptr;
  for (const char* empty :
       {"VolumeDriver", "PidMode", "UTSMode", "UsernsMode", "CgroupParent", "Cgroup", "ContainerIDFile", "Isolation"})
    host[empty] = "";
  host["Devices"] = Json::array();
  host["PortBindings"] = Json::object();
  host["PublishAllPorts"] = false;
  host["OomKillDisable"] = false;
  host["RestartPolicy"] = {{"Name", "no"}, {"MaximumRetryCount", 0}};
  host["Runtime"] = "runc";
  host["MaskedPaths"] = {"/proc/kcore", "/sys/firmware"};
  host["ReadonlyPaths"] = {"/proc/sys"};
  Json mounts = Json::array();
  for (const Json& mount : host["Mounts"])
    mounts.push_back({{"Type", mount["Type"]},
                      {"Name", mount["Type"] == "volume" ? mount.value("Source", "") : ""},
                      {"Source", mount.value("Source", "")},
                      {"Destination", mount["Target"]},
                      {"RW", !mount["ReadOnly"].get<bool>()}});
  return {
      {"Id", id},
      {"Name", "/" + name},
      {"Image", create_body["Image"]},
      {"Config", std::move(config)},
      {"HostConfig", std::move(host)},
      {"Mounts", std::move(mounts)},
      {"State",
       {{"Status", status}, {"Running", status == "running"}, {"OOMKilled", false}, {"ExitCode", 0}, {"Error", ""}}}};
}

}  // namespace dind::tests

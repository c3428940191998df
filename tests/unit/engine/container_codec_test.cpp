#include "engine/container_codec.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

namespace container_codec_test {

using namespace dind::engine;
using Json = nlohmann::json;

namespace {

ContainerSpec hardened() {
  ContainerSpec spec;
  spec.image = "sha256:0123";
  spec.entrypoint = {"/.dind/supervisor"};
  spec.command = {"--wait"};
  spec.env = {{"HOME", "/run/home"}, {"X", "a=b"}};
  spec.labels = {{"dind-executor.owner", "test"}};
  spec.user = "65534:65534";
  spec.working_dir = "/run/work";
  spec.hostname = "sandbox";
  spec.cap_drop = {"ALL"};
  spec.security_opt = {"no-new-privileges", R"(seccomp={"defaultAction":"SCMP_ACT_ERRNO"})"};
  spec.tmpfs = {{"/tmp", "rw,nosuid,nodev,size=67108864"}};
  spec.mounts = {{Mount::Kind::volume, "dind-supervisor-1", "/.dind", true, 0, true, {{"of", "ours"}}},
                 {Mount::Kind::bind, "/srv/work", "/workspaces", false, 0, false, {}},
                 {Mount::Kind::tmpfs, "", "/scratch", false, 4096, false, {}}};
  spec.ulimits = {{"core", 0, 0}, {"nofile", 1024, 1024}};
  spec.memory_bytes = 536870912;
  spec.nano_cpus = 1000000000;
  spec.pids_limit = 256;
  spec.shm_bytes = 67108864;
  return spec;
}

// The inspect reply of a correct engine for a container that it created from this request.
Json inspect_of(const Json& body) {
  Json config = body;
  config.erase("HostConfig");
  Json mounts = Json::array();
  for (const Json& mount : body["HostConfig"]["Mounts"])
    mounts.push_back({{"Type", mount["Type"]}, {"Destination", mount["Target"]}});
  return {{"Id", "c1"},
          {"Name", "/dind-run-1"},
          {"Image", body["Image"]},
          {"Config", config},
          {"HostConfig", body["HostConfig"]},
          {"Mounts", mounts},
          {"State", {{"Status", "exited"}, {"Running", false}, {"OOMKilled", true}, {"ExitCode", 137}, {"Error", ""}}}};
}

}  // namespace

TEST_CASE("The create request of a hardened sandbox is exactly the expected one") {
  CHECK(create_body(hardened()) == Json::parse(R"json({
    "AttachStderr": true, "AttachStdin": true, "AttachStdout": true, "OpenStdin": true, "StdinOnce": true, "StopSignal": "SIGKILL", "Tty": false,
    "Cmd": ["--wait"], "Entrypoint": ["/.dind/supervisor"], "Env": ["HOME=/run/home", "X=a=b"],
    "Healthcheck": {"Test": ["NONE"]}, "Hostname": "sandbox", "Image": "sha256:0123",
    "Labels": {"dind-executor.owner": "test"}, "NetworkDisabled": true, "User": "65534:65534", "WorkingDir": "/run/work",
    "HostConfig": {
      "AutoRemove": true, "CapAdd": [], "CapDrop": ["ALL"], "CgroupnsMode": "private", "Init": false, "IpcMode": "private",
      "LogConfig": {"Type": "none", "Config": {}}, "Memory": 536870912, "MemorySwap": 536870912,
      "Mounts": [
        {"Type": "volume", "Source": "dind-supervisor-1", "Target": "/.dind", "ReadOnly": true, "VolumeOptions": {"NoCopy": true, "Labels": {"of": "ours"}}},
        {"Type": "bind", "Source": "/srv/work", "Target": "/workspaces", "ReadOnly": false, "BindOptions": {"Propagation": "rprivate"}},
        {"Type": "tmpfs", "Target": "/scratch", "ReadOnly": false, "TmpfsOptions": {"SizeBytes":4096,"Mode":1023}}],
      "NanoCpus": 1000000000, "NetworkMode": "none", "OomScoreAdj": 1000, "PidsLimit": 256, "Privileged": false,
      "ReadonlyRootfs": true,
      "SecurityOpt": ["no-new-privileges", "seccomp={\"defaultAction\":\"SCMP_ACT_ERRNO\"}"],
      "ShmSize": 67108864, "Tmpfs": {"/tmp": "rw,nosuid,nodev,size=67108864"},
      "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}, {"Name": "nofile", "Soft": 1024, "Hard": 1024}]}})json"));
}

TEST_CASE("The inspect reply of a correct engine gives the requested spec") {
  const auto spec = hardened();
  CHECK(spec_from_inspect(inspect_of(create_body(spec))) == spec);
  auto other = spec;
  other.runtime = "runsc";
  other.healthcheck_none = false;
  other.open_stdin = false;
  other.auto_remove = false;
  other.network_disabled = false;
  other.network_mode = "dind-internet";
  CHECK(spec_from_inspect(inspect_of(create_body(other))) == other);
}

TEST_CASE("An empty entrypoint is sent, so that the image's own is not used") {
  ContainerSpec spec;
  CHECK(create_body(spec)["Entrypoint"] == Json::array());
  CHECK_FALSE(create_body(spec)["HostConfig"].contains("MaskedPaths"));
  CHECK_FALSE(create_body(spec)["HostConfig"].contains("Binds"));
}

TEST_CASE("A weakening setting that was not requested is listed in extras") {
  const std::pair<const char*, std::string> cases[] = {
      {R"([{"op":"add","path":"/HostConfig/Privileged","value":true}])", "Privileged=true"},
      {R"([{"op":"add","path":"/HostConfig/Binds","value":["/:/host"]}])", "Binds=/:/host"},
      {R"([{"op":"add","path":"/HostConfig/PidMode","value":"host"}])", "PidMode=host"},
      {R"([{"op":"add","path":"/HostConfig/Devices","value":[{"PathOnHost":"/dev/kvm"}]}])",
       R"(Devices={"PathOnHost":"/dev/kvm"})"},
      {R"([{"op":"add","path":"/HostConfig/MemorySwap","value":-1}])", "MemorySwap=-1"},
      {R"([{"op":"add","path":"/HostConfig/MaskedPaths","value":[]}])", "MaskedPaths=[]"},
      {R"([{"op":"add","path":"/HostConfig/RestartPolicy","value":{"Name":"always"}}])", "RestartPolicy=always"},
      {R"([{"op":"add","path":"/HostConfig/PortBindings","value":{"80/tcp":[]}}])", R"(PortBindings={"80/tcp":[]})"},
      {R"([{"op":"add","path":"/Config/Tty","value":true}])", "Tty=true"},
      {R"([{"op":"add","path":"/Config/StdinOnce","value":false}])", "StdinOnce=false"},
      {R"([{"op":"add","path":"/Mounts/-","value":{"Type":"volume","Destination":"/data"}}])", "Volume=/data"},
  };
  for (const auto& [patch, extra] : cases) {
    INFO(extra);
    const auto inspect = inspect_of(create_body(hardened())).patch(Json::parse(patch));
    CHECK(spec_from_inspect(inspect).extras == std::vector<std::string>{extra});
  }
}

TEST_CASE("The engine's harmless defaults are not in extras") {
  auto inspect = inspect_of(create_body(hardened()));
  inspect["HostConfig"].update(
      Json::parse(R"({"Binds":null,"CapAdd":null,"Devices":[],"PidMode":"","UTSMode":"","Links":null,"PortBindings":{},
    "PublishAllPorts":false,"OomKillDisable":false,"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"MaskedPaths":["/proc/kcore"],
    "ReadonlyPaths":["/proc/sys"],"GroupAdd":null,"Sysctls":null,"DeviceCgroupRules":null,"CgroupParent":"","Cgroup":"","KernelMemory":0})"));
  CHECK(spec_from_inspect(inspect) == hardened());
}

TEST_CASE("A malformed inspect reply is read as not hardened, and never throws") {
  for (
      const char* text :
      {"{}", "[]", R"({"Config":7,"HostConfig":[1],"Mounts":"x","State":null})",
       R"({"HostConfig":{"Memory":"1","CapDrop":"ALL","Mounts":[1,null],"Ulimits":{"a":1},"Tmpfs":[1],"OomScoreAdj":1e300},"State":{"ExitCode":99999999999999999999}})"}) {
    INFO(text);
    const auto json = Json::parse(text);
    const auto spec = spec_from_inspect(json);
    CHECK_FALSE(spec.read_only_rootfs);
    CHECK_FALSE(spec.network_disabled);
    CHECK(spec.cap_drop.empty());
    CHECK(spec.memory_bytes == 0);
    CHECK(state_from_inspect(json).status.empty());
  }
}

TEST_CASE("A container's state is read from its inspect reply") {
  const auto state = state_from_inspect(inspect_of(create_body(hardened())));
  CHECK(state.id == "c1");
  CHECK(state.name == "dind-run-1");
  CHECK(state.status == "exited");
  CHECK(state.oom_killed);
  CHECK(state.exit_code == 137);
  CHECK(state.labels.at("dind-executor.owner") == "test");
}

}  // namespace container_codec_test

// Compares what Podman created with what it was asked for (N02). The replies have the format of Podman 5.4.2.
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "engine/container_codec.hpp"
#include "engine/podman.hpp"
#include "sandbox/hardening.hpp"
#include "support/hardened_spec.hpp"

namespace podman_differences_test {

using namespace dind;
using namespace dind::sandbox;
using Json = nlohmann::json;

namespace {

constexpr const char* kProfile = "/var/lib/containers/storage/volumes/p/_data/seccomp.json";

// Podman's inspect reply for a container that it created from this request.
Json podman_reply(const Json& body) {
  Json host = body.at("HostConfig"), config = body, mounts = Json::array(), binds = Json::array();
  config.erase("HostConfig");
  config.erase("NetworkDisabled");
  config["StdinOnce"] = false;
  for (auto& [path, options] : host["Tmpfs"].items()) options = options.get<std::string>() + ",rprivate,tmpcopyup";
  for (const Json& each : host["Mounts"]) {
    const bool read_only = each["ReadOnly"];
    const std::string target = each["Target"];
    if (each["Type"] == "tmpfs") {
      host["Tmpfs"][target] = (read_only ? "ro,size=" : "rw,size=") +
                              std::to_string(each["TmpfsOptions"]["SizeBytes"].get<std::int64_t>()) +
                              ",mode=1777,rprivate,nosuid,nodev,tmpcopyup";
      continue;
    }
    const bool volume = each["Type"] == "volume";
    mounts.push_back({{"Type", each["Type"]},
                      {"Source", volume ? Json("/volumes/_data") : each["Source"]},
                      {"Destination", target},
                      {"RW", !read_only}});
    if (volume) mounts.back()["Name"] = each["Source"];
    binds.push_back(each["Source"].get<std::string>() + ":" + target);
  }
  for (Json& each : host["Ulimits"]) {
    std::string name = each["Name"];
    for (char& c : name) c = static_cast<char>(std::toupper(c));
    each["Name"] = "RLIMIT_" + name;
  }
  host["Ulimits"].push_back({{"Name", "RLIMIT_NPROC"}, {"Soft", 4096}, {"Hard", 4096}});
  host["Binds"] = std::move(binds);
  host.erase("Mounts");
  host.erase("Sysctls");
  host["CapDrop"] = {"CHOWN",   "DAC_OVERRIDE", "FOWNER",  "FSETID", "KILL",      "NET_BIND_SERVICE",
                     "SETFCAP", "SETGID",       "SETPCAP", "SETUID", "SYS_CHROOT"};
  host["CgroupnsMode"] = "";
  host["PidMode"] = host["UTSMode"] = "private";
  host["Runtime"] = "oci";
  host["MaskedPaths"] = host["ReadonlyPaths"] = nullptr;
  Json networks = {{host["NetworkMode"], Json::object()}};
  if (host["NetworkMode"] == "dind-executor-internet-1") host["NetworkMode"] = "bridge";
  return {{"Id", "id"},
          {"Name", "/name"},
          {"Image", body["Image"]},
          {"Config", std::move(config)},
          {"HostConfig", std::move(host)},
          {"Mounts", std::move(mounts)},
          {"NetworkSettings", {{"Networks", std::move(networks)}}}};
}

std::string found(const engine::ContainerSpec& spec, const Json& reply) {
  std::string all;
  for (const auto& each : differences(engine::reported_by_podman(spec, kProfile),
                                      engine::spec_from_inspect(engine::inspect_of_podman(reply))))
    all += each + "\n";
  return all;
}

Json made(const engine::ContainerSpec& spec) {
  return podman_reply(engine::create_body(engine::fitted_to_podman(spec, kProfile)));
}

}  // namespace

TEST_CASE("A sandbox that Podman created from a request in its own format has no differences") {
  auto around = tests::surroundings();
  around.image.volumes = {"/data"};
  around.workspace_source = "/home/u/project";
  around.etc_folder = "/volumes/etc/_data";
  around.internet_network = "dind-executor-internet-1";
  auto plan = tests::python_plan();
  plan.workspace = WorkspaceAccess::read_only;
  auto internet = tests::python_plan();
  internet.network = Network::internet;
  for (const auto& spec : {tests::python_spec(), harden(plan, around), harden(internet, around),
                           harden_egress_filter("0123", "run-1", around)})
    CHECK(found(spec, made(spec)).empty());
  const Json body = engine::create_body(engine::fitted_to_podman(tests::python_spec(), kProfile));
  CHECK(body["HostConfig"]["SecurityOpt"] == Json({"no-new-privileges", std::string("seccomp=") + kProfile}));
  const std::string tmpfs = body["HostConfig"]["Tmpfs"].dump();
  for (const char* refused : {"nr_inodes", "uid=", "gid=", "0700"}) CHECK_FALSE(tmpfs.contains(refused));
}

TEST_CASE("Each setting that Podman made weaker than asked is reported") {
  const auto spec = tests::python_spec();
  struct Weakened {
    const char* path;
    Json value;
    const char* said;
  };
  const Weakened cases[] = {
      {"/HostConfig/CapDrop", {"CHOWN", "SETUID"}, "CapDrop"},
      {"/HostConfig/CapDrop", Json::array(), "CapDrop"},
      {"/HostConfig/CapAdd", {"SYS_ADMIN"}, "CapAdd"},
      {"/HostConfig/SecurityOpt", {"no-new-privileges", "seccomp=unconfined"}, "SecurityOpt"},
      {"/HostConfig/SecurityOpt", {std::string("seccomp=") + kProfile}, "SecurityOpt"},
      {"/HostConfig/Privileged", true, "Privileged"},
      {"/HostConfig/PidMode", "host", "PidMode=host"},
      {"/HostConfig/UTSMode", "host", "UTSMode=host"},
      {"/HostConfig/NetworkMode", "host", "NetworkMode"},
      {"/HostConfig/NetworkMode", "bridge", "Network"},
      {"/HostConfig/ReadonlyRootfs", false, "ReadonlyRootfs"},
      {"/HostConfig/Memory", 0, "Memory"},
      {"/HostConfig/PidsLimit", 0, "PidsLimit"},
      {"/HostConfig/Tmpfs/~1tmp", "rw,exec,nosuid,nodev,mode=1777,rprivate,tmpcopyup", "/tmp"},
      {"/HostConfig/Ulimits", Json::array(), "nofile"},
      {"/HostConfig/Devices", {{{"PathOnHost", "/dev/sda"}}}, "/dev/sda"},
      {"/Mounts/0/RW", true, "/.dind"},
      {"/Mounts/0/Name", "another", "/.dind"},
      {"/Mounts/1", {{"Type", "bind"}, {"Source", "/"}, {"Destination", "/host"}, {"RW", true}}, "/host"},
      {"/Config/User", "0:0", "User"},
      {"/Image", "sha256:another", "Image"},
  };
  const Json good = made(spec);
  for (const auto& [path, value, said] : cases) {
    INFO(path << " = " << value.dump());
    Json reply = good;
    reply[Json::json_pointer(path)] = value;
    CHECK(found(spec, reply).contains(said));
  }
  for (const Json& nothing : {Json(), Json::object(), Json{{"HostConfig", 1}}, Json{{"Config", Json::array()}}})
    CHECK_FALSE(found(spec, nothing).empty());
}

TEST_CASE("On Podman, only requests that build an image are refused") {
  for (const char* target : {"/build", "/build?t=x", "/session", "/grpc"}) CHECK(engine::builds(target));
  for (const char* target : {"/containers/create", "/images/load", "/volumes/create", "/images/create?fromImage=build"})
    CHECK_FALSE(engine::builds(target));
}

}  // namespace podman_differences_test

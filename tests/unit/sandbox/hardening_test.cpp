#include "sandbox/hardening.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/container_codec.hpp"
#include "sandbox/embedded.hpp"
#include "sandbox/planner.hpp"
#include "support/ids.hpp"
#include "support/inspect_reply.hpp"

using namespace dind;
using namespace dind::sandbox;
using Json = nlohmann::json;

namespace {

RunPlan python_plan() {
  return *make_plan({.program = SourceProgram{.file_name = "hello.py", .text = "print(1)", .language = {}}}, Limits{},
                    {}, "run-1");
}
Surroundings surroundings() {
  return {.image = {.id = "sha256:0123"},
          .supervisor_volume = "dind-supervisor-abc",
          .owner = "boot.ns.1.2",
          .remove_after = 1'700'000'000};
}
engine::ContainerSpec python_spec() { return harden(python_plan(), surroundings()); }

// The profile has a test of its own; here its hash stands for it.
Json body_of(const engine::ContainerSpec& spec) {
  Json body = engine::create_body(spec);
  for (auto& option : body["HostConfig"]["SecurityOpt"])
    if (option.get<std::string>().starts_with("seccomp="))
      option = "seccomp=sha256:" + sha256(option.get<std::string>().substr(8));
  return body;
}

const engine::Mount* mount_at(const engine::ContainerSpec& spec, const std::string& target) {
  const auto at = std::ranges::find(spec.mounts, target, &engine::Mount::target);
  return at == spec.mounts.end() ? nullptr : &*at;
}

}  // namespace

TEST_CASE("What the engine is told of a default run is exactly what the golden file says") {
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "hardening_golden.json");
  REQUIRE(file);
  const Json golden = Json::parse(file);
  const Json body = body_of(python_spec());
  INFO("now it is:\n" << body.dump(2));
  CHECK(Json::diff(golden, body).dump() == "[]");
}

TEST_CASE("The seccomp profile goes along as it is embedded") {
  CHECK(std::ranges::count(python_spec().security_opt, "seccomp=" + std::string(seccomp_profile())) == 1);
}

TEST_CASE("A run with a way out differs from a default one in the network and in nothing else") {
  auto plan = python_plan();
  plan.network = Network::internet;
  auto spec = harden(plan, surroundings());
  CHECK_FALSE(spec.network_disabled);
  CHECK(spec.network_mode == "dind-executor-internet");
  CHECK(spec.sysctls == std::map<std::string, std::string>{{"net.ipv4.conf.all.rp_filter", "0"},
                                                           {"net.ipv4.conf.eth0.rp_filter", "0"},
                                                           {"net.ipv6.conf.all.disable_ipv6", "1"}});
  spec.network_disabled = true;
  spec.network_mode = "none";
  spec.sysctls.clear();
  CHECK(spec == python_spec());
}

TEST_CASE("The fence has one capability, over the sandbox's network alone, and runs nothing but our own program") {
  const auto fence = harden_fence("0123abcd", "r1", surroundings());
  CHECK(fence.entrypoint == std::vector<std::string>{kSupervisorPath, "--fence"});
  CHECK(fence.command.empty());
  CHECK(fence.network_mode == "container:0123abcd");
  CHECK(fence.cap_add == std::vector<std::string>{"NET_ADMIN"});
  CHECK(fence.cap_drop == std::vector<std::string>{"ALL"});
  CHECK(fence.read_only_rootfs);
  CHECK(fence.security_opt == python_spec().security_opt);
  CHECK(fence.mounts.size() == 1);
  CHECK(fence.mounts.front().read_only);
  CHECK(fence.tmpfs.empty());
  CHECK(fence.pids_limit > 0);
  CHECK(fence.memory_bytes > 0);
  CHECK(fence.labels.contains(kOwnerLabel));
  auto weaker = fence;
  weaker.cap_add.push_back("SYS_ADMIN");
  CHECK(differences(fence, weaker).size() == 1);
  weaker.cap_add = {"CAP_NET_ADMIN"};
  CHECK(differences(fence, weaker).empty());
}

TEST_CASE("The volumes of an image are the fence's as little as the sandbox's: the engine would make one") {
  auto around = surroundings();
  around.image.volumes = {"/data", "/data/", "/.dind", "/tmp"};
  const auto fence = harden_fence("0123abcd", "r1", around);
  REQUIRE(fence.mounts.size() == 3);
  for (std::size_t i : {1, 2}) {
    CHECK(fence.mounts[i].kind == engine::Mount::Kind::tmpfs);
    CHECK(fence.mounts[i].read_only);
    CHECK(fence.mounts[i].target == (i == 1 ? "/data" : "/tmp"));
  }
}

TEST_CASE("A run's limits are the container's") {
  auto plan = python_plan();
  plan.limits = {.timeout = std::chrono::seconds(5),
                 .memory_bytes = 100 << 20,
                 .cpus = 0.25,
                 .pids = 9,
                 .tmp_bytes = 8 << 20,
                 .open_files = 77,
                 .file_bytes = 5 << 20};
  const Json host = body_of(harden(plan, surroundings()))["HostConfig"];
  CHECK(host["Memory"] == 100 << 20);
  CHECK(host["MemorySwap"] == 100 << 20);
  CHECK(host["NanoCpus"] == 250'000'000);
  CHECK(host["PidsLimit"] == 9);
  CHECK(host["ShmSize"] == 8 << 20);
  CHECK(host["Tmpfs"]["/tmp"].get<std::string>().contains("size=8388608,nr_inodes=2048"));
  CHECK(host["Tmpfs"]["/sandbox"].get<std::string>().contains("size=8388608,nr_inodes=2048"));
  CHECK(host["Ulimits"].dump().contains(R"({"Hard":77,"Name":"nofile","Soft":77})"));
  CHECK(host["Ulimits"].dump().contains(R"({"Hard":5242880,"Name":"fsize","Soft":5242880})"));
}

TEST_CASE("An image's volumes are covered by tmpfs of the run's size, however they are written") {
  auto around = surroundings();
  around.image.volumes = {"/data", "/var/lib/db/", "//odd//path/./x", "/data/", "/tmp",
                          "/tmp/", "/sandbox",     "/sandbox/",       "/.dind", "/.dind/"};
  const auto spec = harden(python_plan(), around);
  REQUIRE(spec.mounts.size() == 4);  // and the supervisor's
  for (const std::string target : {"/data", "/var/lib/db", "/odd/path/x"}) {
    INFO(target);
    const auto* mount = mount_at(spec, target);
    REQUIRE(mount != nullptr);
    CHECK(mount->kind == engine::Mount::Kind::tmpfs);
    CHECK(mount->tmpfs_bytes == Limits{}.tmp_bytes);
    CHECK_FALSE(mount->read_only);
  }
  const auto* supervisor = mount_at(spec, "/.dind");
  REQUIRE(supervisor != nullptr);
  CHECK(supervisor->read_only);
  CHECK(supervisor->source == "dind-supervisor-abc");
}

TEST_CASE("A command works in the image's own folder, or in the run's where that is /") {
  RunPlan plan{.run_id = "r", .argv = {"ls"}};
  auto around = surroundings();
  CHECK(harden(plan, around).working_dir == "/sandbox");
  around.image.working_dir = "/";
  CHECK(harden(plan, around).working_dir == "/sandbox");
  around.image.working_dir = "/app";
  CHECK(harden(plan, around).working_dir.empty());  // the engine takes the image's
  CHECK(harden(python_plan(), around).working_dir == "/sandbox");
}

TEST_CASE("A container that a healthy engine made as asked has no differences, whatever it fills in") {
  auto around = surroundings();
  around.image.volumes = {"/data"};
  for (const auto& spec :
       {python_spec(), harden(python_plan(), around), harden(RunPlan{.run_id = "r", .argv = {"ls"}}, around)}) {
    Json reply = tests::inspect_reply(engine::create_body(spec), "id", "name");
    CHECK(differences(spec, engine::spec_from_inspect(reply)).empty());
    // Without swap accounting the engine says -1: that is the doctor's to tell.
    reply["HostConfig"]["MemorySwap"] = -1;
    CHECK(differences(spec, engine::spec_from_inspect(reply)).empty());
    // Some engines report neither NoCopy nor the paths that they hide.
    reply["HostConfig"]["Mounts"][0].erase("VolumeOptions");
    reply["HostConfig"].erase("MaskedPaths");
    CHECK(differences(spec, engine::spec_from_inspect(reply)).empty());
  }
}

TEST_CASE("Whatever an engine made weaker than asked is reported, and by its name") {
  struct Weakened {
    const char* path;  // of the field in the inspect reply
    Json value;
    const char* said;
  };
  const Weakened cases[] = {
      {"/Image", "sha256:another", "Image"},
      {"/Config/User", "", "User"},
      {"/Config/User", "0:0", "User"},
      {"/Config/NetworkDisabled", false, "NetworkDisabled"},
      {"/Config/OpenStdin", false, "OpenStdin"},
      {"/Config/StdinOnce", false, "StdinOnce"},
      {"/Config/Tty", true, "Tty"},
      {"/Config/Entrypoint", {"/bin/sh"}, "Entrypoint"},
      {"/Config/Entrypoint", nullptr, "Entrypoint"},
      {"/Config/Cmd", {"more"}, "Cmd"},
      {"/Config/Healthcheck", nullptr, "Healthcheck"},
      {"/Config/Healthcheck", {{"Test", {"CMD", "x"}}}, "Healthcheck"},
      {"/Config/Labels/dind-executor.owner", "somebody else", "dind-executor.owner"},
      {"/Config/Labels/dind-executor.deadline", nullptr, "dind-executor.deadline"},
      {"/HostConfig/NetworkMode", "bridge", "NetworkMode"},
      {"/HostConfig/NetworkMode", "host", "NetworkMode"},
      {"/HostConfig/AutoRemove", false, "AutoRemove"},
      {"/HostConfig/ReadonlyRootfs", false, "ReadonlyRootfs"},
      {"/HostConfig/Memory", 0, "Memory"},
      {"/HostConfig/MemorySwap", 2 * (512LL << 20), "MemorySwap"},
      {"/HostConfig/MemorySwap", 0, "MemorySwap"},
      {"/HostConfig/NanoCpus", 0, "NanoCpus"},
      {"/HostConfig/PidsLimit", nullptr, "PidsLimit"},
      {"/HostConfig/PidsLimit", -1, "PidsLimit"},
      {"/HostConfig/ShmSize", 1LL << 40, "ShmSize"},
      {"/HostConfig/OomScoreAdj", 0, "OomScoreAdj"},
      {"/HostConfig/IpcMode", "shareable", "IpcMode"},
      {"/HostConfig/CgroupnsMode", "host", "CgroupnsMode"},
      {"/HostConfig/LogConfig/Type", "json-file", "LogConfig"},
      {"/HostConfig/Init", true, "Init"},
      {"/HostConfig/CapDrop", nullptr, "CapDrop"},
      {"/HostConfig/CapDrop", {"NET_RAW"}, "CapDrop"},
      {"/HostConfig/CapAdd", {"SYS_ADMIN"}, "CapAdd: asked nothing, reported SYS_ADMIN"},
      {"/HostConfig/SecurityOpt", {"no-new-privileges"}, "SecurityOpt"},
      {"/HostConfig/SecurityOpt", {"no-new-privileges", "seccomp=unconfined"}, "SecurityOpt"},
      {"/HostConfig/Tmpfs/~1tmp", "rw", "/tmp"},
      {"/HostConfig/Tmpfs/~1more", "rw", "Tmpfs"},
      {"/HostConfig/Mounts/0/ReadOnly", false, "/.dind"},
      {"/HostConfig/Mounts/0/Source", "another-volume", "/.dind"},
      {"/HostConfig/Mounts/1", {{"Type", "bind"}, {"Source", "/"}, {"Target", "/host"}}, "Mounts"},
      {"/HostConfig/Ulimits", nullptr, "nofile"},
      {"/HostConfig/Privileged", true, "Privileged=true"},
      {"/HostConfig/Devices/0", {{"PathOnHost", "/dev/sda"}}, "/dev/sda"},
      {"/HostConfig/Binds", {"/:/host"}, "Binds=/:/host"},
      {"/HostConfig/PidMode", "host", "PidMode=host"},
      {"/HostConfig/UsernsMode", "host", "UsernsMode=host"},
      {"/HostConfig/GroupAdd", {"0"}, "GroupAdd=0"},
      {"/HostConfig/OomKillDisable", true, "OomKillDisable"},
      {"/HostConfig/RestartPolicy/Name", "always", "RestartPolicy=always"},
      {"/HostConfig/MaskedPaths", Json::array(), "MaskedPaths"},
      {"/HostConfig/ReadonlyPaths", Json::array(), "ReadonlyPaths"},
      {"/Mounts/1", {{"Type", "volume"}, {"Destination", "/data"}}, "Volume=/data"},
  };
  const auto spec = python_spec();
  const Json good = tests::inspect_reply(engine::create_body(spec), "id", "name");
  for (const auto& [path, value, said] : cases) {
    INFO(path << " = " << value.dump());
    Json reply = good;
    reply[Json::json_pointer(path)] = value;
    const auto found = differences(spec, engine::spec_from_inspect(reply));
    std::string all;
    for (const auto& each : found) all += each + "\n";
    INFO(all);
    CHECK(all.contains(said));
    for (const auto& each : found) CHECK(each.size() < 500);  // it goes into a one-line message; the profile does not
  }
}

TEST_CASE("Under gVisor only the runtime is another, and the limit on what the engine counts as its threads") {
  RunPlan plan;
  plan.limits.pids = 100;
  auto usual = harden(plan, {});
  CHECK(usual.runtime.empty());
  plan.isolation = Isolation::gvisor;
  const auto gvisor = harden(plan, {});
  CHECK(gvisor.runtime == "runsc");
  CHECK(gvisor.pids_limit == 256 + 8 * 100);
  usual.runtime = gvisor.runtime;
  usual.pids_limit = gvisor.pids_limit;
  CHECK(usual == gvisor);
}

TEST_CASE("An engine that reports nothing at all is not one that made what was asked") {
  CHECK(differences(python_spec(), engine::spec_from_inspect(Json::object())).size() > 15);
  auto spec = python_spec();
  spec.runtime = "runsc";
  const auto found =
      differences(spec, engine::spec_from_inspect(tests::inspect_reply(engine::create_body(spec), "id", "name")));
  REQUIRE(found.size() == 1);
  CHECK(found.front() == "Runtime: asked runsc, reported runc");
}

TEST_CASE("Settings and hooks are read-only in a writable workspace, each as the place that it has there") {
  auto plan = python_plan();
  plan.workspace = WorkspaceAccess::read_write;
  plan.workspace_mounts = {{.path = "p", .read_only = false}, {.path = "p/.git"}, {.path = "q/.git", .folder = false}};
  auto around = surroundings();
  around.workspace_source = "/srv/w/";
  auto spec = harden(plan, around);
  CHECK_FALSE(mount_at(spec, "/workspaces")->read_only);
  for (const auto& [target, source, read_only] : {std::tuple{"/workspaces/p", "/srv/w/p", false},
                                                  {"/workspaces/p/.git", "/srv/w/p/.git", true},
                                                  {"/workspaces/q/.git", "/srv/w/q/.git", true}}) {
    INFO(target);
    const auto* mount = mount_at(spec, target);
    REQUIRE(mount != nullptr);
    CHECK(mount->kind == engine::Mount::Kind::bind);
    CHECK(mount->source == source);
    CHECK(mount->read_only == read_only);
  }
  // With one writable folder, all the rest is read-only; with read-only access, that one too.
  plan.workspace_folder = "p";
  CHECK(mount_at(harden(plan, around), "/workspaces")->read_only);
  plan.workspace = WorkspaceAccess::read_only;
  plan.workspace_mounts.clear();
  spec = harden(plan, around);
  CHECK(mount_at(spec, "/workspaces")->read_only);
  CHECK(mount_at(spec, "/workspaces/p") == nullptr);
}

TEST_CASE("Under gVisor, which shows no places of mounts, nothing of the workspace is mounted apart: it is covered") {
  auto plan = python_plan();
  plan.isolation = Isolation::gvisor;
  plan.workspace = WorkspaceAccess::read_write;
  plan.workspace_folder = "p";
  plan.workspace_mounts = {{.path = "p", .read_only = false}, {.path = "p/.git"}, {.path = "q/.git", .folder = false}};
  const auto spec = harden(plan, surroundings());
  CHECK_FALSE(mount_at(spec, "/workspaces")->read_only);
  CHECK(mount_at(spec, "/workspaces/p") == nullptr);
  CHECK(mount_at(spec, "/workspaces/q/.git") == nullptr);
  const auto* cover = mount_at(spec, "/workspaces/p/.git");
  REQUIRE(cover != nullptr);
  CHECK(cover->kind == engine::Mount::Kind::tmpfs);
  CHECK(cover->read_only);
  CHECK(std::ranges::count(spec.mounts, engine::Mount::Kind::bind, &engine::Mount::kind) == 1);
}

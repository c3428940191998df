// Compares what the engine created with what it was asked for.
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "engine/container_codec.hpp"
#include "sandbox/hardening.hpp"
#include "support/hardened_spec.hpp"
#include "support/inspect_reply.hpp"

namespace hardening_differences_test {

using namespace dind;
using namespace dind::sandbox;
using dind::tests::python_plan;
using dind::tests::python_spec;
using dind::tests::surroundings;
using Json = nlohmann::json;

TEST_CASE("A container that the engine created as asked has no differences, also with the engine's defaults") {
  auto around = surroundings();
  around.image.volumes = {"/data"};
  for (const auto& spec :
       {python_spec(), harden(python_plan(), around), harden(RunPlan{.run_id = "r", .argv = {"ls"}}, around)}) {
    Json reply = tests::inspect_reply(engine::create_body(spec), "id", "name");
    CHECK(differences(spec, engine::spec_from_inspect(reply)).empty());
    // Without swap accounting the engine reports -1. The command `doctor` tells the user about it.
    reply["HostConfig"]["MemorySwap"] = -1;
    CHECK(differences(spec, engine::spec_from_inspect(reply)).empty());
    // Some engines report neither NoCopy nor the masked paths.
    reply["HostConfig"]["Mounts"][0].erase("VolumeOptions");
    reply["HostConfig"].erase("MaskedPaths");
    CHECK(differences(spec, engine::spec_from_inspect(reply)).empty());
  }
}

TEST_CASE("Each setting that the engine made weaker than asked is reported by name") {
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
    for (const auto& each : found) CHECK(each.size() < 500);  // it goes into a one-line message, without the profile
  }
}

TEST_CASE("An empty inspect reply has many differences, and another runtime is one difference") {
  CHECK(differences(python_spec(), engine::spec_from_inspect(Json::object())).size() > 15);
  auto spec = python_spec();
  spec.runtime = "runsc";
  const auto found =
      differences(spec, engine::spec_from_inspect(tests::inspect_reply(engine::create_body(spec), "id", "name")));
  REQUIRE(found.size() == 1);
  CHECK(found.front() == "Runtime: asked runsc, reported runc");
}

}  // namespace hardening_differences_test

// S01, R05: which paths of an image the mounts and the working directory of a sandbox depend on. The attacks are in
// tests/hostile/test_hostile_images.py.
#include "sandbox/start/mount_targets.hpp"

#include <catch2/catch_test_macros.hpp>

namespace mount_targets_test {

using namespace dind;
using namespace dind::sandbox;
using Paths = std::vector<std::string>;

namespace {

SandboxContext around(std::vector<std::string> volumes = {}, std::string working_dir = "") {
  return {.image = {.id = "sha256:1", .volumes = std::move(volumes), .working_dir = std::move(working_dir)},
          .workspace_source = "/srv/w",
          .supervisor_volume = "s"};
}
MountTargets targets(const RunPlan& plan, const SandboxContext& surroundings) {
  return mount_targets(harden(plan, surroundings), surroundings.image);
}

}  // namespace

TEST_CASE("The mount targets of a sandbox are all its mounts, except those inside another mount") {
  RunPlan plan{.run_id = "r", .argv = {"ls"}};
  CHECK(targets(plan, around()).ours == Paths{"/.dind", "/sandbox", "/tmp"});
  plan.workspace = WorkspaceAccess::read_write;
  plan.workspace_mounts = {{.path = "p/.git"}};
  plan.volumes = {{.name = "v", .target = kDependenciesMount}};
  CHECK(targets(plan, around()).ours == Paths{"/.dind", "/dependencies", "/sandbox", "/tmp", "/workspaces"});
}

TEST_CASE("The VOLUMEs of an image are mount targets, except where the sandbox has its own mount") {
  const RunPlan plan{.run_id = "r", .argv = {"ls"}};
  const auto found = targets(plan, around({"/data", "/var//lib/x/", "/tmp/", "/.dind", "/sandbox"}));
  CHECK(found.ours == Paths{"/.dind", "/sandbox", "/tmp"});
  CHECK(found.volumes == Paths{"/data", "/var/lib/x"});
}

TEST_CASE("B02: a VOLUME is refused if it is relative, the root folder or inside a mount of the run") {
  RunPlan plan{.run_id = "r", .argv = {"ls"}};
  const auto plain = around({"/workspaces/data", "/dependencies/x"});
  CHECK(targets(plan, plain).volumes == Paths{"/dependencies/x", "/workspaces/data"});
  CHECK_FALSE(refused_volume("image", plan, plain.image));
  plan.workspace = WorkspaceAccess::read_only;
  plan.volumes = {{.name = "v", .target = kDependenciesMount}};
  CHECK(targets(plan, plain).volumes.empty());
  const auto problem = [&](const std::string& volume) {
    const auto refused = refused_volume("image", plan, around({"/fine", volume}).image);
    return refused ? refused->message : std::string();
  };
  CHECK(problem("/workspaces/data").contains("its VOLUME \"/workspaces/data\" is in the workspace"));
  CHECK(problem("/dependencies/x/").contains("is in /dependencies"));
  CHECK(problem("data").contains("its VOLUME \"data\" is not absolute. Write /data"));
  CHECK(problem("./rel/").contains("Write /rel"));
  for (const char* root : {"/", "//", "/x/.."}) CHECK(problem(root).contains("is the root folder"));
  for (const char* good : {"/data", "//data/", "/workspaces", "/workspaces-of-mine/x", "/tmp/x"})
    CHECK(problem(good).empty());
}

TEST_CASE("A container that only shows an image's content has one read-only tmpfs for each VOLUME") {
  const auto covers = volume_covers(around({"/data", "/data/", "/data/more"}).image);
  REQUIRE(covers.size() == 2);
  CHECK((covers[0].target == "/data" && covers[1].target == "/data/more"));
  for (const auto& each : covers) CHECK((each.kind == engine::Mount::Kind::tmpfs && each.read_only));
}

TEST_CASE("The WORKDIR of an image is checked only if the run uses it") {
  RunPlan plan{.run_id = "r", .argv = {"ls"}};
  CHECK(targets(plan, around({}, "/srv/app")).working_dir == "/srv/app");
  CHECK(targets(plan, around({}, "/")).working_dir.empty());
  plan.working_dir = "/elsewhere";
  CHECK(targets(plan, around({}, "/srv/app")).working_dir.empty());
}

TEST_CASE("A WORKDIR must be a plain absolute path outside /proc, /sys and /dev") {
  for (const char* good :
       {"", "/", "/app", "/usr/src/app/", "/a b/ü", "/processes", "/sysroot", "/app/..hidden", "/a//b"})
    CHECK(working_dir_problem(good).empty());
  for (const std::string& bad :
       {std::string("app"), std::string("./app"), std::string("/app/../etc"), std::string("/.."), std::string("/a\nb"),
        std::string("/proc/self/fd/8"), std::string("/proc"), std::string("//proc/1/root"), std::string("/./proc/self"),
        std::string("/sys/fs/cgroup"), std::string("/dev/fd/7"), "/" + std::string(5000, 'a')})
    CHECK_FALSE(working_dir_problem(bad).empty());
}

}  // namespace mount_targets_test

#include "sandbox/hardening.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/container_codec.hpp"
#include "sandbox/embedded.hpp"
#include "sandbox/plan/planner.hpp"
#include "support/hardened_spec.hpp"
#include "support/ids.hpp"
#include "support/inspect_reply.hpp"

namespace hardening_test {

using namespace dind;
using namespace dind::sandbox;
using dind::tests::python_plan;
using dind::tests::python_spec;
using dind::tests::surroundings;
using Json = nlohmann::json;

namespace {

// The profile has its own test. Here, its hash keeps the golden file short.
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

TEST_CASE("The create request of a default run equals the golden file") {
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "hardening_golden.json");
  REQUIRE(file);
  const Json golden = Json::parse(file);
  auto around = surroundings();
  around.user = "2000000007:65534";
  around.etc_folder = "/engine/volumes/dind-etc-abc/_data";
  const Json body = body_of(harden(python_plan(), around));
  INFO("the current request:\n" << body.dump(2));
  CHECK(Json::diff(golden, body).dump() == "[]");
}

TEST_CASE("A sandbox gets the embedded seccomp profile unchanged") {
  CHECK(std::ranges::count(python_spec().security_opt, "seccomp=" + std::string(seccomp_profile())) == 1);
}

TEST_CASE("A run with a network differs from a default run only in its network settings") {
  auto plan = python_plan();
  plan.network = Network::internet;
  auto around = surroundings();
  around.internet_network = "dind-executor-internet-0a1b2c3d";
  auto spec = harden(plan, around);
  CHECK_FALSE(spec.network_disabled);
  CHECK(spec.network_mode == "dind-executor-internet-0a1b2c3d");
  CHECK(spec.sysctls == std::map<std::string, std::string>{{"net.ipv4.conf.all.rp_filter", "0"},
                                                           {"net.ipv6.conf.all.disable_ipv6", "1"}});
  spec.network_disabled = true;
  spec.network_mode = "none";
  spec.sysctls.clear();
  CHECK(spec == python_spec());
}

TEST_CASE("The egress filter has only NET_ADMIN in the sandbox's network, and runs only the supervisor") {
  const auto filter = harden_egress_filter("0123abcd", "r1", surroundings());
  // S01: its image has only the supervisor, whatever image the run uses.
  CHECK(filter.image == "sha256:5e1f");
  CHECK(filter.entrypoint == std::vector<std::string>{"/supervisor", "--egress-filter"});
  CHECK(filter.command.empty());
  CHECK(filter.network_mode == "container:0123abcd");
  CHECK(filter.cap_add == std::vector<std::string>{"NET_ADMIN"});
  CHECK(filter.cap_drop == std::vector<std::string>{"ALL"});
  CHECK(filter.read_only_rootfs);
  CHECK(filter.security_opt == python_spec().security_opt);
  // S08: this file has the addresses of the engine's machine.
  REQUIRE(filter.mounts.size() == 1);
  CHECK(filter.mounts.front().kind == engine::Mount::Kind::bind);
  CHECK(filter.mounts.front().source == "/proc/1/net/fib_trie");
  CHECK(filter.mounts.front().read_only);
  CHECK(filter.tmpfs.empty());
  CHECK(filter.pids_limit > 0);
  CHECK(filter.memory_bytes > 0);
  CHECK(filter.labels.contains(kOwnerLabel));
  auto weaker = filter;
  weaker.cap_add.push_back("SYS_ADMIN");
  CHECK(differences(filter, weaker).size() == 1);
  weaker.cap_add = {"CAP_NET_ADMIN"};
  CHECK(differences(filter, weaker).empty());
}

TEST_CASE("The egress filter uses nothing of a caller's image (S01)") {
  auto around = surroundings();
  const auto usual = harden_egress_filter("0123abcd", "r1", around);
  around.image = {.id = "sha256:evil",
                  .volumes = {"/data", "/.dind", "/supervisor"},
                  .entrypoint = {"/evil"},
                  .working_dir = "/evil",
                  .env = {{"LD_PRELOAD", "/evil"}}};
  CHECK(harden_egress_filter("0123abcd", "r1", around) == usual);
}

TEST_CASE("Each difference names what was asked and what the engine reported (N01)") {
  auto plan = python_plan();
  plan.network = Network::internet;
  const auto spec = harden(plan, surroundings());
  const auto said = [&](auto change) {
    auto reported = spec;
    change(reported);
    const auto found = differences(spec, reported);
    REQUIRE(found.size() == 1);
    return found.front();
  };
  CHECK(said([](auto& r) { r.sysctls.erase("net.ipv6.conf.all.disable_ipv6"); }) ==
        "Sysctls: asked net.ipv4.conf.all.rp_filter=0 net.ipv6.conf.all.disable_ipv6=1, reported "
        "net.ipv4.conf.all.rp_filter=0");
  CHECK(said([](auto& r) { r.sysctls.clear(); }).ends_with("reported nothing"));
  CHECK(said([](auto& r) { r.mounts.front().read_only = false; }) ==
        "Mounts: asked /.dind (volume dind-supervisor-abc, read-only), reported /.dind (volume dind-supervisor-abc, "
        "writable)");
  CHECK(said([](auto& r) { r.mounts.clear(); }).ends_with("reported nothing there"));
  CHECK(said([](auto& r) {
          r.mounts.push_back({.kind = engine::Mount::Kind::bind, .source = "/", .target = "/host"});
        }) == "Mounts: asked nothing at /host, reported /host (bind /, read-only)");
  CHECK(said([](auto& r) { r.ulimits[1].hard = 1 << 20; }) ==
        "Ulimits: asked nofile (1024 to 1024), reported nofile (1024 to 1048576)");
  CHECK(said([](auto& r) { r.labels[kOwnerLabel] = "x"; }).ends_with(", reported x"));
  CHECK(said([](auto& r) { r.extras = {"Privileged=true"}; }) == "asked nothing of the kind, reported Privileged=true");
  for (auto& each : {said([](auto& r) { r.tmpfs.front().options = "rw"; }), said([](auto& r) { r.user = "0:0"; })}) {
    CHECK(each.contains("asked "));
    CHECK(each.contains(", reported "));
  }
}

TEST_CASE("The limits of a run are set on its container") {
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

TEST_CASE("Each VOLUME of an image becomes a tmpfs of the run's size, however its path is written") {
  auto around = surroundings();
  around.image.volumes = {"/data", "/var/lib/db/", "//odd//path/./x", "/data/", "/tmp",
                          "/tmp/", "/sandbox",     "/sandbox/",       "/.dind", "/.dind/"};
  const auto spec = harden(python_plan(), around);
  REQUIRE(spec.mounts.size() == 4);  // with the supervisor's
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

TEST_CASE("B02: a VOLUME with content in the image is filled by the engine and mounted read-only") {
  auto around = surroundings();
  around.image.volumes = {"/app", "/data/", "/cache", "/workspaces/x", "/dependencies/x", "/tmp"};
  around.filled_volumes = {"/app", "/data/", "/workspaces/x", "/dependencies/x", "/tmp"};
  const auto spec = harden(python_plan(), around);
  REQUIRE(spec.mounts.size() == 6);  // with the supervisor's
  for (const std::string target : {"/app", "/data", "/workspaces/x", "/dependencies/x"}) {
    INFO(target);
    const auto* mount = mount_at(spec, target);
    REQUIRE(mount != nullptr);
    CHECK(mount->kind == engine::Mount::Kind::volume);
    CHECK(mount->source.starts_with("dind-content-"));
    CHECK(mount->read_only);
    CHECK_FALSE(mount->no_copy);
    CHECK(mount->labels == engine::Labels{{kCacheLabel, "content"}, {kImageLabel, "sha256:0123"}});
  }
  CHECK(mount_at(spec, "/app")->source != mount_at(spec, "/data")->source);
  auto other = around;
  other.image.id = "sha256:4567";
  CHECK(mount_at(harden(python_plan(), other), "/app")->source != mount_at(spec, "/app")->source);
  CHECK(mount_at(spec, "/cache")->kind == engine::Mount::Kind::tmpfs);
  CHECK(differences(spec, engine::spec_from_inspect(tests::inspect_reply(engine::create_body(spec), "id", "name")))
            .empty());
  auto writable = spec;
  for (auto& mount : writable.mounts) mount.read_only = mount.target != "/app" && mount.read_only;
  CHECK(differences(spec, writable).size() == 1);
  auto plan = python_plan();  // the workspace and the dependencies are not part of the image
  plan.workspace = WorkspaceAccess::read_write;
  plan.volumes = {{.name = "v", .target = kDependenciesMount}};
  const auto with_both = harden(plan, around);
  for (const char* target : {"/workspaces/x", "/dependencies/x"}) CHECK(mount_at(with_both, target) == nullptr);
}

TEST_CASE("P01, P07: the files of /etc are read-only bind mounts of single files from the engine's folder") {
  auto around = surroundings();
  around.etc_folder = "/var/lib/docker/volumes/dind-etc-1/_data";
  const auto spec = harden(python_plan(), around);
  REQUIRE(spec.mounts.size() == 4);
  for (const std::string name : {"hosts", "passwd", "group"}) {
    const auto* mount = mount_at(spec, "/etc/" + name);
    REQUIRE(mount != nullptr);
    CHECK(mount->kind == engine::Mount::Kind::bind);
    CHECK(mount->source == around.etc_folder + "/" + name);
    CHECK(mount->read_only);
  }
  // The engine refuses any other propagation for sources in its own folder.
  for (const auto& mount : engine::create_body(spec)["HostConfig"]["Mounts"])
    if (mount["Type"] == "bind") CHECK(mount["BindOptions"]["Propagation"] == "rslave");
  auto networked = python_plan();
  networked.network = Network::internet;
  CHECK(mount_at(harden(networked, around), "/etc/hosts") != nullptr);
  CHECK(harden_egress_filter("0123", "r1", around).mounts.size() == 1);
}

TEST_CASE("S10: a sandbox with its own user differs only in the user and in the owner of its folder") {
  auto around = surroundings();
  around.user = "2000000007:65534";
  auto spec = harden(python_plan(), around);
  CHECK(spec.user == "2000000007:65534");
  CHECK(spec.tmpfs.front().options.ends_with(",mode=0700,uid=2000000007,gid=65534"));
  spec.user = kNobody;
  spec.tmpfs = python_spec().tmpfs;
  CHECK(spec == python_spec());
}

TEST_CASE("A command starts in the image's WORKDIR, or in /sandbox if that is / or not set") {
  RunPlan plan{.run_id = "r", .argv = {"ls"}};
  auto around = surroundings();
  CHECK(harden(plan, around).working_dir == "/sandbox");
  around.image.working_dir = "/";
  CHECK(harden(plan, around).working_dir == "/sandbox");
  around.image.working_dir = "/app";
  CHECK(harden(plan, around).working_dir.empty());  // the engine uses the image's WORKDIR
  CHECK(harden(python_plan(), around).working_dir == "/sandbox");
}

TEST_CASE("Under gVisor, a container differs only in its runtime and its max number of threads") {
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

TEST_CASE("Protected names in a writable workspace are read-only bind mounts of their own path") {
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
  // With one writable folder, the rest is read-only. With read-only access, that folder is read-only, too.
  plan.writable_folder = "p";
  CHECK(mount_at(harden(plan, around), "/workspaces")->read_only);
  plan.workspace = WorkspaceAccess::read_only;
  plan.workspace_mounts.clear();
  spec = harden(plan, around);
  CHECK(mount_at(spec, "/workspaces")->read_only);
  CHECK(mount_at(spec, "/workspaces/p") == nullptr);
}

// gVisor does not show where a mount comes from, so the supervisor could not check bind mounts.
TEST_CASE("Under gVisor, protected names are covered by a read-only tmpfs, not by bind mounts") {
  auto plan = python_plan();
  plan.isolation = Isolation::gvisor;
  plan.workspace = WorkspaceAccess::read_write;
  plan.writable_folder = "p";
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

}  // namespace hardening_test

// The files of /etc and a sandbox's own user, on engines that do not support them.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "run_bench.hpp"
#include "sandbox/start/etc_volumes.hpp"
#include "services/health/engine_doctor.hpp"

namespace etc_faults_test {

using namespace dind;
using namespace dind::faults;
using namespace std::chrono_literals;

namespace {

struct EtcBench : RunBench {
  explicit EtcBench(sandbox::Workspace workspace = {}) : RunBench({}, std::move(workspace)) {
    fake.on("GET", "/volumes/*", [this](const FakeRequest& request) {
      const auto name = request.path.substr(std::string_view("/volumes/").size());
      return FakeReply::json(200, nlohmann::json{{"Name", name},
                                                 {"Mountpoint", "/engine/volumes/" + name + "/_data"},
                                                 {"Labels", {{"dind-executor.users", users}}}}
                                      .dump());
    });
    fake.on("GET", "/info", FakeReply::json(200, R"({"SecurityOptions":["name=seccomp,profile=default"]})"));
  }
  // The create requests of sandboxes, without those of carriers.
  std::vector<nlohmann::json> asked() const {
    std::vector<nlohmann::json> all;
    for (const auto& request : fake.requests())
      if (request.method == "POST" && request.path == "/containers/create" && !request.target.contains("carrier"))
        all.push_back(nlohmann::json::parse(request.body));
    return all;
  }
  static std::set<std::string> files_in(const nlohmann::json& body) {
    std::set<std::string> found;
    for (const auto& mount : body["HostConfig"]["Mounts"])
      if (mount["Type"] == "bind" && mount["Target"].get<std::string>().starts_with("/etc/"))
        found.insert(mount["Target"]);
    return found;
  }
  std::string users = "same";
};

const std::set<std::string> kFiles{"/etc/group", "/etc/hosts", "/etc/passwd"};

bool has_own_user(const nlohmann::json& body) { return body["User"].get<std::string>().starts_with("20000"); }

}  // namespace

TEST_CASE("P01, P07, S10: every sandbox gets the files of /etc and its own user, and the volume is inspected once") {
  EtcBench bench;
  for (int i = 0; i < 3; ++i) REQUIRE(bench.run(python()));
  const auto asked = bench.asked();
  REQUIRE(asked.size() == 3);
  std::set<std::string> users;
  for (const auto& body : asked) {
    CHECK(bench.files_in(body) == kFiles);
    CHECK(has_own_user(body));
    users.insert(body["User"]);
  }
  CHECK(users.size() == 3);
  std::size_t looks = 0;
  for (const auto& request : bench.fake.requests()) looks += request.path.starts_with("/volumes/dind-etc-") ? 1 : 0;
  CHECK(looks == 1);
  CHECK(bench.wait_all_removed());
}

TEST_CASE("P01: if the volume with the files of /etc was removed, it is created again and the run continues") {
  EtcBench bench;
  bench.fake.on("POST", "/containers/create", [&](const FakeRequest& request) {
    const auto body = nlohmann::json::parse(request.body);
    if (!bench.files_in(body).empty() && bench.fake.count("PUT", "/containers/*/archive") == 0)
      return FakeReply::json(400, R"({"message":"bind source path does not exist: )" +
                                      body["HostConfig"]["Mounts"][1]["Source"].get<std::string>() + "\"}");
    return bench.create(request);
  });
  REQUIRE(bench.run(python()));
  CHECK(bench.asked().size() == 2);
  CHECK(bench.files_in(bench.asked().back()) == kFiles);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("P01: if the engine can't mount files of a volume, sandboxes run without them and it is not tried again") {
  EtcBench bench;
  bench.fake.on("POST", "/containers/create", [&](const FakeRequest& request) {
    const auto body = nlohmann::json::parse(request.body);
    if (!bench.files_in(body).empty())
      return FakeReply::json(500, R"({"message":"mounts denied: the path )" +
                                      body["HostConfig"]["Mounts"][1]["Source"].get<std::string>() +
                                      " is not shared\"}");
    return bench.create(request);
  });
  REQUIRE(bench.run(python()));
  CHECK(bench.files_in(bench.asked().back()).empty());
  CHECK(has_own_user(bench.asked().back()));
  const auto before = bench.asked().size();
  REQUIRE(bench.run(python()));
  CHECK(bench.asked().size() == before + 1);
  CHECK(bench.wait_all_removed());
}

TEST_CASE("S10: if the engine refuses a sandbox's own user, this sandbox and all later ones run as user 65534") {
  EtcBench bench;
  bench.fake.on("POST", "/containers/*/start", [&](const FakeRequest&) {
    if (has_own_user(bench.asked().back()))
      return FakeReply::json(500, R"({"message":"unable to start container process: setresuid: invalid argument"})");
    return FakeReply{.status = 204};
  });
  REQUIRE(bench.run(python()));
  REQUIRE(bench.asked().size() == 2);
  CHECK(bench.asked().back()["User"] == "65534:65534");
  REQUIRE(bench.run(python()));
  CHECK(bench.asked().size() == 3);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

TEST_CASE("S10, N05: if the engine maps user ids, no sandbox gets its own user, and a note gives the reason") {
  for (const auto& [users, word] : {std::pair("rootless", "rootless"), {"remapped", "userns-remap"}}) {
    INFO(users);
    EtcBench bench;
    bench.users = users;
    REQUIRE(bench.run(python()));
    CHECK(bench.asked().back()["User"] == "65534:65534");
    CHECK(bench.files_in(bench.asked().back()) == kFiles);
    CHECK(bench.wait_all_removed());
    const auto note = sandbox::mapped_users_note(
        users == std::string("rootless") ? sandbox::EngineUsers::rootless : sandbox::EngineUsers::remapped,
        "1000:1000");
    CHECK(note.contains(word));
    CHECK(note.contains("1000:1000"));
  }
  CHECK(sandbox::mapped_users_note(sandbox::EngineUsers::same, "1000:1000").empty());
}

TEST_CASE("N05: if the engine maps user ids, a run with a writable workspace gets a note about failing writes") {
  for (const auto& [users, word] : {std::pair("rootless", "the engine is rootless"),
                                    {"remapped", "the engine maps user ids (userns-remap)"},
                                    {"same", ""}}) {
    for (const auto access : {WorkspaceAccess::read_write, WorkspaceAccess::read_only}) {
      INFO(users << ' ' << (access == WorkspaceAccess::read_only));
      EtcBench bench({.engine_path = "/engine/project", .path = {}, .owner = "1000:1000"});
      bench.users = users;
      auto spec = python();
      spec.workspace = access;
      const auto result = bench.run(spec);
      INFO((result ? "" : result.error().message));
      REQUIRE(result);
      const auto told = std::ranges::count_if(result->notes, [&](const std::string& note) {
        return note.contains("1000:1000") && note.contains("only where everyone may");
      });
      CHECK(told == (*word != '\0' && access == WorkspaceAccess::read_write ? 1 : 0));
      if (told != 0) CHECK(std::ranges::any_of(result->notes, [&](const auto& note) { return note.contains(word); }));
      CHECK(bench.asked().back()["User"] == "1000:1000");
      CHECK(bench.wait_all_removed());
    }
  }
}

TEST_CASE("N05: if the engine maps user ids, the doctor warns that programs can't write to the workspace") {
  for (const auto& [option, word] : {std::pair("name=rootless", "the engine is rootless"),
                                     {"name=userns", "the engine maps user ids (userns-remap)"},
                                     {"name=seccomp,profile=default", ""}}) {
    INFO(option);
    EtcBench bench({.engine_path = "/engine/project", .path = {}, .owner = "1000:1000"});
    bench.fake.on("GET", "/info", FakeReply::json(200, nlohmann::json{{"SecurityOptions", {option}}}.dump()));
    EngineDoctor doctor(bench.client, bench.sandboxes, Limits{}, {});
    const auto checks = tests::run_task(bench.context, doctor.examine(in(30s)));
    const auto workspace = std::ranges::find(checks, "workspace", &DoctorCheck::name);
    REQUIRE(workspace != checks.end());
    INFO(workspace->seen);
    CHECK(workspace->status == (*word != '\0' ? DoctorCheck::Status::warning : DoctorCheck::Status::ok));
    CHECK(workspace->remedy.contains(word));
    CHECK(workspace->remedy.empty() == (*word == '\0'));
    CHECK(bench.wait_all_removed());
  }
}

TEST_CASE("The image's passwd file is read from a container that is never started") {
  EtcBench bench;
  bool made = false;
  bench.fake.on("POST", "/volumes/create", [&](const FakeRequest&) {
    made = true;
    return FakeReply::json(201, "{}");
  });
  bench.fake.on("GET", "/volumes/*", [&](const FakeRequest& request) {
    const auto name = request.path.substr(std::string_view("/volumes/").size());
    if (!made && name.starts_with("dind-etc-")) return FakeReply::json(404, R"({"message":"no such volume"})");
    return FakeReply::json(200, nlohmann::json{{"Name", name}, {"Mountpoint", "/engine/volumes/" + name}}.dump());
  });
  REQUIRE(bench.run(python()));
  CHECK(bench.fake.count("GET", "/containers/*/archive") == 2);
  CHECK(bench.fake.count("PUT", "/containers/*/archive") == 1);
  CHECK(bench.fake.count("POST", "/containers/*/start") == 1);
  CHECK(bench.files_in(bench.asked().back()) == kFiles);
  CHECK(bench.wait_all_removed());
  CHECK(bench.container_count() == 0);
}

}  // namespace etc_faults_test

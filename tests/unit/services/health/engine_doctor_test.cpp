#include "services/health/engine_doctor.hpp"

#include <catch2/catch_test_macros.hpp>
#include <map>

namespace engine_doctor_test {

using namespace dind;
using Status = DoctorCheck::Status;

namespace {

using Fields = std::map<std::string, std::string>;

// What a supervisor prints in a healthy sandbox with the default limits.
Fields version_1() {
  return {{"memory_max", "536870912"},
          {"memory_swap_max", "536870912"},
          {"pids_max", "256"},
          {"cpu_max", "100000 100000"},
          {"uid", "65534"},
          {"gid", "65534"},
          {"CapEff", "0000000000000000"},
          {"CapBnd", "0000000000000000"},
          {"NoNewPrivs", "1"},
          {"Seccomp", "2"},
          {"rootfs_writable", "0"},
          {"network_interfaces", "0"},
          {"tmp_bytes", "67108864"},
          {"time", "1700000000"}};
}
Fields version_2() {
  auto fields = version_1();
  fields["memory_swap_max"] = "0";
  return fields;
}
// In the root control group, which has no limit on swap (N09).
Fields without_swap() {
  auto fields = version_1();
  fields["memory_swap_max"] = "max";
  fields["machine_swap"] = "0";
  return fields;
}
std::string text_of(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) text += name + "=" + value + "\n";
  return text;
}
const DoctorCheck& named(const std::vector<DoctorCheck>& checks, const std::string& name) {
  const auto at = std::ranges::find(checks, name, &DoctorCheck::name);
  REQUIRE(at != checks.end());
  return *at;
}

}  // namespace

TEST_CASE("A healthy sandbox passes every check, under both versions of control groups") {
  for (const auto& fields : {version_1(), version_2(), without_swap()}) {
    const auto checks = check_probe(text_of(fields), Limits{});
    CHECK(checks.size() == 9);
    for (const auto& check : checks) {
      INFO(check.name << ": " << check.seen);
      CHECK(check.status == Status::ok);
      CHECK(check.remedy.empty());
      CHECK_FALSE(check.seen.empty());
    }
  }
}

TEST_CASE("A limit that is not in force fails only its own check, with a remedy") {
  struct Bad {
    const char *field, *value, *check;
    Status status = Status::failed;
  };
  const Bad cases[] = {
      {"memory_max", "max", "memory limit"},
      {"memory_max", "9223372036854771712", "memory limit"},
      {"memory_max", "1073741824", "memory limit"},
      {"memory_max", "0", "memory limit"},
      {"memory_max", nullptr, "memory limit"},
      {"memory_swap_max", "max", "swap", Status::warning},
      {"memory_swap_max", "1073741824", "swap", Status::warning},
      {"memory_swap_max", nullptr, "swap", Status::warning},
      {"cpu_max", "max 100000", "CPU limit"},
      {"cpu_max", "-1 100000", "CPU limit"},
      {"cpu_max", "200000 100000", "CPU limit"},
      {"cpu_max", "nonsense", "CPU limit"},
      {"cpu_max", nullptr, "CPU limit"},
      {"pids_max", "max", "process limit"},
      {"pids_max", "1000", "process limit"},
      {"pids_max", nullptr, "process limit"},
      {"uid", "0", "user"},
      {"uid", nullptr, "user"},
      {"CapEff", "0000003fffffffff", "capabilities"},
      {"CapEff", "00000000a80425fb", "capabilities"},  // the engine's default set
      {"CapBnd", "00000000a80425fb", "capabilities"},
      {"CapEff", nullptr, "capabilities"},
      {"CapBnd", nullptr, "capabilities"},
      {"NoNewPrivs", "0", "capabilities"},
      {"NoNewPrivs", nullptr, "capabilities"},
      {"Seccomp", "0", "seccomp"},
      {"Seccomp", nullptr, "seccomp"},
      {"rootfs_writable", "1", "root file system"},
      {"rootfs_writable", nullptr, "root file system"},
      {"network_interfaces", "1", "network"},
      {"network_interfaces", nullptr, "network"},
  };
  for (const auto& [field, value, check, status] : cases) {
    INFO(field << "=" << (value == nullptr ? "(not there)" : value));
    auto fields = version_1();
    if (value == nullptr)
      fields.erase(field);
    else
      fields[field] = value;
    const auto checks = check_probe(text_of(fields), Limits{});
    CHECK(named(checks, check).status == status);
    CHECK_FALSE(named(checks, check).remedy.empty());
    for (const auto& other : checks)
      if (other.name != check) CHECK(other.status == Status::ok);
  }
}

TEST_CASE("A memory limit that the kernel rounds to pages passes the check") {
  auto fields = version_1();
  fields["memory_max"] = fields["memory_swap_max"] = "499998720";
  Limits asked;
  asked.memory_bytes = 500'000'000;
  const auto checks = check_probe(text_of(fields), asked);
  CHECK(named(checks, "memory limit").status == Status::ok);
  CHECK(named(checks, "swap").status == Status::ok);
}

TEST_CASE("A probe with empty or malformed output passes no check") {
  for (const std::string text : {"", "\n\n", "=\n==\nmemory_max", "the supervisor could not be started"}) {
    for (const auto& check : check_probe(text, Limits{})) {
      INFO(check.name << ": " << check.seen);
      CHECK(check.status != Status::ok);
      CHECK_FALSE(check.seen.empty());
    }
  }
}

TEST_CASE("The doctor reports a full disk and a wrong clock") {
  const auto check = [](const char* disk, const char* time) {
    return check_machine(std::string("disk_free_bytes=") + disk + "\ntime=" + time + "\n", 1'700'000'000);
  };
  for (const auto& each : check("9000000000", "1700000030")) CHECK(each.status == Status::ok);
  CHECK(check("1000000000", "1700000000")[0].status == Status::warning);
  CHECK(check("1000000", "1700000000")[0].status == Status::failed);
  CHECK(check("9000000000", "1699999900")[1].status == Status::warning);
  CHECK(check("9000000000", "1699999900")[1].seen.contains("100 s"));
  CHECK(check_machine("", 0).empty());
}

TEST_CASE("E03: the remedy for an unreachable engine names the option that gave its address") {
  CHECK(unreachable_remedy({}).contains("by --host or DOCKER_HOST"));
  for (const char* choice : {"the setting dind.engine.host", "ExecutorOptions::host"}) {
    engine::Endpoint endpoint;
    endpoint.choice = choice;
    CHECK(unreachable_remedy(endpoint).contains(std::string("by ") + choice));
    CHECK_FALSE(unreachable_remedy(endpoint).contains("--host"));
    CHECK_FALSE(unreachable_remedy(endpoint).contains("DOCKER_HOST"));
  }
}

TEST_CASE("The doctor reports gVisor if it is required but missing, or if it cannot run a sandbox") {
  const auto check = [](bool there, std::optional<std::string> failure, Isolation isolation) {
    const auto made = check_gvisor(there, failure, isolation);
    CHECK((made.status == Status::ok) == made.remedy.empty());
    return made.status;
  };
  CHECK(check(false, {}, Isolation::runc) == Status::ok);
  CHECK(check(false, {}, Isolation::gvisor) == Status::failed);
  CHECK(check(true, {}, Isolation::gvisor) == Status::ok);
  CHECK(check(true, "", Isolation::gvisor) == Status::ok);
  CHECK(check(true, "exec failed", Isolation::runc) == Status::warning);
  CHECK(check(true, "exec failed", Isolation::gvisor) == Status::failed);
  CHECK(check_gvisor(true, "exec failed", Isolation::runc).seen.contains("exec failed"));
}

TEST_CASE("The egress filter passes only with a network interface and without private routes") {
  CHECK(check_egress_filter("network_interfaces=1\nprivate_routes=0\n").status == Status::ok);
  for (const char* bad : {"", "network_interfaces=0\nprivate_routes=0\n", "network_interfaces=1\nprivate_routes=1\n",
                          "network_interfaces=1\n"}) {
    CHECK(check_egress_filter(bad).status == Status::failed);
    CHECK_FALSE(check_egress_filter(bad).remedy.empty());
  }
}

TEST_CASE("The doctor warns if builds use BuildKit without bounds") {
  constexpr engine::BuildkitBound kBound{.memory_bytes = 2LL << 30, .pids = 1024};
  const auto check = [](bool used, const std::optional<engine::BuildkitBound>& bound) {
    const auto made = check_buildkit(used, bound);
    CHECK(made.name == "BuildKit");
    CHECK((made.status == Status::ok) == made.remedy.empty());
    return made;
  };
  CHECK(check(true, kBound).status == Status::ok);
  CHECK(check(true, kBound).seen.contains("2 GiB of memory and 1024 processes"));
  CHECK(check(true, {}).status == Status::warning);
  CHECK(check(true, {}).remedy.contains("docs/operations.md"));
  CHECK(check(false, {}).status == Status::ok);
  CHECK(check(false, kBound).seen.contains("not used"));
}

}  // namespace engine_doctor_test

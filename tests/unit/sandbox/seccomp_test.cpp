// The content of the seccomp profile: which system calls a program in a sandbox can make.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "sandbox/embedded.hpp"

namespace seccomp_test {

using Json = nlohmann::json;

namespace {

const Json& profile() {
  static const Json json = Json::parse(dind::sandbox::seccomp_profile());
  return json;
}
// The rules that name a call, in every architecture.
std::vector<Json> rules_for(const std::string& call) {
  std::vector<Json> rules;
  for (const auto& rule : profile()["syscalls"])
    if (std::ranges::count(rule["names"], Json(call)) != 0) rules.push_back(rule);
  return rules;
}
// Whether a rule allows this call. Like the kernel's filter, it compares all 64 bits of a register.
bool allowed(const std::string& call, const std::vector<std::uint64_t>& arguments) {
  return std::ranges::any_of(rules_for(call), [&](const Json& rule) {
    if (rule["action"] != "SCMP_ACT_ALLOW") return false;
    if (!rule.contains("args")) return true;
    return std::ranges::all_of(rule["args"], [&](const Json& arg) {
      const auto seen = arguments.at(arg["index"].get<std::size_t>());
      const auto value = arg["value"].get<std::uint64_t>();
      return arg["op"] == "SCMP_CMP_EQ" ? seen == value : (seen & value) == arg["valueTwo"].get<std::uint64_t>();
    });
  });
}
bool has_conditions(const Json& rule) { return rule.contains("args") && !rule["args"].empty(); }

}  // namespace

TEST_CASE("The seccomp profile answers calls without a rule with EPERM, and has no 32-bit architecture") {
  CHECK(profile()["defaultAction"] == "SCMP_ACT_ERRNO");
  CHECK(profile()["defaultErrnoRet"] == 1);
  REQUIRE(profile()["archMap"].size() == 2);
  for (const auto& arch : profile()["archMap"]) CHECK(arch["subArchitectures"].empty());
}

TEST_CASE("Every seccomp rule is valid for the engine, and no call has two actions") {
  std::map<std::string, std::set<std::string>> actions;
  for (const auto& rule : profile()["syscalls"]) {
    INFO(rule.dump().substr(0, 200));
    CHECK_FALSE(rule["names"].empty());
    CHECK((rule["action"] == "SCMP_ACT_ALLOW" || rule["action"] == "SCMP_ACT_ERRNO"));
    // Sandboxes drop all capabilities, so a rule that depends on one would allow nothing.
    CHECK_FALSE((rule.contains("includes") && rule["includes"].contains("caps")));
    for (const auto& call : rule["names"]) actions[call].insert(rule["action"]);
  }
  for (const auto& [call, fates] : actions) {
    INFO(call);
    CHECK(fates.size() == 1);
  }
}

TEST_CASE("The seccomp profile has no rule for calls that reach other processes, the kernel or mounts") {
  for (const std::string call : {"io_uring_setup",
                                 "io_uring_enter",
                                 "io_uring_register",
                                 "ptrace",
                                 "process_vm_readv",
                                 "process_vm_writev",
                                 "process_madvise",
                                 "pidfd_getfd",
                                 "kcmp",
                                 "userfaultfd",
                                 "keyctl",
                                 "add_key",
                                 "request_key",
                                 "bpf",
                                 "perf_event_open",
                                 "fanotify_init",
                                 "fanotify_mark",
                                 "open_by_handle_at",
                                 "mount",
                                 "umount",
                                 "umount2",
                                 "mount_setattr",
                                 "move_mount",
                                 "open_tree",
                                 "fsopen",
                                 "fsmount",
                                 "fsconfig",
                                 "fspick",
                                 "pivot_root",
                                 "chroot",
                                 "unshare",
                                 "setns",
                                 "kexec_load",
                                 "kexec_file_load",
                                 "init_module",
                                 "finit_module",
                                 "delete_module",
                                 "reboot",
                                 "swapon",
                                 "swapoff",
                                 "syslog",
                                 "acct",
                                 "quotactl",
                                 "quotactl_fd",
                                 "iopl",
                                 "ioperm",
                                 "modify_ldt",
                                 "vm86",
                                 "settimeofday",
                                 "clock_settime",
                                 "sethostname",
                                 "setdomainname",
                                 "nfsservctl",
                                 "uselib",
                                 "lookup_dcookie",
                                 "vhangup",
                                 "_sysctl",
                                 "create_module",
                                 "socketcall"}) {
    INFO(call);
    CHECK(rules_for(call).empty());
  }
}

TEST_CASE("The seccomp profile answers clone3 with ENOSYS, and clone can't create namespaces") {
  const auto clone3 = rules_for("clone3");
  REQUIRE(clone3.size() == 1);
  CHECK(clone3[0]["action"] == "SCMP_ACT_ERRNO");
  CHECK(clone3[0]["errnoRet"] == 38);  // ENOSYS: libc falls back to clone

  const auto clone = rules_for("clone");
  REQUIRE(clone.size() == 1);
  REQUIRE(clone[0]["args"].size() == 1);
  const auto& flags = clone[0]["args"][0];
  CHECK(flags["index"] == 0);
  CHECK(flags["op"] == "SCMP_CMP_MASKED_EQ");
  CHECK(flags["valueTwo"] == 0);
  // NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET must all be off.
  CHECK((flags["value"].get<std::uint64_t>() & 0x7E020000U) == 0x7E020000U);
}

TEST_CASE("The seccomp profile allows only UNIX, INET, INET6 and NETLINK sockets") {
  std::set<std::uint64_t> families;
  for (const auto& rule : rules_for("socket")) {
    REQUIRE(has_conditions(rule));
    for (const auto& condition : rule["args"]) {
      CHECK(condition["index"] == 0);
      CHECK(condition["op"] == "SCMP_CMP_EQ");
      families.insert(condition["value"].get<std::uint64_t>());
    }
  }
  CHECK(families == std::set<std::uint64_t>{1, 2, 10, 16});
  for (const auto& rule : rules_for("socketpair")) {
    REQUIRE(has_conditions(rule));
    CHECK(rule["args"][0]["value"] == 1);
  }
}

TEST_CASE("The seccomp profile allows the calls of ordinary programs without conditions") {
  for (const std::string call : {"read",         "write", "openat",     "mmap",         "mprotect",        "execve",
                                 "exit_group",   "futex", "epoll_wait", "rt_sigaction", "clock_nanosleep", "getrandom",
                                 "memfd_create", "fork",  "vfork",      "wait4",        "pipe2",           "connect",
                                 "bind",         "prctl"}) {
    INFO(call);
    CHECK(std::ranges::any_of(
        rules_for(call), [](const Json& rule) { return rule["action"] == "SCMP_ACT_ALLOW" && !has_conditions(rule); }));
  }
}

// For a socket that is bound to a device, all addresses are on its link: it bypasses the egress filter's routes.
TEST_CASE("The seccomp profile refuses to bind a socket to a device, whatever the upper argument bits are") {
  const auto allowed = [](std::uint64_t level, std::uint64_t option) {
    return std::ranges::any_of(rules_for("setsockopt"), [&](const Json& rule) {
      return std::ranges::all_of(rule["args"], [&](const Json& arg) {
        const auto value = arg["index"] == 1 ? level : option;
        return (value & arg["value"].get<std::uint64_t>()) == arg["valueTwo"].get<std::uint64_t>();
      });
    });
  };
  constexpr std::uint64_t kHigh = 1ULL << 32;
  for (const auto& [level, option] : {std::pair{1, 25}, {1, 62}, {0, 50}}) {  // BINDTODEVICE, BINDTOIFINDEX, UNICAST_IF
    const auto l = static_cast<std::uint64_t>(level);
    const auto o = static_cast<std::uint64_t>(option);
    for (const auto high : {std::uint64_t{0}, kHigh})
      for (const auto higher : {std::uint64_t{0}, kHigh}) CHECK_FALSE(allowed(l | high, o | higher));
  }
  CHECK_FALSE(allowed(263, 1));  // SOL_PACKET
  for (const auto& [level, option] : {std::pair{1, 2}, {1, 9}, {1, 20}, {1, 24}, {1, 26}, {1, 61}, {1, 63}, {1, 66}})
    CHECK(allowed(static_cast<std::uint64_t>(level), static_cast<std::uint64_t>(option)));
  for (const std::uint64_t level : {6, 17, 41, 58}) CHECK(allowed(level, 1));
  for (const std::uint64_t option : {1, 2, 10, 33, 49, 51}) CHECK(allowed(0, option));
}

// S02: these calls can change another process, and the kernel only checks that it has the same user.
TEST_CASE("The seccomp profile protects the limits, priority and processors of process 1") {
  constexpr std::uint64_t kPointer = 0x7ffc00001000, kJunk = 0xdeadbeefULL << 32, kHigh = 1ULL << 32;
  for (const std::uint64_t one : {std::uint64_t{1}, kHigh | 1, kJunk | 1}) {
    for (std::uint64_t resource = 0; resource < 16; ++resource) {
      CHECK_FALSE(allowed("prlimit64", {one, resource, kPointer, 0}));
      CHECK_FALSE(allowed("prlimit64", {one, resource, kHigh, kPointer}));  // a pointer whose lower 32 bits are zero
    }
    CHECK(allowed("prlimit64", {one, 7, 0, kPointer}));  // reading limits is harmless
    for (const std::string call : {"sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler"})
      CHECK_FALSE(allowed(call, {one, 3, kPointer}));
    for (const std::uint64_t which : {0, 1, 2}) {
      CHECK_FALSE(allowed("setpriority", {which, one, 19}));
      CHECK_FALSE(allowed("setpriority", {which | kJunk, one, 19}));
    }
    for (const std::uint64_t which : {1, 2, 3}) CHECK_FALSE(allowed("ioprio_set", {which, one, 3U << 13}));
  }
  // Process 1 is one of the user's processes.
  for (const std::uint64_t who : {std::uint64_t{0}, std::uint64_t{65534}, kJunk | 65534}) {
    CHECK_FALSE(allowed("setpriority", {2, who, 19}));
    CHECK_FALSE(allowed("setpriority", {kHigh | 2, who, 19}));
    CHECK_FALSE(allowed("ioprio_set", {3, who, 3U << 13}));
  }
}

TEST_CASE("The seccomp profile lets a program change limits, priority and processors of its own processes") {
  for (const std::uint64_t own : {0U, 2U, 3U, 7U, 255U, 256U, 4096U, 65537U, 2097152U, 4194303U}) {
    INFO(own);
    CHECK(allowed("prlimit64", {own, 7, 0x7ffc00001000, 0}));
    for (const std::string call : {"sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler"})
      CHECK(allowed(call, {own, 3, 0x7ffc00001000}));
    CHECK(allowed("setpriority", {0, own, 5}));
    CHECK(allowed("setpriority", {1, own, 5}));
  }
  CHECK(allowed("ioprio_set", {1, 0, 3U << 13}));
}

}  // namespace seccomp_test

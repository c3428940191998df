#include "services/health/engine_doctor.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "domain/output_capture.hpp"
#include "engine/status.hpp"
#include "languages/recipe.hpp"
#include "sandbox/advice.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/start/etc_volumes.hpp"
#include "sandbox/workspace/workspace.hpp"
#include "support/ids.hpp"
#include "support/units.hpp"

namespace dind {

namespace {

constexpr auto kPingTime = std::chrono::seconds(5);

using Status = DoctorCheck::Status;

// Parses lines of the form "name=value".
std::map<std::string, std::string> fields_of(const std::string& text) {
  std::map<std::string, std::string> fields;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (const auto equals = line.find('='); equals != std::string::npos)
      fields[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return fields;
}

// The number of CPUs in "quota period" (cpu.max); 0: no limit, or not readable.
double cpus_of(const std::string& text) {
  std::istringstream in(text);
  double quota = 0, period = 0;
  return in >> quota >> period && quota > 0 && period > 0 ? quota / period : 0;
}

// The kernel counts memory in whole pages. A page has at most 64 KiB.
bool same_memory(long long seen, std::int64_t asked) { return seen > 0 && seen <= asked && asked - seen < (64 << 10); }

// Whether a set of capabilities, in hexadecimal digits, is empty.
bool none_of(const std::string& set) { return !set.empty() && set.find_first_not_of('0') == std::string::npos; }

constexpr const char* kGvisorRemedy =
    "Install runsc on the engine's machine and name it in the engine's daemon.json with the runtimeArgs "
    "--platform=ptrace and --network=none (docs/configuration.md)";
constexpr std::int64_t kTooLittleDisk = 200LL << 20;
constexpr std::int64_t kLittleDisk = 2LL << 30;
constexpr std::int64_t kMaxClockDifference = 30;  // seconds

std::string what_it_is(const engine::BuildkitBound& bound) {
  return format_bytes(bound.memory_bytes) + " of memory and " + std::to_string(bound.pids) + " processes";
}

constexpr const char* kLikewise = "Check the engine's log; runs of this kind fail for the same reason";

// Keeps the output of a program that writes little. It takes no more output after 64 KiB.
}  // namespace

std::string unreachable_remedy(const engine::Endpoint& endpoint) {
  return "Start the engine, or name one that answers by " + engine::engine_choice(endpoint) + "; then check again";
}

std::vector<DoctorCheck> check_probe(const std::string& probe_output, const Limits& asked) {
  const auto fields = fields_of(probe_output);
  const auto value = [&](const char* name) {
    const auto it = fields.find(name);
    return it == fields.end() ? std::string() : it->second;
  };
  const auto number = [&](const char* name) { return std::strtoll(value(name).c_str(), nullptr, 10); };
  std::vector<DoctorCheck> checks;
  const auto check = [&](const char* name, bool good, std::string seen, const char* remedy,
                         Status otherwise = Status::failed) {
    checks.push_back({name, good ? Status::ok : otherwise, std::move(seen), good ? "" : remedy});
  };
  const auto shown = [&](const char* name) { return value(name).empty() ? std::string("not readable") : value(name); };

  check("memory limit", same_memory(number("memory_max"), asked.memory_bytes),
        value("memory_max").empty() ? "not readable from inside"
                                    : format_bytes(number("memory_max")) + " asked " + format_bytes(asked.memory_bytes),
        "The engine's kernel does not enforce the memory limit: enable the memory cgroup controller "
        "(cgroup_enable=memory)");
  // cgroup v1 counts memory and swap together; v2 counts only swap.
  const bool no_swap = value("memory_swap_max") == "0" || same_memory(number("memory_swap_max"), asked.memory_bytes);
  // The root control group has no limit on swap. A machine without swap has nothing to limit (N09).
  const bool none_there = value("machine_swap") == "0";
  check("swap", no_swap || none_there,
        no_swap      ? "off in the sandbox"
        : none_there ? "the engine's machine has none"
                     : "a program may swap (" + shown("memory_swap_max") + ")",
        "Turn swap accounting on (swapaccount=1) or swap off; a program can use more than its memory limit otherwise",
        Status::warning);
  const double cpus = cpus_of(value("cpu_max"));
  std::ostringstream cpu_text;
  cpu_text << cpus << " asked " << asked.cpus;
  check("CPU limit", std::abs(cpus - asked.cpus) < 0.01, cpu_text.str(),
        "The engine's kernel lacks CFS bandwidth control (CONFIG_CFS_BANDWIDTH)");
  check("process limit", number("pids_max") == asked.pids, shown("pids_max") + " asked " + std::to_string(asked.pids),
        "Enable the pids cgroup controller on the engine's machine; without it a fork bomb takes the machine down");
  check("user", number("uid") != 0 && !value("uid").empty(), "uid " + shown("uid") + ", gid " + shown("gid"),
        "The engine ignored the sandbox's user; don't run anything with it");
  const bool powerless = none_of(value("CapEff")) && none_of(value("CapBnd")) && value("NoNewPrivs") == "1";
  check("capabilities", powerless,
        powerless ? "none, and no new privileges" : "effective " + shown("CapEff") + ", bounding " + shown("CapBnd"),
        "The engine left capabilities in the sandbox; don't run anything with it");
  check("seccomp", value("Seccomp") == "2", value("Seccomp") == "2" ? "filter in force" : "mode " + shown("Seccomp"),
        "The engine's kernel or runtime lacks seccomp; use one that has it");
  check("root file system", value("rootfs_writable") == "0", value("rootfs_writable") == "0" ? "read-only" : "writable",
        "The engine ignored ReadonlyRootfs; don't run anything with it");
  check("network", value("network_interfaces") == "0",
        value("network_interfaces") == "0" ? "off" : shown("network_interfaces") + " interfaces beside loopback",
        "The engine gave the sandbox a network although none was asked; don't run anything with it");
  return checks;
}

std::vector<DoctorCheck> check_machine(const std::string& probe_output, std::int64_t our_time) {
  const auto fields = fields_of(probe_output);
  std::vector<DoctorCheck> checks;
  const auto number = [&](const char* name) -> std::optional<std::int64_t> {
    const auto it = fields.find(name);
    return it == fields.end() ? std::nullopt : std::optional(std::strtoll(it->second.c_str(), nullptr, 10));
  };
  if (const auto free = number("disk_free_bytes")) {
    const auto status = *free < kTooLittleDisk ? Status::failed : *free < kLittleDisk ? Status::warning : Status::ok;
    checks.push_back({"disk space", status, format_bytes(*free) + " free for the engine",
                      status == Status::ok
                          ? ""
                          : "Free some: `docker system df` shows what uses it, `docker system prune` frees it"});
  }
  if (const auto time = number("time")) {
    const auto apart = std::abs(*time - our_time);
    const bool good = apart <= kMaxClockDifference;
    checks.push_back({"clock", good ? Status::ok : Status::warning,
                      good ? "the engine's clock agrees with this machine's"
                           : "the engine's is " + std::to_string(apart) + " s from this machine's",
                      good ? "" : "Set both by NTP: certificates and clean-up depend on these clocks"});
  }
  return checks;
}

DoctorCheck check_egress_filter(const std::string& probe_output) {
  const auto fields = fields_of(probe_output);
  const auto is = [&](const char* name, const char* value) {
    const auto it = fields.find(name);
    return it != fields.end() && it->second == value;
  };
  if (is("private_routes", "0") && !is("network_interfaces", "0"))
    return {"network internet", Status::ok,
            "public addresses only; the engine, the gateway and private addresses are blocked", ""};
  return {
      "network internet", Status::failed,
      is("network_interfaces", "0") ? "no network in the sandbox" : "a private address can be reached from the sandbox",
      "Set limits.allowInternet to false in the configuration, and report this with the engine's version"};
}

DoctorCheck check_gvisor(bool there, const std::optional<std::string>& failure, Isolation isolation) {
  const auto lacking = isolation == Isolation::gvisor ? Status::failed : Status::warning;
  if (!there) {
    if (isolation == Isolation::runc)
      return {"gVisor", Status::ok, "not installed: sandboxes share the engine's kernel", ""};
    return {"gVisor", lacking, "not installed, and the configuration asks for it", kGvisorRemedy};
  }
  if (!failure) return {"gVisor", Status::ok, "installed (runsc); no image to try it with", ""};
  if (failure->empty()) return {"gVisor", Status::ok, "installed (runsc), and a sandbox with it works", ""};
  return {"gVisor", lacking, "installed (runsc), and a sandbox with it does not work: " + *failure, kGvisorRemedy};
}

DoctorCheck check_buildkit(bool used, const std::optional<engine::BuildkitBound>& bound) {
  if (!used) return {"BuildKit", Status::ok, "not used: builds use the classic builder", ""};
  if (bound) return {"BuildKit", Status::ok, "all of its steps together have " + what_it_is(*bound), ""};
  return {"BuildKit", Status::warning, "its steps have no bound on memory and processes",
          "Set one where the engine is started (docs/operations.md, \"Builds\"), or use the classic builder "
          "(build.builder)"};
}

EngineDoctor::EngineDoctor(engine::Client& client, sandbox::SandboxHost& sandboxes, Limits limits,
                           std::map<std::string, std::string> images, PullPolicy pull, Isolation isolation,
                           bool buildkit)
    : client_(client),
      sandboxes_(sandboxes),
      limits_(limits),
      images_(std::move(images)),
      pull_(pull),
      isolation_(isolation),
      buildkit_(buildkit) {}

struct EngineDoctor::Visit {
  EngineDoctor& doctor;
  Deadline deadline;
  std::vector<DoctorCheck> checks;
  std::optional<engine::Image> any_image;
  std::string any_name;
  bool images_unknown = false;  // the engine did not answer about some
  bool gvisor = false;          // the engine lists its runtime
  sandbox::EngineUsers users = sandbox::EngineUsers::same;

  void add(std::string name, Status status, std::string seen, std::string remedy = {}) {
    checks.push_back({std::move(name), status, std::move(seen), std::move(remedy)});
  }
  // The message of the error is what was seen. It includes the remedy.
  void add_error(std::string name, const Error& error) {
    add(std::move(name), error.code == ErrorCode::engine_unavailable ? Status::failed : Status::warning, error.message);
  }

  Task<bool> engine() {
    const auto& endpoint = doctor.client_.endpoint();
    const auto remedy = unreachable_remedy(endpoint);
    // Ping first, for at most 5 s. An engine that accepts connections and never answers would use the full time of each
    // call.
    if (const auto pong = co_await doctor.client_.ping(std::min(deadline, in(kPingTime))); !pong) {
      add("engine", Status::failed, pong.error().message, remedy);
      co_return false;
    } else if (!pong->podman.empty()) {
      add("podman", Status::warning,
          "the engine is Podman " + pong->podman +
              ": a sandbox's /tmp has no bound on its number of files, and builds are refused",
          "For builds name a Docker engine by " + engine::engine_choice(endpoint));
    }
    const auto version = co_await doctor.client_.version(deadline);
    if (!version) {
      add("engine", Status::failed, version.error().message, remedy);
      co_return false;
    }
    add("engine", Status::ok, "answers at " + endpoint.address + " (from " + endpoint.origin + ")");
    add("version", Status::ok,
        version->version + ", API " + version->min_api_version + " to " + version->api_version + ", " + version->os +
            "/" + version->arch);
    if (endpoint.kind == engine::Endpoint::Kind::tcp && !endpoint.tls)
      add("connection", Status::warning, "plain text to " + endpoint.address,
          "Anyone who can connect to this port is root on the engine: keep it in a private network, or use TLS "
          "(DOCKER_TLS_VERIFY=1)");
    const auto info = co_await doctor.client_.info(deadline);
    if (!info) {
      add_error("engine details", info.error());
    } else {
      add("control groups", Status::ok,
          "version " + info->cgroup_version + " (" + info->cgroup_driver + "), " + std::to_string(info->cpus) +
              " CPUs, " + format_bytes(info->memory_bytes));
      users = sandbox::engine_users(*info);
      gvisor = std::ranges::find(info->runtimes, sandbox::kGvisorRuntime) != info->runtimes.end();
      add("storage", Status::ok, info->storage_driver + " in " + info->docker_root_dir);
      checks.push_back(check_buildkit(doctor.buildkit_, engine::parse_buildkit_bound(info->labels)));
    }
    co_return true;
  }

  Task<void> images() {
    for (const auto& recipe : languages::recipes()) {
      auto names = recipe.images;
      if (const auto chosen = doctor.images_.find(recipe.id); chosen != doctor.images_.end()) names = {chosen->second};
      std::string present;
      std::optional<Error> unknown;
      for (const auto& name : names) {
        const auto image = co_await doctor.client_.inspect_image(name, deadline);
        if (!image) unknown = image.error();
        if (!image) images_unknown = true;
        if (!image || !*image) continue;
        present = name;
        if (!any_image) {
          any_image = **image;
          any_name = name;
        }
        break;
      }
      if (!present.empty())
        add("image " + recipe.id, Status::ok, present);
      else if (unknown)
        add_error("image " + recipe.id, *unknown);
      else
        add("image " + recipe.id, Status::warning, "not on the engine: " + names.front(),
            (doctor.pull_ == PullPolicy::never ? "Nothing is pulled here (pull: never); do it by hand: docker pull "
                                               : "The first run pulls it; to have it now: docker pull ") +
                names.front());
    }
  }

  // Returns the output of `supervisor --probe` in a new sandbox. Error: the sandbox did not run, or the probe failed.
  Task<Result<std::string>> probe(Network network, Isolation isolation,
                                  std::optional<WorkspaceAccess> workspace_access = std::nullopt) {
    sandbox::RunPlan plan;
    plan.run_id = "doctor-" + random_id();
    plan.name = "doctor";
    plan.images = {any_name};
    plan.argv = {sandbox::kSupervisorPath, "--probe"};
    plan.working_dir = sandbox::kRunFolder;
    plan.limits = doctor.limits_;
    plan.network = network;
    plan.isolation = isolation;
    plan.workspace = workspace_access;
    OutputCapture capture(64 << 10);
    Cancel cancel;
    const auto result = co_await doctor.sandboxes_.run(
        {.plan = std::move(plan), .image = *any_image, .image_name = any_name}, capture, cancel);
    if (!result) {
      auto error = result.error();
      error.message = sandbox::without_advice(std::move(error.message));
      co_return std::unexpected(std::move(error));
    }
    if (result->verdict != Verdict::ok)
      co_return fail(ErrorCode::engine_error, "it ended with verdict " + std::string(to_string(result->verdict)));
    co_return capture.out.bytes + capture.err.bytes;
  }

  // Starts a sandbox with the workspace mounted. It starts only if the engine's folder is the one that this process
  // sees.
  Task<void> workspace() {
    const auto& known = doctor.sandboxes_.workspace();
    if (!known.there()) {
      add("workspace", Status::ok, "none is configured (workspace.path, workspace.enginePath)");
      co_return;
    }
    if (!any_image) {
      add("workspace", Status::skipped, "no image on the engine to look from");
      co_return;
    }
    const auto seen = co_await probe(Network::none, Isolation::runc, WorkspaceAccess::read_only);
    const std::string where =
        known.engine_path + " on the engine" + (known.path.empty() ? "" : ", " + known.path + " here");
    if (!seen) {
      add("workspace", Status::failed, seen.error().message, "Runs with the workspace fail for the same reason");
    } else {
      std::string note;
      const auto user = sandbox::workspace_user(known, note);
      if (note.empty() && known.max_access == WorkspaceAccess::read_write)
        note = sandbox::mapped_users_note(users, user);
      add("workspace", note.empty() ? Status::ok : Status::warning,
          where + (known.path.empty() ? "" : ": one folder") + "; runs with it are user " + user, note);
    }
  }

  Task<void> limits() {
    if (!any_image) {
      if (images_unknown)
        add("limits", Status::skipped, "the engine did not answer about its images");
      else
        add("limits", Status::skipped, "no image on the engine to look from",
            "Pull one (docker pull debian:bookworm-slim) and run this again");
      co_return;
    }
    const auto seen = co_await probe(Network::none, Isolation::runc);
    if (!seen) {
      add("test sandbox", Status::failed, seen.error().message, kLikewise);
      co_return;
    }
    add("test sandbox", Status::ok, "started, ran and reported in " + any_name);
    std::ranges::move(check_probe(*seen, doctor.limits_), std::back_inserter(checks));
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::ranges::move(check_machine(*seen, now), std::back_inserter(checks));
    if (const auto outside = co_await probe(Network::internet, Isolation::runc))
      checks.push_back(check_egress_filter(*outside));
    else
      add("network internet", Status::failed, outside.error().message, kLikewise);
  }

  Task<void> gvisor_too() {
    if (doctor.client_.is_podman()) {
      add("gVisor", Status::ok, "not used: Podman takes no runtime in a request");
      co_return;
    }
    std::optional<std::string> failure;
    if (gvisor && any_image) {
      const auto seen = co_await probe(Network::none, Isolation::gvisor);
      failure = seen ? std::string() : seen.error().message;
    }
    checks.push_back(check_gvisor(gvisor, failure, doctor.isolation_));
  }
};

Task<std::vector<DoctorCheck>> EngineDoctor::examine(Deadline deadline) {
  Visit visit{.doctor = *this, .deadline = deadline, .checks = {}, .any_image = {}, .any_name = {}};
  if (co_await visit.engine()) {
    co_await visit.images();
    co_await visit.limits();
    co_await visit.workspace();
    co_await visit.gvisor_too();
  } else {
    for (const char* name : {"version", "images", "limits", "workspace"})
      visit.add(name, Status::skipped, "it needs the engine");
  }
  co_return std::move(visit.checks);
}

}  // namespace dind

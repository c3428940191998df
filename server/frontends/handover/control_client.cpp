#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "frontends/handover/control.hpp"
#include "frontends/handover/socket_path.hpp"

namespace dind::frontends::handover {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxReplyBytes = 16U << 20;

// The reply, or null. `dead`: no process listens there any more.
json ask(const std::string& path, const json& request, bool& dead) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return nullptr;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  const timeval patience{.tv_sec = 4, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::string reply;
  const std::string line = request.dump() + '\n';
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    dead = errno == ECONNREFUSED;
  } else if (::send(fd, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size())) {
    char part[4096];
    while (!reply.ends_with('\n') && reply.size() < kMaxReplyBytes) {
      const auto count = ::recv(fd, part, sizeof part, 0);
      if (count <= 0) break;
      reply.append(part, static_cast<std::size_t>(count));
    }
  }
  ::close(fd);
  auto value = json::parse(reply, nullptr, false);
  return value.is_object() ? value : json(nullptr);
}

// Root sees the runs of all users.
std::vector<std::string> folders() {
  std::vector<std::string> all;
  if (const auto own = socket_folder(); !own.empty()) all.push_back(own);
  if (::geteuid() != 0) return all;
  std::error_code problem;
  const auto add = [&](const std::filesystem::path& parent, const std::string& beginning, const std::string& below) {
    for (std::filesystem::directory_iterator at(parent, problem), end; !problem && at != end; at.increment(problem)) {
      const auto folder = at->path().string() + below;
      if (at->path().filename().string().starts_with(beginning) && std::ranges::find(all, folder) == all.end())
        all.push_back(folder);
    }
    problem.clear();
  };
  add("/tmp", "dind-executor-", "");
  add("/run/user", "", "/dind-executor");
  return all;
}

LiveRun run_of(const json& value) {
  LiveRun run;
  run.run_id = value.at("runId").get<std::string>();
  run.client = value.at("client").get<std::string>();
  run.frontend = value.at("frontend").get<std::string>();
  run.what = value.at("what").get<std::string>();
  run.image = value.at("image").get<std::string>();
  run.began_ms = value.at("begunAtMs").get<std::int64_t>();
  run.output_bytes = value.at("outputBytes").get<std::uint64_t>();
  for (const auto phase : {LiveRun::Phase::queued, LiveRun::Phase::preparing, LiveRun::Phase::running})
    if (to_string(phase) == value.at("phase").get<std::string>()) run.phase = phase;
  if (value.contains("limits")) {
    run.limits.emplace();
    run.limits->memory_bytes = value.at("limits").at("memoryBytes").get<std::int64_t>();
    run.limits->cpus = value.at("limits").at("cpus").get<double>();
  }
  if (value.contains("uses"))
    run.usage = {.memory_bytes = value.at("uses").at("memoryBytes").get<std::int64_t>(),
                 .cpu_time = std::chrono::milliseconds(value.at("uses").at("cpuMs").get<std::int64_t>())};
  return run;
}

}  // namespace

std::vector<OperatedRun> all_live_runs() {
  std::vector<OperatedRun> all;
  std::error_code problem;
  for (const auto& folder : folders()) {
    for (std::filesystem::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem)) {
      if (!at->path().filename().string().starts_with(kControlPrefix)) continue;
      bool dead = false;
      const auto reply = ask(at->path().string(), {{"list", true}}, dead);
      if (dead) ::unlink(at->path().c_str());
      try {
        if (reply.is_null()) continue;
        for (const auto& each : reply.at("runs"))
          all.push_back(
              {.run = run_of(each), .pid = reply.at("pid").get<std::int64_t>(), .socket = at->path().string()});
      } catch (const json::exception&) {  // from another version
      }
    }
    problem.clear();
  }
  std::ranges::sort(all, {}, [](const OperatedRun& each) { return each.run.began_ms; });
  return all;
}

bool stop_run(const OperatedRun& run) {
  bool dead = false;
  const auto reply = ask(run.socket, {{"stop", run.run.run_id}}, dead);
  return reply.is_object() && reply.value("stopped", 0) > 0;
}

}  // namespace dind::frontends::handover

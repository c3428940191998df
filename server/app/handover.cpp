#include "app/handover.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "app/version.hpp"
#include "faces/handover/place.hpp"
#include "faces/handover/server.hpp"

namespace dind::app {
namespace {

// Which file it is, and of when.
std::string mark_of(const std::string& path) {
  struct stat there{};
  if (path.empty() || ::stat(path.c_str(), &there) != 0) return "-";
  return std::to_string(there.st_dev) + ':' + std::to_string(there.st_ino) + ':' + std::to_string(there.st_size) + ':' +
         std::to_string(there.st_mtim.tv_sec) + '.' + std::to_string(there.st_mtim.tv_nsec);
}

bool decides(std::string_view variable) {
  for (const std::string_view each : {"DIND_", "DOCKER_", "HOME=", "XDG_STATE_HOME=", "XDG_CONFIG_HOME="})
    if (variable.starts_with(each)) return true;
  return false;
}

}  // namespace

std::string handover_path(const Configuration& configuration, const std::string& host) {
  if (!configuration.share_server) return {};
  // Whatever could make a run of the server's another one than ours: then they don't meet.
  std::vector<std::string> parts{std::string(version()), mark_of("/proc/self/exe"), host, configuration.path,
                                 mark_of(configuration.path)};
  const char* home = std::getenv("HOME");
  if (home != nullptr) parts.push_back(mark_of(std::string(home) + "/.docker/config.json"));
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each)
    if (decides(*each)) variables.emplace_back(*each);
  std::ranges::sort(variables);
  parts.insert(parts.end(), variables.begin(), variables.end());
  std::string settings;
  for (const auto& part : parts) settings += part + '\0';
  return faces::handover::socket_path(settings);
}

Task<void> take_handovers(asio::any_io_executor executor, Core& core, std::string path) {
  co_await faces::handover::take_runs(std::move(executor), core.terminal_runs(), std::move(path), core.leaving());
}

}  // namespace dind::app

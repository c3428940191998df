#include "app/handover.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "app/file_mark.hpp"
#include "app/version.hpp"
#include "frontends/handover/server.hpp"
#include "frontends/handover/socket_path.hpp"
#include "support/async/until.hpp"

namespace dind::app {

using namespace std::chrono_literals;

namespace {

constexpr auto kHearTime = 3s;

bool decides(std::string_view variable) {
  for (const std::string_view each : {"DIND_", "DOCKER_", "HOME=", "PATH=", "XDG_STATE_HOME=", "XDG_CONFIG_HOME="})
    if (variable.starts_with(each)) return true;
  return false;
}

struct HandoverServerState {
  explicit HandoverServerState(const asio::any_io_executor& executor) : changed(executor) {}
  bool over = false;
  Signal changed;
};
Task<void> take(asio::any_io_executor executor, Core& core, std::string path,
                std::shared_ptr<HandoverServerState> taking) {
  co_await frontends::handover::take_runs(std::move(executor), core.runs(), std::move(path), core.live().closing(),
                                          core.shutdown_signal());
  taking->over = true;
  taking->changed.notify();
}

}  // namespace

std::string handover_path(const Configuration& configuration, const std::string& host) {
  if (!configuration.handover_enabled) return {};
  // Everything that could make a run on the server differ from a run here. Processes that
  // differ in one part get different sockets.
  const auto endpoint = engine_endpoint(configuration, host);
  if (!endpoint) return {};
  std::vector<std::string> parts{
      std::string(version()), file_mark("/proc/self/exe"),   endpoint->address,
      configuration.path,     file_mark(configuration.path), file_mark(configuration.ca_bundle)};
  if (endpoint->tls)
    for (const auto& file : {endpoint->tls->ca_file, endpoint->tls->cert_file, endpoint->tls->key_file})
      parts.push_back(file + ' ' + file_mark(file));
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each)
    if (decides(*each)) variables.emplace_back(*each);
  std::ranges::sort(variables);
  parts.insert(parts.end(), variables.begin(), variables.end());
  std::string settings;
  for (const auto& part : parts) settings += part + '\0';
  return frontends::handover::socket_path(settings);
}

bool may_hand_over(const frontends::cli::RunArguments& arguments, const LogFlags& log,
                   const Configuration& configuration) {
  // If the user asks for a log or a log file, this process must write it. A server in an editor may have set its own
  // workspace, so a run that needs a workspace is handed over only if the configuration sets it.
  const bool needs_workspace = arguments.workspace.has_value() || arguments.dockerfile.has_value();
  return !arguments.no_handover && !arguments.folder && arguments.context.empty() && !log.level && !log.file &&
         (!needs_workspace || !configuration.workspace.engine_path.empty());
}

Task<int> with_handover_server(asio::any_io_executor executor, Core& core, std::string path, Task<int> frontend,
                               Cancel stop) {
  const auto taking = std::make_shared<HandoverServerState>(executor);
  spawn(executor, "runs of terminals", take(executor, core, std::move(path), taking));
  const int code = co_await std::move(frontend);
  core.live().drain();
  const auto over = [&] { return taking->over; };
  co_await until(taking->changed, over, stop);
  core.shutdown_signal().cancel(CancelReason::shutdown);
  // The clients must still learn how their runs ended.
  const Deadline leave_by = in(kHearTime);
  co_await until(taking->changed, over, leave_by);
  co_await core.runs().wait_all_removed(leave_by);
  co_return code;
}

}  // namespace dind::app

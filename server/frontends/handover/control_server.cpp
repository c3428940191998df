#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include "frontends/handover/control.hpp"
#include "frontends/handover/socket_path.hpp"
#include "frontends/shared/accept.hpp"
#include "support/log/log.hpp"

namespace dind::frontends::handover {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxOperators = 8;
constexpr std::size_t kMaxRequestBytes = 4096;
constexpr auto kOperatorTime = 5s;
constexpr auto kUsageTime = 1500ms;  // an engine measures a container once a second

json run_json(const LiveRun& run) {
  json value{
      {"runId", run.run_id}, {"client", run.client}, {"frontend", run.frontend},  {"phase", to_string(run.phase)},
      {"what", run.what},    {"image", run.image},   {"begunAtMs", run.began_ms}, {"outputBytes", run.output_bytes}};
  if (run.limits) value["limits"] = {{"memoryBytes", run.limits->memory_bytes}, {"cpus", run.limits->cpus}};
  if (run.usage) value["uses"] = {{"memoryBytes", run.usage->memory_bytes}, {"cpuMs", run.usage->cpu_time.count()}};
  return value;
}

// The runs of one list. The engine is asked for the usage of all of them at the same time.
struct Asked {
  explicit Asked(const asio::any_io_executor& executor) : changed(executor) {}
  std::vector<LiveRun> runs;
  std::size_t open = 0;
  Signal changed;
};

Task<void> ask_usage(std::shared_ptr<Asked> asked, std::size_t at, AskUsage usage, Deadline deadline) {
  asked->runs[at].usage = co_await usage(asked->runs[at].container_id, deadline);
  --asked->open;
  asked->changed.notify();
}

Task<json> run_list(asio::any_io_executor executor, const LiveRuns& runs, const AskUsage& usage) {
  const auto asked = std::make_shared<Asked>(executor);
  asked->runs = runs.list();
  const Deadline patience = in(kUsageTime);
  for (std::size_t i = 0; i < asked->runs.size(); ++i) {
    if (asked->runs[i].container_id.empty()) continue;
    ++asked->open;
    spawn(executor, "what a run uses", ask_usage(asked, i, usage, patience));
  }
  while (asked->open > 0)
    if (!co_await asked->changed.wait(patience)) break;
  json all = json::array();
  for (const auto& run : asked->runs) all.push_back(run_json(run));
  co_return all;
}

Task<std::string> reply_to(asio::any_io_executor executor, std::string_view request, LiveRuns& runs,
                           const AskUsage& usage) {
  const auto asked = json::parse(request, nullptr, false);
  json reply{{"pid", ::getpid()}};
  if (asked.is_object() && asked.contains("stop") && asked["stop"].is_string()) {
    reply["stopped"] = runs.cancel({.is_operator = true}, asked["stop"].get<std::string>(), CancelReason::user);
  } else {
    reply["runs"] = co_await run_list(std::move(executor), runs, usage);
  }
  co_return reply.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

Task<void> answer_one(asio::any_io_executor executor, int fd, LiveRuns& runs, const AskUsage& usage) {
  const auto stream = std::make_shared<asio::posix::stream_descriptor>(executor, fd);
  if (!is_ours(fd)) co_return;
  asio::steady_timer timer(executor, kOperatorTime);
  timer.async_wait([weak = std::weak_ptr(stream)](const boost::system::error_code& aborted) {
    const auto alive = weak.lock();
    boost::system::error_code ignored;
    if (!aborted && alive) alive->close(ignored);
  });
  boost::system::error_code failed;
  std::string request;
  co_await asio::async_read_until(*stream, asio::dynamic_buffer(request, kMaxRequestBytes), '\n',
                                  asio::redirect_error(asio::use_awaitable, failed));
  if (failed) co_return;
  const std::string reply = co_await reply_to(executor, request, runs, usage);
  co_await asio::async_write(*stream, asio::buffer(reply), asio::redirect_error(asio::use_awaitable, failed));
}

}  // namespace

Task<void> answer_operators(asio::any_io_executor executor, LiveRuns& runs, AskUsage usage, Cancel stop) {
  const std::string path = control_path(::getpid());
  if (path.empty()) co_return;
  auto socket = UnixSocket::listen(path, 0600);
  if (!socket) {
    log(LogLevel::debug, "`dind-executor ps` does not list this process: " + socket.error().message);
    co_return;
  }
  co_await accept_clients(
      executor, std::move(*socket), kMaxOperators, [&](int fd) { return answer_one(executor, fd, runs, usage); },
      std::make_shared<IdleClients>(), stop);
}

}  // namespace dind::frontends::handover

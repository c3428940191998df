#include "app/serve.hpp"

#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "app/reload.hpp"
#include "app/serve_tokens.hpp"
#include "app/timeouts.hpp"
#include "app/version.hpp"
#include "frontends/cli/arguments.hpp"
#include "frontends/http/server.hpp"
#include "frontends/jsonrpc/socket_server.hpp"
#include "services/runs/live_runs.hpp"
#include "support/async/counted.hpp"
#include "support/log/log.hpp"
#include "support/units.hpp"
#include "support/wrong.hpp"

namespace dind::app {

using namespace std::chrono_literals;
using namespace dind::frontends;

namespace {

int say(const Error& error) {
  std::fprintf(stderr, "dind-executor: %s\n", error.message.c_str());
  return cli::kNotRunExit;
}

// For a process with one client: the first signal cancels, the second ends the process at once.
void listen_for_end(asio::signal_set& signals, Cancel stop) {
  signals.async_wait([&signals, stop](const boost::system::error_code& aborted, int signal) mutable {
    if (aborted) return;
    if (stop.cancelled()) ::_exit(128 + signal);
    stop.cancel(CancelReason::shutdown);
    listen_for_end(signals, stop);
  });
}

// Waits until the server's own runs have ended, `timeout` has passed, or `over` is cancelled because somebody does not
// want to wait. Handed-over runs go on: the people who started them in a terminal never asked for a server (R10).
Task<void> drain(LiveRuns& runs, std::chrono::milliseconds timeout, Cancel over) {
  runs.drain();
  const auto own = runs.own();
  const auto of_terminals = runs.list().size() - own;
  if (own + of_terminals > 0)
    log(LogLevel::warning,
        "Stopping: new runs are refused, and active runs (" + std::to_string(own) + ") have " +
            format_duration(timeout) + " to end (serve.drainTimeout)" +
            (of_terminals == 0 ? ""
                               : "; handed-over runs (" + std::to_string(of_terminals) + ") go on until they end") +
            ". Another signal cancels them");
  co_await runs.none(in(timeout), over);
  over.cancel(CancelReason::shutdown);
}

Task<void> leave(Core& core, Deadline deadline) {
  if (!co_await core.runs().wait_all_removed(deadline))
    log(LogLevel::warning, "Some containers could not be removed within " + format_duration(kShutdownTimeout) +
                               "; the next start of dind-executor removes them");
  co_await core.history().settle(in(kShutdownTimeout));
}

// The frontends that serve at the same time.
Task<void> serve_frontend(Task<void> part, [[maybe_unused]] Counted::One open) { co_await std::move(part); }

struct Listeners {
  std::optional<UnixSocket> socket;
  std::string socket_path;
  std::unique_ptr<http::HttpServer> server;
  http::HttpPolicy policy;
  MadeTokenFile made;
  std::string token_file;
};

Result<void> open_listeners(const asio::any_io_executor& executor, const cli::ServeArguments& arguments,
                            const ServeSettings& settings, Listeners& listeners) {
  const auto socket = arguments.socket.value_or(settings.socket);
  const auto listen = arguments.listen.value_or(settings.listen);
  if (socket.empty() && listen.empty())
    return wrong("serve: name --listen 127.0.0.1:8000 or --socket PATH, or set serve.listen or serve.socket");
  if (!listen.empty()) {
    const auto address = http::parse_listen_address(listen);
    if (!address) return std::unexpected(address.error());
    auto server = http::HttpServer::listen(executor, *address);
    if (!server) return std::unexpected(server.error());
    listeners.server = std::move(*server);
    auto found = find_tokens(arguments, settings, listeners.server->address(), listeners.made);
    if (!found) return std::unexpected(found.error());
    listeners.token_file = std::move(found->file);
    http::GatePolicy gate{.hosts = settings.hosts, .origins = settings.origins, .tokens = http::Tokens(found->tokens)};
    gate.hosts.insert(gate.hosts.end(), arguments.hosts.begin(), arguments.hosts.end());
    gate.origins.insert(gate.origins.end(), arguments.origins.begin(), arguments.origins.end());
    listeners.policy.gate = std::make_shared<http::Gate>(std::move(gate));
    listeners.policy.access_log = arguments.access_log || settings.access_log;
    listeners.policy.shutdown_timeout = kClientShutdownTimeout;
    listeners.policy.max_body = static_cast<std::size_t>(settings.max_body);
  }
  if (!socket.empty()) {
    auto made = UnixSocket::listen(socket, arguments.socket_mode.value_or(settings.socket_mode));
    if (!made) return std::unexpected(made.error());
    listeners.socket.emplace(std::move(*made));
  }
  listeners.socket_path = socket;
  return {};
}

// Tells the process that started the server that clients may connect.
void announce(const Listeners& listeners) {
  if (listeners.server) {
    std::cout << "Listening on " << http::url_of(listeners.server->address());
    if (!listeners.made.path.empty()) std::cout << ", the token is in " << listeners.made.path;
    std::cout << '\n';
  }
  if (listeners.socket) std::cout << "Listening on the socket " << listeners.socket_path << '\n';
  std::cout << std::flush;
}

}  // namespace

Task<int> serve_programs(asio::any_io_executor executor, Core& core, const Configuration& configuration,
                         cli::ServeArguments arguments, Stops stops) {
  Cancel over;                                          // ends the clients of this server
  std::signal(SIGHUP, SIG_IGN);                         // until keep_reloading handles it
  listen_for_stop(executor, {SIGINT, SIGTERM}, stops);  // before anyone can know of this server
  Listeners listeners;
  if (const auto opened = open_listeners(executor, arguments, configuration.serve, listeners); !opened)
    co_return say(opened.error());
  LiveRuns& runs = core.live();
  Deadline leave_by;
  const auto draining =
      stops.drain.on_cancel([&] { spawn(executor, "drain", drain(runs, configuration.serve.drain_timeout, over)); });
  const auto stopped = stops.stop.on_cancel([over]() mutable { over.cancel(CancelReason::shutdown); });
  const auto stopping = over.on_cancel([&] {
    leave_by = in(kShutdownTimeout);
    runs.close(CancelReason::shutdown);
  });
  Counted group(executor);
  const auto add = [&](std::string name, Task<void> part) {
    spawn(executor, std::move(name), serve_frontend(std::move(part), group.add()));
  };
  spawn(executor, "reload",
        keep_reloading(executor, core,
                       {.configuration_files = configuration_places().files,
                        .token_file = listeners.token_file,
                        .gate = listeners.policy.gate},
                       over));
  announce(listeners);
  if (listeners.socket)
    add("socket", jsonrpc::serve_socket(executor, std::move(*listeners.socket),
                                        {.runs = core.runs(),
                                         .engine = core.engine(),
                                         .history = core.history(),
                                         .version = version(),
                                         .enabled = configuration.enabled,
                                         .shutdown_timeout = kClientShutdownTimeout},
                                        over));
  if (listeners.server)
    add("HTTP", listeners.server->serve({.runs = core.runs(),
                                         .live = runs,
                                         .engine = core.engine(),
                                         .history = core.history(),
                                         .version = version(),
                                         .enabled = configuration.enabled},
                                        std::move(listeners.policy), over));
  co_await group.wait_none();
  co_await runs.none(leave_by);
  co_await leave(core, leave_by);
  co_return 0;
}

Task<int> serve_stdio(asio::any_io_executor executor, Core& core, const Configuration& configuration) {
  const Cancel stop;
  asio::signal_set signals(executor, SIGINT, SIGTERM, SIGHUP);
  listen_for_end(signals, stop);
  const bool whole = co_await jsonrpc::serve_client(executor,
                                                    {.runs = core.runs(),
                                                     .engine = core.engine(),
                                                     .history = core.history(),
                                                     .version = version(),
                                                     .enabled = configuration.enabled,
                                                     .shutdown_timeout = kClientShutdownTimeout},
                                                    {.name = "jsonrpc"}, stop);
  co_await leave(core, in(kShutdownTimeout));
  co_return whole ? 0 : 1;
}

}  // namespace dind::app

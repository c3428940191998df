#include "app/serve.hpp"

#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "app/version.hpp"
#include "faces/cli/arguments.hpp"
#include "faces/http/server.hpp"
#include "faces/service/socket_server.hpp"
#include "services/live_runs.hpp"
#include "support/log.hpp"

namespace dind::app {

using namespace std::chrono_literals;
using namespace dind::faces;

namespace {

constexpr auto kLeaveTime = 10s;

int say(const Error& error) {
  std::fprintf(stderr, "dind-executor: %s\n", error.message.c_str());
  return cli::kNotRunExit;
}

std::unexpected<Error> wrong(std::string message) { return fail(ErrorCode::invalid_request, std::move(message)); }

// The first signal stops, the second ends the process at once.
void listen_for_stop(const std::shared_ptr<asio::signal_set>& signals, Cancel stop) {
  signals->async_wait([signals, stop](const boost::system::error_code& aborted, int signal) mutable {
    if (aborted) return;
    if (stop.cancelled()) ::_exit(128 + signal);
    stop.cancel(CancelReason::shutdown);
    listen_for_stop(signals, stop);
  });
}
Cancel stop_at_signals(const asio::any_io_executor& executor) {
  Cancel stop;
  listen_for_stop(std::make_shared<asio::signal_set>(executor, SIGINT, SIGTERM, SIGHUP), stop);
  return stop;
}

Task<void> leave(Core& core, Deadline deadline) {
  if (!co_await core.runs().idle(deadline))
    log(LogLevel::warning,
        "Some containers could not be removed within 10 s; the next start of dind-executor removes them");
}

// The token file that was made for this process alone; gone with it.
struct TokenFile {
  std::string path;
  TokenFile() = default;
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;
  ~TokenFile() {
    if (!path.empty()) ::unlink(path.c_str());
  }
};

// Which tokens HTTP asks for: those that were given, else one that is made, else none.
Result<std::vector<std::string>> tokens_of(const cli::ServeArguments& arguments, const ServeSettings& settings,
                                           const http::ListenAddress& address, TokenFile& made) {
  if (arguments.no_token) {
    if (address.loopback) return std::vector<std::string>{};
    return wrong(
        "--no-token is for a loopback address only: listen on 127.0.0.1, or give a token with --token-file or "
        "DIND_TOKEN");
  }
  if (arguments.token_file) return http::read_token_file(*arguments.token_file);
  if (const char* token = std::getenv("DIND_TOKEN"); token != nullptr && *token != '\0')
    return http::parse_tokens(token, "DIND_TOKEN");
  if (!settings.token_file.empty()) return http::read_token_file(settings.token_file);
  if (!address.loopback)
    return wrong("Others can reach " + http::url_of(address) +
                 ": give a token with --token-file, DIND_TOKEN or serve.tokenFile, or listen on 127.0.0.1");
  const auto history = history_path({});
  if (history.empty())
    return wrong("There is no folder for a token of our own: set HOME, or give one with --token-file or DIND_TOKEN");
  auto token = http::make_token_file(std::filesystem::path(history).parent_path(), address.port);
  if (!token) return std::unexpected(token.error());
  made.path = token->path;
  return std::vector{token->token};
}

// The faces that serve at once.
struct Parts {
  explicit Parts(const asio::any_io_executor& executor) : ended(executor) {}
  std::size_t open = 0;
  Signal ended;
};
Task<void> run_part(Task<void> part, std::shared_ptr<Parts> parts) {
  struct Open {
    std::shared_ptr<Parts> all;
    explicit Open(std::shared_ptr<Parts> a) : all(std::move(a)) {}
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;
    ~Open() {
      --all->open;
      all->ended.notify();
    }
  } const open(std::move(parts));
  co_await std::move(part);
}

struct Doors {
  std::optional<UnixSocket> socket;
  std::unique_ptr<http::HttpServer> server;
  http::HttpPolicy policy;
  TokenFile made;
};

Result<void> open_doors(const asio::any_io_executor& executor, const cli::ServeArguments& arguments,
                        const ServeSettings& settings, Doors& doors) {
  const auto socket = arguments.socket.value_or(settings.socket);
  const auto listen = arguments.listen.value_or(settings.listen);
  if (socket.empty() && listen.empty())
    return wrong("serve: name --listen 127.0.0.1:8000 or --socket PATH, or set serve.listen or serve.socket");
  if (!listen.empty()) {
    const auto address = http::parse_listen_address(listen);
    if (!address) return std::unexpected(address.error());
    auto server = http::HttpServer::listen(executor, *address);
    if (!server) return std::unexpected(server.error());
    doors.server = std::move(*server);
    const auto tokens = tokens_of(arguments, settings, doors.server->address(), doors.made);
    if (!tokens) return std::unexpected(tokens.error());
    doors.policy.gate = {.hosts = settings.hosts, .origins = settings.origins, .tokens = http::Tokens(*tokens)};
    auto& gate = doors.policy.gate;
    gate.hosts.insert(gate.hosts.end(), arguments.hosts.begin(), arguments.hosts.end());
    gate.origins.insert(gate.origins.end(), arguments.origins.begin(), arguments.origins.end());
    doors.policy.most_body = static_cast<std::size_t>(settings.most_body);
  }
  if (!socket.empty()) {
    auto made = UnixSocket::listen(socket, arguments.socket_mode.value_or(settings.socket_mode));
    if (!made) return std::unexpected(made.error());
    doors.socket.emplace(std::move(*made));
  }
  // Whoever started us learns from this that clients may come.
  if (doors.server) {
    std::cout << "Listening on " << http::url_of(doors.server->address());
    if (!doors.made.path.empty()) std::cout << ", the token is in " << doors.made.path;
    std::cout << '\n';
  }
  if (doors.socket) std::cout << "Listening on the socket " << socket << '\n';
  std::cout << std::flush;
  return {};
}

}  // namespace

Task<int> serve_programs(asio::any_io_executor executor, Core& core, const Configuration& configuration,
                         cli::ServeArguments arguments) {
  const Cancel stop = stop_at_signals(executor);  // before anybody is told that we listen
  Doors doors;
  if (const auto opened = open_doors(executor, arguments, configuration.serve, doors); !opened)
    co_return say(opened.error());
  auto all = std::make_unique<LiveRuns>(executor, core.runs());
  LiveRuns& runs = *all;
  Deadline leave_by;
  const auto stopping = stop.on_cancel([&] {
    leave_by = in(kLeaveTime);
    runs.close(CancelReason::shutdown);
  });
  const auto parts = std::make_shared<Parts>(executor);
  const auto add = [&](std::string name, Task<void> part) {
    ++parts->open;
    spawn(executor, std::move(name), run_part(std::move(part), parts));
  };
  if (doors.socket)
    add("socket", service::serve_socket(executor, std::move(*doors.socket),
                                        {.runs = runs,
                                         .engine = core.engine(),
                                         .history = core.history(),
                                         .version = version(),
                                         .enabled = configuration.enabled},
                                        stop));
  if (doors.server)
    add("HTTP", doors.server->serve({.runs = runs,
                                     .engine = core.engine(),
                                     .history = core.history(),
                                     .version = version(),
                                     .enabled = configuration.enabled},
                                    std::move(doors.policy), stop));
  while (parts->open > 0) co_await parts->ended.wait(in(1h));
  // One that hangs still refers to it, and goes with the process.
  if (!co_await runs.none(leave_by)) static_cast<void>(all.release());
  co_await leave(core, leave_by);
  co_return 0;
}

Task<int> serve_stdio(asio::any_io_executor executor, Core& core, const Configuration& configuration) {
  const Cancel stop = stop_at_signals(executor);
  const bool whole = co_await service::serve_client(executor,
                                                    {.runs = core.runs(),
                                                     .engine = core.engine(),
                                                     .history = core.history(),
                                                     .version = version(),
                                                     .enabled = configuration.enabled},
                                                    {.name = "rpc"}, stop);
  co_await leave(core, in(kLeaveTime));
  co_return whole ? 0 : 1;
}

}  // namespace dind::app

#include "fake_engine.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <mutex>
#include <optional>
#include <regex>
#include <sstream>
#include <thread>

#include "support/ids.hpp"

namespace dind::faults {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Socket = asio::generic::stream_protocol::socket;

std::string without_prefix(std::string target) {
  target = target.substr(0, target.find('?'));
  static const std::regex prefix("^/v[0-9]+\\.[0-9]+(/.*)$");
  std::smatch match;
  return std::regex_match(target, match, prefix) ? match[1].str() : target;
}

bool matches(const std::string& pattern, const std::string& path) {
  std::stringstream a(pattern), b(path);
  std::string left, right;
  while (true) {
    const bool more_a = static_cast<bool>(std::getline(a, left, '/'));
    const bool more_b = static_cast<bool>(std::getline(b, right, '/'));
    if (!more_a || !more_b) return more_a == more_b;
    if (left != "*" && left != right) return false;
  }
}

auto quietly(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

}  // namespace

struct FakeEngine::Impl {
  struct Route {
    std::string method, pattern;
    Handler handler;
  };

  explicit Impl(Transport t) : transport(t) {
    if (transport == Transport::unix_socket)
      path = (std::filesystem::temp_directory_path() / ("fake-engine-" + random_id() + ".sock")).string();
    listen();
  }

  void listen() {
    if (transport == Transport::unix_socket) {
      ::unlink(path.c_str());
      unix_acceptor.emplace(context, asio::local::stream_protocol::endpoint(path));
      asio::co_spawn(context, accept(*unix_acceptor), asio::detached);
    } else {
      tcp_acceptor.emplace(context, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port));
      port = tcp_acceptor->local_endpoint().port();
      asio::co_spawn(context, accept(*tcp_acceptor), asio::detached);
    }
  }

  template <typename Acceptor>
  asio::awaitable<void> accept(Acceptor& acceptor) {
    while (true) {
      error_code error;
      auto socket = std::make_shared<Socket>(context);
      auto accepted = co_await acceptor.async_accept(quietly(error));
      if (error) co_return;
      *socket = std::move(accepted);
      {
        const std::lock_guard lock(mutex);
        ++accepted_count;
        sockets.push_back(socket);
      }
      asio::co_spawn(context, serve(socket), asio::detached);
    }
  }

  asio::awaitable<void> serve(std::shared_ptr<Socket> socket) {
    std::string buffer;
    while (co_await serve_one(*socket, buffer)) {
    }
    error_code ignored;
    socket->close(ignored);
    const std::lock_guard lock(mutex);
    std::erase(sockets, socket);
  }

  asio::awaitable<bool> serve_one(Socket& socket, std::string& buffer) {
    error_code error;
    const auto head_size =
        co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer), "\r\n\r\n", quietly(error));
    if (error) co_return false;
    FakeRequest request;
    std::istringstream head(buffer.substr(0, head_size));
    head >> request.method >> request.target;
    request.path = without_prefix(request.target);
    std::string line;
    std::getline(head, line);
    while (std::getline(head, line) && line != "\r") {
      const auto colon = line.find(": ");
      std::string name = line.substr(0, colon);
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (colon != std::string::npos) request.headers[name] = line.substr(colon + 2, line.size() - colon - 3);
    }
    buffer.erase(0, head_size);
    if (const auto refusal = refusal_of(request.path)) {
      co_await asio::async_write(socket, asio::buffer(wire(*refusal, false)), quietly(error));
      if (!error) co_await socket.async_wait(Socket::wait_error, quietly(error));
      co_return false;
    }
    if (request.headers.contains("transfer-encoding")) {
      for (std::size_t size = 1; size > 0;) {
        const auto line_size =
            co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer), "\r\n", quietly(error));
        if (error) co_return false;
        size = std::stoul(buffer.substr(0, line_size), nullptr, 16);
        buffer.erase(0, line_size);
        if (buffer.size() < size + 2) {
          co_await asio::async_read(socket, asio::dynamic_buffer(buffer),
                                    asio::transfer_exactly(size + 2 - buffer.size()), quietly(error));
          if (error) co_return false;
        }
        take(std::string_view(buffer).substr(0, size));
        request.body += buffer.substr(0, size);
        buffer.erase(0, size + 2);
      }
    }
    const std::size_t length =
        request.headers.contains("content-length") ? std::stoul(request.headers["content-length"]) : 0;
    if (buffer.size() < length) {
      co_await asio::async_read(socket, asio::dynamic_buffer(buffer), asio::transfer_exactly(length - buffer.size()),
                                quietly(error));
      if (error) co_return false;
    }
    request.body += buffer.substr(0, length);
    buffer.erase(0, length);

    const FakeReply reply = answer(request);
    if (!reply.cut.empty()) co_await asio::async_write(socket, asio::buffer(reply.cut), quietly(error));
    if (!reply.no_head) {
      co_await asio::async_write(socket, asio::buffer(wire(reply, request.method == "HEAD")), quietly(error));
      if (error) co_return false;
    }
    if (!reply.held_until.empty()) {
      if (!co_await held(socket, reply.held_until)) co_return false;
      if (!reply.first.empty()) {
        co_await asio::async_write(socket, asio::buffer(reply.first), quietly(error));
        co_await socket.async_wait(Socket::wait_read, quietly(error));
        if (error) co_return false;
      }
      co_await asio::async_write(socket, asio::buffer(reply.body), quietly(error));
      if (error) co_return false;
    }
    if (reply.then == FakeReply::Then::close) co_return false;
    if (reply.then == FakeReply::Then::reset) {
      socket.set_option(asio::socket_base::linger(true, 0), error);
      co_return false;
    }
    if (reply.then == FakeReply::Then::keep && reply.status != 101) co_return true;
    // An upgraded connection or a reply that hangs: read until the client closes.
    take(buffer);
    std::array<char, 65536> bytes;
    while (true) {
      const auto size = co_await socket.async_read_some(asio::buffer(bytes), quietly(error));
      if (error) break;
      take({bytes.data(), size});
    }
    co_return false;
  }

  // Waits until such a POST has arrived. False: the client closed first.
  asio::awaitable<bool> held(Socket& socket, const std::string& pattern) {
    asio::steady_timer timer(context);
    while (true) {
      {
        const std::lock_guard lock(mutex);
        if (std::ranges::any_of(requests,
                                [&](const FakeRequest& r) { return r.method == "POST" && matches(pattern, r.path); }))
          co_return true;
      }
      char byte = 0;
      if (!socket.is_open() || ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) co_return false;
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  std::optional<FakeReply> refusal_of(const std::string& which) {
    const std::lock_guard lock(mutex);
    const auto it = refusals.find(which);
    return it == refusals.end() ? std::nullopt : std::optional(it->second);
  }

  void take(std::string_view bytes) {
    const std::lock_guard lock(mutex);
    received += bytes;
  }

  static std::string wire(const FakeReply& reply, bool head_only) {
    std::string out =
        "HTTP/1.1 " + std::to_string(reply.status) + (reply.status == 101 ? " UPGRADED" : " Fake") + "\r\n";
    for (const auto& [name, value] : reply.headers) out += name + ": " + value + "\r\n";
    std::string body = reply.held_until.empty() ? reply.body : "";
    if (reply.status == 101) {
      out += "Content-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n";
    } else if (reply.chunked) {
      out += "Transfer-Encoding: chunked\r\n";
      std::ostringstream size;
      size << std::hex << body.size();
      body = size.str() + "\r\n" + body + "\r\n";
      if (reply.then == FakeReply::Then::keep) body += "0\r\n\r\n";
    } else if (reply.status != 204 && reply.status != 304) {
      out +=
          "Content-Length: " + std::to_string(reply.content_length != 0 ? reply.content_length : body.size()) + "\r\n";
    }
    return out + "\r\n" + (head_only ? "" : body);
  }

  FakeReply answer(const FakeRequest& request) {
    Handler handler;
    {
      const std::lock_guard lock(mutex);
      requests.push_back(request);
      for (auto route = routes.rbegin(); route != routes.rend() && !handler; ++route)
        if (route->method == request.method && matches(route->pattern, request.path)) handler = route->handler;
    }
    return handler ? handler(request)
                   : FakeReply::json(404, R"({"message":"the fake engine has no route for )" + request.path + "\"}");
  }

  // Runs `what` on the fake engine's thread and waits for it.
  void on_thread(const std::function<void()>& what) {
    asio::post(context, asio::use_future([&what] { what(); })).get();
  }

  const Transport transport;
  std::string path;
  unsigned short port = 0;
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
  std::optional<asio::local::stream_protocol::acceptor> unix_acceptor;
  std::optional<asio::ip::tcp::acceptor> tcp_acceptor;
  mutable std::mutex mutex;
  std::vector<Route> routes;
  std::vector<FakeRequest> requests;
  std::vector<std::shared_ptr<Socket>> sockets;
  std::string received;
  std::map<std::string, FakeReply> refusals;  // by path
  std::size_t accepted_count = 0;
  std::thread thread;
};

FakeEngine::FakeEngine(Transport transport) : impl_(std::make_shared<Impl>(transport)) {
  FakeReply ping{.body = "OK", .headers = {{"Api-Version", "1.41"}, {"Builder-Version", "1"}}};
  on("GET", "/_ping", ping);
  on("HEAD", "/_ping", ping);
  on("GET", "/version",
     FakeReply::json(
         200, R"({"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12","Os":"linux","Arch":"amd64"})"));
  impl_->thread = std::thread([impl = impl_] { impl->context.run(); });
}

FakeEngine::~FakeEngine() {
  impl_->context.stop();
  impl_->thread.join();
  if (!impl_->path.empty()) ::unlink(impl_->path.c_str());
}

engine::Endpoint FakeEngine::endpoint() const {
  engine::Endpoint endpoint;
  if (impl_->transport == Transport::unix_socket) {
    endpoint.path = impl_->path;
    endpoint.address = "unix://" + impl_->path;
  } else {
    endpoint.kind = engine::Endpoint::Kind::tcp;
    endpoint.host = "127.0.0.1";
    endpoint.port = std::to_string(impl_->port);
    endpoint.address = "tcp://127.0.0.1:" + endpoint.port;
  }
  endpoint.origin = "the test";
  return endpoint;
}

void FakeEngine::on(const std::string& method, const std::string& path, FakeReply reply) {
  on(method, path, [reply = std::move(reply)](const FakeRequest&) { return reply; });
}
void FakeEngine::on(const std::string& method, const std::string& path, Handler handler) {
  const std::lock_guard lock(impl_->mutex);
  impl_->routes.push_back({method, path, std::move(handler)});
}

std::vector<FakeRequest> FakeEngine::requests() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}
std::size_t FakeEngine::count(const std::string& method, const std::string& path) const {
  const auto all = requests();
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [&](const FakeRequest& r) { return r.method == method && matches(path, r.path); }));
}
void FakeEngine::refuse(const std::string& path, FakeReply reply) {
  const std::lock_guard lock(impl_->mutex);
  impl_->refusals.insert_or_assign(path, std::move(reply));
}

std::string FakeEngine::received() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->received;
}
std::size_t FakeEngine::connections() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->accepted_count;
}
std::size_t FakeEngine::open_connections() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->sockets.size();
}
void FakeEngine::drop_connections() {
  impl_->on_thread([this] {
    const std::lock_guard lock(impl_->mutex);
    error_code ignored;
    for (const auto& socket : impl_->sockets) socket->close(ignored);
  });
}
void FakeEngine::stop_listening() {
  impl_->on_thread([this] {
    error_code ignored;
    if (impl_->unix_acceptor) impl_->unix_acceptor->close(ignored);
    if (impl_->tcp_acceptor) impl_->tcp_acceptor->close(ignored);
  });
  drop_connections();
}
void FakeEngine::listen_again() {
  impl_->on_thread([this] { impl_->listen(); });
}

}  // namespace dind::faults

#include "frontends/http/server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>

#include "frontends/http/connection.hpp"
#include "support/async/counted.hpp"
#include "support/io/descriptors.hpp"
#include "support/log/log.hpp"

namespace dind::frontends::http {

using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

constexpr std::size_t kMaxConnections = 512;
constexpr auto kPause = 100ms;  // after a failure, such as a lack of descriptors, or at the max number of connections
constexpr auto kTellOften = 60s;

Task<void> serve_one(tcp::socket socket, std::shared_ptr<HttpContext> context, [[maybe_unused]] Counted::One connection,
                     Cancel stop) {
  co_await serve_connection(std::move(socket), *context, std::move(stop));
}

class Server final : public HttpServer {
 public:
  Server(asio::any_io_executor executor, tcp::acceptor acceptor, ListenAddress address)
      : executor_(std::move(executor)), acceptor_(std::move(acceptor)), address_(std::move(address)) {}

  const ListenAddress& address() const override { return address_; }

  Task<void> serve(HttpServices services, HttpPolicy policy, Cancel stop) override {
    policy.gate->add_host(address_.address);
    const auto context =
        std::make_shared<HttpContext>(executor_, std::move(services), std::move(policy.gate), policy.max_body);
    context->log.set_access(policy.access_log);
    Counted connections(executor_);
    Deadline told_at{};
    const auto stopped = stop.on_cancel([&] {
      boost::system::error_code ignored;
      acceptor_.close(ignored);
      connections.changed().notify();
    });
    const auto most = descriptors_for(kMaxConnections, 1);
    while (!stop.cancelled()) {
      boost::system::error_code failed;
      if (connections.count() >= most) {
        co_await acceptor_.async_wait(tcp::acceptor::wait_read, asio::redirect_error(asio::use_awaitable, failed));
        if (stop.cancelled()) break;
        if (connections.count() >= most) {
          // Silent clients must not keep others out (S17).
          context->idle->close_longest();
          co_await connections.changed().wait(in(kPause));
          continue;
        }
      }
      auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, failed));
      if (stop.cancelled()) break;
      if (failed) {
        if (no_descriptors_left(failed.value())) context->idle->close_longest();
        if (Clock::now() >= told_at + kTellOften) {
          told_at = Clock::now();
          log(LogLevel::error, "An HTTP client could not be accepted: " +
                                   (no_descriptors_left(failed.value()) ? descriptor_shortage() : failed.message()));
        }
        co_await connections.changed().wait(in(kPause));
        continue;
      }
      spawn(executor_, "HTTP connection", serve_one(std::move(socket), context, connections.add(), stop));
    }
    co_await connections.wait_none(in(policy.shutdown_timeout));
  }

 private:
  asio::any_io_executor executor_;
  tcp::acceptor acceptor_;
  ListenAddress address_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(asio::any_io_executor executor, ListenAddress address) {
  const tcp::endpoint endpoint(asio::ip::make_address(address.address), address.port);
  tcp::acceptor acceptor(executor);
  boost::system::error_code failed;
  acceptor.open(endpoint.protocol(), failed);
  if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor.bind(endpoint, failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed)
    return fail(ErrorCode::invalid_request, "Can't listen on " + url_of(address) + " here (" + failed.message() +
                                                "): end what uses it, or name another address with --listen");
  address.port = acceptor.local_endpoint().port();
  return std::make_unique<Server>(std::move(executor), std::move(acceptor), std::move(address));
}

}  // namespace dind::frontends::http

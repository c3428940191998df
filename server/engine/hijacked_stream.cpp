#include "engine/hijacked_stream.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <cctype>
#include <charconv>
#include <cstring>

#include "engine/http_client.hpp"
#include "engine/status.hpp"
#include "engine/text.hpp"
#include "engine/tls_session.hpp"
#include "support/text/lower.hpp"

namespace dind::engine {
namespace {

constexpr std::size_t kHeadLimit = 64 << 10;
constexpr std::size_t kRefusalLimit = 64 << 10;  // of the body of an error

std::string reason(const boost::system::error_code& error) {
  return error == asio::error::eof || error == asio::error::broken_pipe ? "connection closed"
                                                                        : one_line(error.message());
}

}  // namespace

// Every operation shares it, so its owner may be destroyed at any time.
struct HijackedStream::Impl : std::enable_shared_from_this<HijackedStream::Impl> {
  Impl(const asio::any_io_executor& e, Endpoint where, std::string call)
      : executor(e), socket(e), endpoint(std::move(where)), what(std::move(call)) {}

  asio::any_io_executor executor;
  asio::generic::stream_protocol::socket socket;
  const Endpoint endpoint;
  const std::string what;
  std::unique_ptr<TlsSession> tls;
  std::string surplus;  // plain bytes that arrived together with the head
  std::string pending;  // encrypted bytes that are queued for the writer
  bool writing = false;
  bool closed = false;
  bool timed_out = false;

  void close() {
    closed = true;
    boost::system::error_code ignored;
    socket.close(ignored);
  }

  Error broken(const boost::system::error_code& error) const {
    if (timed_out) return no_answer(endpoint, what, "no reply in time");
    if (closed) return {ErrorCode::cancelled, "The stream of '" + what + "' was closed."};
    return no_answer(endpoint, what, reason(error));
  }

  Task<Result<void>> connect();
  Task<Result<void>> connect_to(asio::generic::stream_protocol::endpoint peer, int& error_number);
  Task<Result<void>> shake_hands();
  Task<Result<void>> upgrade(std::string target);
  Task<Error> refusal(int status, std::string head, std::string body);
  Task<Result<std::size_t>> read_some(std::span<char> buffer);
  Task<Result<void>> write(std::string bytes);
  Task<Result<void>> flush();
};

Task<Result<void>> HijackedStream::Impl::connect_to(asio::generic::stream_protocol::endpoint peer, int& error_number) {
  boost::system::error_code error;
  socket.close(error);
  co_await socket.async_connect(peer, asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_return Result<void>{};
  error_number = error.value();
  co_return std::unexpected(timed_out || closed ? broken(error) : no_connection(endpoint, what, error.value()));
}

Task<Result<void>> HijackedStream::Impl::connect() {
  int error_number = 0;
  if (endpoint.kind == Endpoint::Kind::unix_socket)
    co_return co_await connect_to(asio::local::stream_protocol::endpoint(endpoint.path), error_number);

  boost::system::error_code error;
  asio::ip::tcp::resolver resolver(executor);
  const auto found =
      co_await resolver.async_resolve(endpoint.host, endpoint.port, asio::redirect_error(asio::use_awaitable, error));
  if (timed_out || closed) co_return std::unexpected(broken(error));
  if (error || found.empty())
    co_return std::unexpected(no_answer(endpoint, what, "the name " + endpoint.host + " can't be resolved"));
  Result<void> connected;
  for (const auto& each : found) {
    connected = co_await connect_to(each.endpoint(), error_number);
    if (connected || timed_out || closed) break;
  }
  if (connected) {
    socket.set_option(asio::ip::tcp::no_delay(true), error);
    // The stream of a warm sandbox is silent for a long time. Keep-alive finds a broken connection before a run needs
    // it.
    using KeepIdle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
    using KeepInterval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
    using KeepCount = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;
    socket.set_option(asio::socket_base::keep_alive(true), error);
    socket.set_option(KeepIdle(10), error);
    socket.set_option(KeepInterval(5), error);
    socket.set_option(KeepCount(3), error);
  }
  if (connected && endpoint.tls) co_return co_await shake_hands();
  co_return connected;
}

Task<Result<void>> HijackedStream::Impl::shake_hands() {
  auto session = TlsSession::create(*endpoint.tls, endpoint.host);
  if (!session) co_return std::unexpected(no_tls(endpoint, what, session.error()));
  tls = std::move(*session);
  while (true) {
    const auto step = tls->handshake();
    if (auto sent = co_await flush(); !sent) co_return sent;  // sends an alert too
    if (!step) co_return std::unexpected(no_tls(endpoint, what, step.error()));
    if (*step) co_return Result<void>{};
    std::array<char, 16384> buffer;
    boost::system::error_code error;
    const auto size =
        co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return std::unexpected(broken(error));
    tls->feed({buffer.data(), size});
  }
}

// Sends the output of TLS in order: the reader's answers and the writer's records share one queue.
Task<Result<void>> HijackedStream::Impl::flush() {
  pending += tls->take_output();
  if (writing) co_return Result<void>{};  // the active writer sends these bytes too
  writing = true;
  boost::system::error_code error;
  while (!pending.empty() && !error) {
    const std::string now = std::exchange(pending, {});
    co_await asio::async_write(socket, asio::buffer(now), asio::redirect_error(asio::use_awaitable, error));
  }
  writing = false;
  if (error) co_return std::unexpected(broken(error));
  co_return Result<void>{};
}

Task<Result<std::size_t>> HijackedStream::Impl::read_some(std::span<char> buffer) {
  if (buffer.empty()) co_return 0;
  if (!surplus.empty()) {
    const std::size_t size = std::min(buffer.size(), surplus.size());
    std::memcpy(buffer.data(), surplus.data(), size);
    surplus.erase(0, size);
    co_return size;
  }
  boost::system::error_code error;
  if (!tls) {
    const auto size = co_await socket.async_read_some(asio::buffer(buffer.data(), buffer.size()),
                                                      asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::eof && !closed) co_return 0;
    if (error) co_return std::unexpected(broken(error));
    co_return size;
  }
  while (true) {
    const auto size = tls->read(buffer);
    if (!size) co_return std::unexpected(no_answer(endpoint, what, "TLS: " + size.error()));
    if (*size) co_return **size;
    // If writing fails, go on reading: the engine may have sent something before it stopped accepting bytes.
    if (const auto sent = co_await flush(); !sent && (closed || timed_out)) co_return std::unexpected(sent.error());
    std::array<char, 16384> encrypted;
    const auto got =
        co_await socket.async_read_some(asio::buffer(encrypted), asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::eof && !closed) co_return 0;
    if (error) co_return std::unexpected(broken(error));
    tls->feed({encrypted.data(), got});
  }
}

Task<Result<void>> HijackedStream::Impl::write(std::string bytes) {
  if (tls) {
    if (const auto written = tls->write(bytes); !written)
      co_return std::unexpected(no_answer(endpoint, what, "TLS: " + written.error()));
    co_return co_await flush();
  }
  boost::system::error_code error;
  co_await asio::async_write(socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return std::unexpected(broken(error));
  co_return Result<void>{};
}

Task<Result<void>> HijackedStream::Impl::upgrade(std::string target) {
  const std::string host =
      endpoint.kind == Endpoint::Kind::tcp ? endpoint.address.substr(std::strlen("tcp://")) : "engine";
  const std::string request =
      "POST " + target + " HTTP/1.1\r\nHost: " + host +
      "\r\nUser-Agent: dind-executor\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n";
  if (auto sent = co_await write(request); !sent) co_return sent;
  std::string head;
  std::array<char, 16384> buffer;
  std::size_t end = std::string::npos;
  while (end == std::string::npos) {
    if (head.size() > kHeadLimit)
      co_return std::unexpected(bad_reply(endpoint, what, "the head of its reply has no end"));
    const auto size = co_await read_some(buffer);
    if ((!size || *size == 0) && !head.empty() && !closed && !timed_out)
      co_return std::unexpected(connection_broke(endpoint, what));
    if (!size) co_return std::unexpected(size.error());
    if (*size == 0) co_return std::unexpected(no_answer(endpoint, what, "it closed the connection without a reply"));
    head.append(buffer.data(), *size);
    end = head.find("\r\n\r\n");
  }
  std::string rest = head.substr(end + 4);
  head.resize(end + 2);
  int status = 0;
  if (head.starts_with("HTTP/1.") && head.size() > 12) std::from_chars(head.data() + 9, head.data() + 12, status);
  if (status == 0) co_return std::unexpected(bad_reply(endpoint, what, "its reply is not HTTP"));
  if (status != 101 && status != 200)
    co_return std::unexpected(co_await refusal(status, std::move(head), std::move(rest)));
  surplus = std::move(rest);
  co_return Result<void>{};
}

// Reads the body of an error reply, up to its Content-Length or its last chunk.
Task<Error> HijackedStream::Impl::refusal(int status, std::string head, std::string body) {
  const std::string fields = lower(head);
  std::size_t length = kRefusalLimit;
  if (const auto at = fields.find("\r\ncontent-length:"); at != std::string::npos) {
    const auto digits = fields.find_first_not_of(" \t", at + 17);
    if (digits != std::string::npos) std::from_chars(fields.data() + digits, fields.data() + fields.size(), length);
  }
  length = std::min(length, kRefusalLimit);
  const bool chunked = fields.contains("\r\ntransfer-encoding: chunked");
  std::array<char, 4096> buffer;
  while (body.size() < length && !(chunked && body.ends_with("0\r\n\r\n"))) {
    const auto size = co_await read_some(buffer);
    if (!size || *size == 0) break;  // use what has arrived
    body.append(buffer.data(), *size);
  }
  if (chunked) {  // take the JSON object between the sizes of the chunks
    const auto first = body.find('{');
    const auto last = body.rfind('}');
    if (first != std::string::npos && last != std::string::npos && last > first)
      body = body.substr(first, last - first + 1);
  }
  co_return status_error(endpoint, what, status, body);
}

HijackedStream::HijackedStream(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
HijackedStream::~HijackedStream() { close(); }

Task<Result<std::unique_ptr<HijackedStream>>> HijackedStream::open(asio::any_io_executor executor, Endpoint endpoint,
                                                                   std::string target, std::string what,
                                                                   Deadline deadline) {
  const auto impl = std::make_shared<Impl>(executor, std::move(endpoint), std::move(what));
  // Closes the socket if this coroutine ends or is destroyed without returning the stream.
  std::unique_ptr<HijackedStream> stream(new HijackedStream(impl));
  asio::steady_timer timer(executor);
  const auto close_at = [&](Deadline when) {
    timer.expires_at(when);
    timer.async_wait([weak = std::weak_ptr(impl)](const boost::system::error_code& error) {
      const auto late = weak.lock();
      if (error || !late || late->closed) return;
      late->timed_out = true;
      late->close();
    });
  };
  close_at(std::min(deadline, in(kConnectTimeout)));
  if (auto connected = co_await impl->connect(); !connected) co_return std::unexpected(connected.error());
  close_at(deadline);
  if (auto upgraded = co_await impl->upgrade(std::move(target)); !upgraded) co_return std::unexpected(upgraded.error());
  timer.cancel();
  if (impl->closed) co_return std::unexpected(impl->broken({}));  // the deadline has just passed
  co_return std::move(stream);
}

Task<Result<std::size_t>> HijackedStream::read_some(std::span<char> buffer) {
  const auto impl = impl_;
  co_return co_await impl->read_some(buffer);
}

Task<Result<void>> HijackedStream::write(std::string bytes) {
  const auto impl = impl_;
  co_return co_await impl->write(std::move(bytes));
}

Task<Result<void>> HijackedStream::close_write() {
  const auto impl = impl_;
  if (impl->tls) {
    impl->tls->close_write();
    co_return co_await impl->flush();
  }
  boost::system::error_code error;
  impl->socket.shutdown(asio::socket_base::shutdown_send, error);
  // The engine may have closed the connection already: then there is no one to tell.
  if (error && error != asio::error::not_connected) co_return std::unexpected(impl->broken(error));
  co_return Result<void>{};
}

void HijackedStream::close() {
  if (impl_) impl_->close();
}

}  // namespace dind::engine

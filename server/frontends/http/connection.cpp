#include "frontends/http/connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "frontends/http/accept_field.hpp"
#include "frontends/http/exchange.hpp"
#include "frontends/http/request_head.hpp"
#include "frontends/http/response.hpp"
#include "frontends/shared/memory_budget.hpp"
#include "support/log/log.hpp"

namespace dind::frontends::http {

using namespace std::chrono_literals;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kMaxHeader = 16 * 1024;
constexpr std::size_t kMaxAhead = 64 * 1024;  // bytes that are read but not yet parsed
constexpr auto kIdleTime = 60s;               // between two requests
constexpr auto kHeaderTime = 10s;
constexpr auto kBodyTime = 60s;
constexpr auto kLastEventsTime = 30s;  // after the run's end, for the reader of the events
constexpr auto kLingerTime = 1s;

using Parser = bhttp::request_parser<bhttp::string_body>;

ReadFault read_fault(error_code failed) {
  if (failed == asio::error::no_memory) return ReadFault::no_memory;
  const bool of_http = failed.category() == bhttp::make_error_code(bhttp::error::end_of_stream).category();
  if (!of_http || failed == bhttp::error::end_of_stream || failed == bhttp::error::partial_message)
    return ReadFault::gone;
  if (failed == bhttp::error::header_limit || failed == bhttp::error::buffer_overflow)
    return ReadFault::header_too_large;
  return failed == bhttp::error::body_limit ? ReadFault::body_too_large : ReadFault::not_http;
}

ReceivedHead received_head(const Parser& parser, bool is_too_large) {
  const auto& message = parser.get();
  ReceivedHead received{.head = head_of(message, !parser.is_done()),
                        .has_unambiguous_length = has_unambiguous_length(message),
                        .is_too_large = is_too_large,
                        .has_unread_body = !parser.is_done(),
                        .expect = {}};
  if (const auto field = message.find(bhttp::field::expect); field != message.end())
    received.expect.emplace(field->value().data(), field->value().size());
  return received;
}

// The functions read from `stream`, which must outlive the call like the other arguments.
Task<error_code> read_head(beast::tcp_stream& stream, beast::flat_buffer& buffer, Parser& parser) {
  error_code failed;
  if (buffer.size() == 0) {
    stream.expires_after(kIdleTime);
    buffer.commit(
        co_await stream.async_read_some(buffer.prepare(4096), asio::redirect_error(asio::use_awaitable, failed)));
    if (failed) co_return failed;
  }
  stream.expires_after(kHeaderTime);
  co_await bhttp::async_read_header(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, failed));
  co_return failed;
}

Task<error_code> read_body(beast::tcp_stream& stream, beast::flat_buffer& buffer, Parser& parser) {
  error_code failed;
  stream.expires_after(kBodyTime);
  ArrivingBody share;
  parser.eager(true);
  while (!failed && !parser.is_done()) {
    co_await bhttp::async_read_some(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, failed));
    if (!share.grow_to(parser.get().body().size())) failed = asio::error::no_memory;
  }
  co_return failed;
}

// Unread bytes would make the kernel reset the connection, and the client might never see the answer.
Task<void> linger(beast::tcp_stream& stream) {
  error_code failed;
  stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, failed);
  stream.expires_after(kLingerTime);
  std::array<char, 4096> bytes;
  while (!failed) {
    co_await stream.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, failed));
  }
}

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(asio::ip::tcp::socket socket, HttpContext& context, Cancel stop)
      : stream_(std::move(socket)),
        context_(context),
        stop_(std::move(stop)),
        changed_(stream_.get_executor()),
        place_(context.idle, [this] { close_idle(); }) {
    error_code ignored;
    const auto peer = stream_.socket().remote_endpoint(ignored);
    if (!ignored) peer_ = peer.address().to_string() + ':' + std::to_string(peer.port());
  }

  Task<void> serve() {
    const auto self = shared_from_this();
    const auto stopped = stop_.on_cancel([this] {
      error_code ignored;
      if (stop_ends(phase_)) stream_.socket().cancel(ignored);
    });
    while (phase_ != Phase::closing && !stop_.cancelled()) co_await serve_request();
    if (linger_) co_await linger(stream_);
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    stream_.socket().close(ignored);
  }

 private:
  // Sets the phase to reading_head for the next request, or to closing.
  Task<void> serve_request() {
    phase_ = Phase::reading_head;
    response_ = {};
    place_.waits();
    Parser parser;
    parser.header_limit(kMaxHeader);
    parser.body_limit(context_.max_body);
    const auto failed = co_await read_head(stream_, buffer_, parser);
    phase_ = Phase::checking;
    if (failed && failed != bhttp::error::body_limit) co_return co_await answer_fault(failed);
    const ReceivedHead received = received_head(parser, failed == bhttp::error::body_limit);
    begin_response(received.head, parser.get().keep_alive());
    auto checked = check(received, *context_.gate, context_.max_body);
    if (auto* refusal = std::get_if<Refusal>(&checked))
      co_return co_await write(std::move(refusal->reply), refusal->close);
    const auto& accepted = std::get<Accepted>(checked);
    if (!accepted.is_probe) place_.works();  // refused clients and probes keep no other client out
    if (accepted.send_continue && co_await write_continue(stream_)) co_return close();
    if (accepted.next == Phase::reading_body) {
      phase_ = Phase::reading_body;
      if (const auto broken = co_await read_body(stream_, buffer_, parser)) co_return co_await answer_fault(broken);
    }
    Request request{.method = response_.without_body ? "GET" : received.head.method,
                    .path = accepted.target.path,
                    .query = accepted.target.query,
                    .wants_events = accepts_events(received.head.accept),
                    .body = std::move(parser.get().body()),
                    .caller = context_.gate->authenticate(received.head).value_or(Caller{})};
    logged_.client = request.caller.client;
    co_await run(std::move(request));
  }

  void begin_response(const RequestHead& head, bool keep_alive) {
    response_ = {.version = head.version,
                 .keep_alive = keep_alive && !stop_.cancelled() && !context_.closing.cancelled(),
                 .without_body = head.method == "HEAD",
                 .allowed_origin = head.origin && context_.gate->allows_origin(*head.origin) ? *head.origin : ""};
    logged_ = {.peer = peer_, .method = head.method, .path = head.target.substr(0, head.target.find('?'))};
    received_at_ = Clock::now();
  }

  Task<void> run(Request request) {
    phase_ = Phase::running;
    Cancel gone;
    stream_.expires_never();
    if (request.method == "POST") {
      watching_ = true;
      spawn(stream_.get_executor(), "HTTP client", watch(shared_from_this(), gone));
    }
    Answer answer = detail(500, "A bug in dind-executor: see the server's log");
    try {
      answer = co_await context_.handlers.answer(std::move(request), gone);
      if (auto* run = std::get_if<RunRequest>(&answer)) co_await stream_events(std::move(*run), gone);
    } catch (const std::exception& e) {
      log(LogLevel::error, std::string("A request could not be answered: ") + e.what());
    }
    phase_ = Phase::writing;
    error_code ignored;
    while (watching_) {
      stream_.socket().cancel(ignored);
      co_await changed_.wait(in(1s));
    }
    // Cancelled for another reason: the client still waits for its answer.
    if (gone.reason() == CancelReason::client_gone) co_return close();
    response_.keep_alive = response_.keep_alive && !peer_closed_;
    if (auto* reply = std::get_if<Reply>(&answer)) co_return co_await write(std::move(*reply), false);
    phase_ = after_reply(response_.keep_alive, stop_.cancelled());
  }

  // Reads ahead while a request runs. The end of the stream means that the client has gone.
  static Task<void> watch(std::shared_ptr<HttpConnection> self, Cancel gone) {
    while (self->phase_ == Phase::running && self->buffer_.size() < kMaxAhead) {
      error_code failed;
      const auto free_bytes = std::min<std::size_t>(4096, kMaxAhead - self->buffer_.size());
      const auto count = co_await self->stream_.async_read_some(self->buffer_.prepare(free_bytes),
                                                                asio::redirect_error(asio::use_awaitable, failed));
      self->buffer_.commit(count);
      if (!failed) continue;
      // The end of a stream is reported once. Another read might wait forever.
      self->peer_closed_ = failed != asio::error::operation_aborted;
      if (self->phase_ == Phase::running) gone.cancel(CancelReason::client_gone);
      break;
    }
    self->watching_ = false;
    self->changed_.notify();
  }

  Task<void> stream_events(RunRequest run, Cancel gone) {
    const auto events = std::make_shared<EventQueue>(stream_.get_executor());
    response_.keep_alive = response_.keep_alive && response_.version == 11;
    log_reply(200);
    sending_ = true;
    spawn(stream_.get_executor(), "HTTP events", send_events(shared_from_this(), events, gone));
    co_await context_.handlers.stream(std::move(run), events, gone);
    error_code ignored;
    auto deadline = in(kLastEventsTime);
    while (sending_) {
      if (co_await changed_.wait(deadline)) continue;
      stream_.socket().close(ignored);  // a client that reads no more
      deadline = in(1s);
    }
  }

  static Task<void> send_events(std::shared_ptr<HttpConnection> self, std::shared_ptr<EventQueue> events, Cancel gone) {
    if (co_await write_events(self->stream_, std::move(events), self->response_))
      gone.cancel(CancelReason::client_gone);
    self->sending_ = false;
    self->changed_.notify();
  }

  // `then_close`: the rest of the request is not read, so where the next request begins is not known.
  Task<void> write(Reply reply, bool then_close) {
    phase_ = Phase::writing;
    response_.keep_alive = response_.keep_alive && !then_close;
    linger_ = then_close;
    log_reply(reply.status);
    const auto failed = co_await write_reply(stream_, std::move(reply), response_);
    phase_ = after_reply(response_.keep_alive && !failed, stop_.cancelled());
  }

  Task<void> answer_fault(error_code failed) {
    auto reply = reply_to(read_fault(failed), context_.max_body, failed.message());
    if (!reply) co_return close();
    response_.without_body = false;
    co_await write(std::move(*reply), true);
  }

  void close() { phase_ = Phase::closing; }

  void close_idle() {
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  }

  // Logs the reply of a request whose head was read.
  void log_reply(int status) {
    if (logged_.method.empty()) return;
    logged_.status = status;
    logged_.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - received_at_);
    context_.log.answered(logged_);
    logged_ = {};
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{kMaxAhead};
  HttpContext& context_;
  Cancel stop_;
  Signal changed_;
  std::string peer_;
  IdleClients::Place place_;
  Phase phase_ = Phase::reading_head;
  // Of the request that is answered now.
  ResponseOptions response_;
  LoggedRequest logged_;
  Deadline received_at_;
  bool watching_ = false;  // the task `watch` runs
  bool sending_ = false;   // the task `send_events` runs
  // Of the whole connection.
  bool peer_closed_ = false;  // the client sends no more
  bool linger_ = false;       // the client may still be sending
};

}  // namespace

Task<void> serve_connection(asio::ip::tcp::socket socket, HttpContext& context, Cancel stop) {
  const auto connection = std::make_shared<HttpConnection>(std::move(socket), context, std::move(stop));
  co_await connection->serve();
}

}  // namespace dind::frontends::http

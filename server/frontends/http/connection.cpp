#include "frontends/http/connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <ctime>

#include "frontends/http/accept_field.hpp"
#include "frontends/http/request_head.hpp"
#include "frontends/shared/memory_budget.hpp"
#include "support/log/log.hpp"
#include "support/units.hpp"

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
constexpr auto kReplyTime = 60s;
constexpr auto kLastEventsTime = 30s;  // after the run's end, for the reader of the events
constexpr auto kLingerTime = 1s;

std::string date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char line[40];
  std::strftime(line, sizeof line, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return line;
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
      if (reading_) stream_.socket().cancel(ignored);
    });
    while (!stop_.cancelled() && co_await serve_request()) {
    }
    if (linger_) co_await linger();
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    stream_.socket().close(ignored);
  }

 private:
  using Parser = bhttp::request_parser<bhttp::string_body>;

  // False: the connection has ended.
  Task<bool> serve_request() {
    place_.waits();
    if (buffer_.size() == 0 && !co_await read_first()) co_return false;
    Parser parser;
    parser.header_limit(kMaxHeader);
    parser.body_limit(context_.most_body);
    const auto read_failed = co_await read_header(parser);
    if (read_failed && read_failed != bhttp::error::body_limit) co_return co_await answer_broken(read_failed);
    const auto& message = parser.get();
    const RequestHead head = head_of(message, !parser.is_done());
    version_ = message.version();
    head_only_ = head.method == "HEAD";
    origin_ = head.origin && context_.gate->allows_origin(*head.origin) ? *head.origin : "";
    keep_alive_ = message.keep_alive() && !stop_.cancelled() && !context_.closing.cancelled();
    asked_ = {.peer = peer_, .method = head.method, .path = head.target.substr(0, head.target.find('?'))};
    asked_at_ = Clock::now();
    if (!has_unambiguous_length(message))
      co_return co_await answer_unread(detail(400, "Where the request's body ends is not clear"));
    if (auto refused = judge(head, read_failed == bhttp::error::body_limit)) {
      // What follows a refused request may not be what this parser takes it for.
      if (!parser.is_done() || refused->status >= 400) co_return co_await answer_unread(std::move(*refused));
      co_return co_await write(std::move(*refused));
    }
    const auto target = *parse_request_target(head.target);
    if (!is_probe(target.path)) place_.works();  // refused clients and probes keep no other client out
    if (!parser.is_done()) {
      if (const auto expected = message.find(bhttp::field::expect); expected != message.end()) {
        if (!beast::iequals(expected->value(), "100-continue"))
          co_return co_await answer_unread(detail(417, "Of what may be expected only 100-continue is known"));
        if (version_ == 11 && !co_await write_continue()) co_return false;
      }
      if (const auto failed = co_await read_body(parser)) co_return co_await answer_broken(failed);
    }
    Request request{.method = head_only_ ? "GET" : head.method,
                    .path = target.path,
                    .query = target.query,
                    .wants_events = accepts_events(head.accept),
                    .body = std::move(parser.get().body()),
                    .caller = context_.gate->authenticate(head).value_or(Caller{})};
    asked_.client = request.caller.name;
    co_return co_await answer(std::move(request));
  }

  void close_idle() {
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  }

  Task<bool> read_first() {
    error_code failed;
    reading_ = true;
    stream_.expires_after(kIdleTime);
    const auto count =
        co_await stream_.async_read_some(buffer_.prepare(4096), asio::redirect_error(asio::use_awaitable, failed));
    reading_ = false;
    buffer_.commit(count);
    co_return !failed;
  }

  Task<error_code> read_header(Parser& parser) {
    error_code failed;
    reading_ = true;
    stream_.expires_after(kHeaderTime);
    co_await bhttp::async_read_header(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, failed));
    reading_ = false;
    co_return failed;
  }

  Task<error_code> read_body(Parser& parser) {
    error_code failed;
    reading_ = true;
    stream_.expires_after(kBodyTime);
    ArrivingBody share;
    parser.eager(true);
    while (!failed && !parser.is_done()) {
      co_await bhttp::async_read_some(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, failed));
      if (!share.grow_to(parser.get().body().size())) failed = asio::error::no_memory;
    }
    reading_ = false;
    co_return failed;
  }

  // The answer if the request is refused before its body is read. nullopt: go on.
  std::optional<Reply> judge(const RequestHead& head, bool too_large) const {
    if (auto refused = context_.gate->refuse_host_or_origin(head)) return refused;
    const std::string path = parse_request_target(head.target)->path;
    if (head.method == "OPTIONS") return options(path);
    if (Routes::needs_token(path) && !context_.gate->authenticate(head)) {
      auto reply = detail(401, "Send the token: Authorization: Bearer TOKEN");
      reply.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"dind-executor\"");
      return reply;
    }
    if (auto refused = Routes::refuse(head.method, path)) return refused;
    if (too_large) return too_large_reply();
    if (head.method == "POST") {
      if (!is_json(head.content_type)) return detail(415, "Send JSON: Content-Type: application/json");
      if (!head.content_encoding.empty()) return detail(415, "Send the body as it is, without Content-Encoding");
    }
    return std::nullopt;
  }

  Reply too_large_reply() const {
    return detail(413, "The body is larger than " + format_bytes(static_cast<std::int64_t>(context_.most_body)) +
                           ", which is the most here (serve.maxBody)");
  }

  std::optional<Reply> options(const std::string& path) const {
    const std::string methods = path == "*" ? "DELETE, GET, HEAD, OPTIONS, POST" : Routes::methods_of(path);
    if (methods.empty()) return Routes::refuse("OPTIONS", path);
    Reply reply{.status = 204, .fields = {{"Allow", methods}}};
    if (!origin_.empty()) {
      reply.fields.emplace_back("Access-Control-Allow-Methods", methods);
      reply.fields.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type");
      reply.fields.emplace_back("Access-Control-Max-Age", "600");
    }
    return reply;
  }

  Task<bool> answer(Request request) {
    Cancel gone;
    stream_.expires_never();
    answered_ = false;
    if (request.method == "POST") {
      watching_ = true;
      spawn(stream_.get_executor(), "HTTP client", watch(shared_from_this(), gone));
    }
    Answer answer = detail(500, "A bug of ours: the log says more");
    try {
      answer = co_await context_.routes.answer(std::move(request), gone);
      if (auto* run = std::get_if<RunRequest>(&answer)) co_await send_events(std::move(*run), gone);
    } catch (const std::exception& e) {
      log(LogLevel::error, std::string("A request could not be answered: ") + e.what());
    }
    answered_ = true;
    error_code ignored;
    while (watching_) {
      stream_.socket().cancel(ignored);
      co_await changed_.wait(in(1s));
    }
    // Cancelled for another reason: the client still waits for its answer.
    if (gone.reason() == CancelReason::client_gone) co_return false;
    keep_alive_ = keep_alive_ && !over_;
    if (auto* reply = std::get_if<Reply>(&answer)) co_return co_await write(std::move(*reply));
    co_return keep_alive_;
  }

  // Reads ahead while an answer is on its way. The end of the stream means that the client has gone.
  static Task<void> watch(std::shared_ptr<HttpConnection> self, Cancel gone) {
    while (!self->answered_ && self->buffer_.size() < kMaxAhead) {
      error_code failed;
      const auto room = std::min<std::size_t>(4096, kMaxAhead - self->buffer_.size());
      const auto count = co_await self->stream_.async_read_some(self->buffer_.prepare(room),
                                                                asio::redirect_error(asio::use_awaitable, failed));
      self->buffer_.commit(count);
      if (!failed) continue;
      // The end of a stream is reported once. Another read might wait forever.
      self->over_ = failed != asio::error::operation_aborted;
      if (!self->answered_) gone.cancel(CancelReason::client_gone);
      break;
    }
    self->watching_ = false;
    self->changed_.notify();
  }

  Task<void> send_events(RunRequest run, Cancel gone) {
    const auto events = std::make_shared<EventQueue>(stream_.get_executor());
    sending_ = true;
    spawn(stream_.get_executor(), "HTTP events", send_all(shared_from_this(), events, gone));
    co_await context_.routes.stream(std::move(run), events, gone);
    error_code ignored;
    auto deadline = in(kLastEventsTime);
    while (sending_) {
      if (co_await changed_.wait(deadline)) continue;
      stream_.socket().close(ignored);  // a client that reads no more
      deadline = in(1s);
    }
  }

  static Task<void> send_all(std::shared_ptr<HttpConnection> self, std::shared_ptr<EventQueue> events, Cancel gone) {
    error_code failed;
    const auto token = [&failed] { return asio::redirect_error(asio::use_awaitable, failed); };
    const bool chunked = self->version_ == 11;
    self->keep_alive_ = self->keep_alive_ && chunked;
    bhttp::response<bhttp::empty_body> head(bhttp::status::ok, self->version_);
    self->set_fields(head, "text/event-stream; charset=utf-8");
    head.set("X-Accel-Buffering", "no");  // without this, nginx delays the events
    self->told(200);
    if (chunked) head.chunked(true);
    bhttp::response_serializer<bhttp::empty_body> serializer(head);
    co_await bhttp::async_write_header(self->stream_, serializer, token());
    while (!failed) {
      const auto piece = co_await events->next();
      if (!piece) break;
      if (chunked)
        co_await asio::async_write(self->stream_, bhttp::make_chunk(asio::buffer(piece->bytes)), token());
      else
        co_await asio::async_write(self->stream_, asio::buffer(piece->bytes), token());
    }
    if (!failed && chunked) co_await asio::async_write(self->stream_, bhttp::make_chunk_last(), token());
    if (failed) {
      events->abandon();
      gone.cancel(CancelReason::client_gone);
    }
    self->sending_ = false;
    self->changed_.notify();
  }

  template <typename Response>
  void set_fields(Response& response, const std::string& type) const {
    response.set(bhttp::field::date, date());
    response.set(bhttp::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    if (!type.empty()) response.set(bhttp::field::content_type, type);
    if (!origin_.empty()) {
      response.set(bhttp::field::access_control_allow_origin, origin_);
      response.set(bhttp::field::vary, "Origin");
    }
    response.keep_alive(keep_alive_);
  }

  // True: the connection may go on.
  Task<bool> write(Reply reply) {
    const bool no_body = head_only_ || reply.status == 204;
    bhttp::response<bhttp::string_body> response;
    response.version(version_);
    response.result(static_cast<unsigned>(reply.status));
    told(reply.status);
    set_fields(response, reply.status == 204 ? "" : reply.type);
    for (const auto& [name, value] : reply.fields) response.set(name, value);
    if (reply.status != 204) response.content_length(reply.body.size());
    if (!no_body) response.body() = std::move(reply.body);
    bhttp::response_serializer<bhttp::string_body> serializer(response);
    error_code failed;
    const auto token = [&failed] { return asio::redirect_error(asio::use_awaitable, failed); };
    stream_.expires_after(kReplyTime);
    if (no_body)
      co_await bhttp::async_write_header(stream_, serializer, token());
    else
      co_await bhttp::async_write(stream_, serializer, token());
    co_return !failed && keep_alive_ && !stop_.cancelled();
  }

  // Logs what was answered.
  void told(int status) {
    if (asked_.method.empty()) return;
    asked_.status = status;
    asked_.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - asked_at_);
    context_.log.answered(asked_);
    asked_ = {};
  }

  Task<bool> write_continue() {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    error_code failed;
    stream_.expires_after(kReplyTime);
    co_await asio::async_write(stream_, asio::buffer(kContinue), asio::redirect_error(asio::use_awaitable, failed));
    co_return !failed;
  }

  // The rest of the request is not read, so where the next request begins is not known: the connection ends.
  Task<bool> answer_unread(Reply reply) {
    keep_alive_ = false;
    linger_ = true;
    co_await write(std::move(reply));
    co_return false;
  }

  Task<bool> answer_broken(error_code failed) {
    if (failed == asio::error::no_memory)
      co_return co_await answer_unread(detail(no_room_for_body(), kNoRoomForBodyStatus));
    const bool of_http = failed.category() == bhttp::make_error_code(bhttp::error::end_of_stream).category();
    if (!of_http || failed == bhttp::error::end_of_stream || failed == bhttp::error::partial_message)
      co_return false;  // the client has gone, or is too slow
    head_only_ = false;
    if (failed == bhttp::error::header_limit || failed == bhttp::error::buffer_overflow)
      co_return co_await answer_unread(detail(431, "The request's header is larger than 16 KiB, which is the most"));
    if (failed == bhttp::error::body_limit) co_return co_await answer_unread(too_large_reply());
    co_return co_await answer_unread(detail(400, "The request is not HTTP/1.1: " + failed.message()));
  }

  // Unread bytes would make the kernel reset the connection, and the client might never see the answer.
  Task<void> linger() {
    error_code failed;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, failed);
    stream_.expires_after(kLingerTime);
    std::array<char, 4096> bytes;
    while (!failed) {
      co_await stream_.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, failed));
    }
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{kMaxAhead};
  HttpContext& context_;
  Cancel stop_;
  Signal changed_;
  std::string peer_;
  IdleClients::Place place_;
  // Of the request that is answered now.
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool head_only_ = false;
  std::string origin_;  // the request's origin, if it is allowed
  LoggedRequest asked_;
  Deadline asked_at_;
  bool reading_ = false;
  bool answered_ = false;
  bool watching_ = false;
  bool sending_ = false;
  // Of the whole connection.
  bool over_ = false;    // the client sends no more
  bool linger_ = false;  // the client may still be sending
};

}  // namespace

Task<void> serve_connection(asio::ip::tcp::socket socket, HttpContext& context, Cancel stop) {
  const auto connection = std::make_shared<HttpConnection>(std::move(socket), context, std::move(stop));
  co_await connection->serve();
}

}  // namespace dind::frontends::http

#include "frontends/http/response.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <ctime>

#include "support/clock.hpp"

namespace dind::frontends::http {

using namespace std::chrono_literals;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr auto kReplyTime = 60s;

std::string date() {
  const std::time_t now = unix_now();
  std::tm parts{};
  gmtime_r(&now, &parts);
  char line[40];
  std::strftime(line, sizeof line, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return line;
}

template <typename Response>
void set_fields(Response& response, const std::string& type, const ResponseOptions& options) {
  response.set(bhttp::field::date, date());
  response.set(bhttp::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  if (!type.empty()) response.set(bhttp::field::content_type, type);
  if (!options.allowed_origin.empty()) {
    response.set(bhttp::field::access_control_allow_origin, options.allowed_origin);
    response.set(bhttp::field::vary, "Origin");
  }
  response.keep_alive(options.keep_alive);
}

}  // namespace

Task<error_code> write_reply(beast::tcp_stream& stream, Reply reply, ResponseOptions options) {
  const bool no_content = reply.status == 204;
  const bool no_body = options.without_body || no_content;
  bhttp::response<bhttp::string_body> response;
  response.version(options.version);
  response.result(static_cast<unsigned>(reply.status));
  set_fields(response, no_content ? "" : reply.type, options);
  for (const auto& [name, value] : reply.fields) response.set(name, value);
  if (!no_content) response.content_length(reply.body.size());
  if (!no_body) response.body() = std::move(reply.body);
  bhttp::response_serializer<bhttp::string_body> serializer(response);
  error_code failed;
  const auto token = [&failed] { return asio::redirect_error(asio::use_awaitable, failed); };
  stream.expires_after(kReplyTime);
  if (no_body)
    co_await bhttp::async_write_header(stream, serializer, token());
  else
    co_await bhttp::async_write(stream, serializer, token());
  co_return failed;
}

Task<error_code> write_continue(beast::tcp_stream& stream) {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  error_code failed;
  stream.expires_after(kReplyTime);
  co_await asio::async_write(stream, asio::buffer(kContinue), asio::redirect_error(asio::use_awaitable, failed));
  co_return failed;
}

Task<error_code> write_events(beast::tcp_stream& stream, std::shared_ptr<EventQueue> events, ResponseOptions options) {
  error_code failed;
  const auto token = [&failed] { return asio::redirect_error(asio::use_awaitable, failed); };
  const bool chunked = options.version == 11;
  bhttp::response<bhttp::empty_body> head(bhttp::status::ok, options.version);
  set_fields(head, "text/event-stream; charset=utf-8", options);
  head.set("X-Accel-Buffering", "no");  // without this, nginx delays the events
  if (chunked) head.chunked(true);
  bhttp::response_serializer<bhttp::empty_body> serializer(head);
  co_await bhttp::async_write_header(stream, serializer, token());
  while (!failed) {
    const auto piece = co_await events->next();
    if (!piece) break;
    if (chunked)
      co_await asio::async_write(stream, bhttp::make_chunk(asio::buffer(piece->bytes)), token());
    else
      co_await asio::async_write(stream, asio::buffer(piece->bytes), token());
  }
  if (!failed && chunked) co_await asio::async_write(stream, bhttp::make_chunk_last(), token());
  if (failed) events->abandon();
  co_return failed;
}

}  // namespace dind::frontends::http

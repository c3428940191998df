#include "frontends/http/exchange.hpp"

#include "frontends/http/request_head.hpp"
#include "frontends/http/routes.hpp"
#include "frontends/shared/memory_budget.hpp"
#include "support/text/lower.hpp"
#include "support/units.hpp"

namespace dind::frontends::http {
namespace {

Reply too_large(std::size_t max_body) {
  return detail(413, "The body is larger than " + format_bytes(static_cast<std::int64_t>(max_body)) +
                         ", the max (serve.maxBody)");
}

Reply token_missing() {
  auto reply = detail(401, "Send the token: Authorization: Bearer TOKEN");
  reply.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"dind-executor\"");
  return reply;
}

// The reply to a request that is refused before its body is read, or that has none. nullopt: it is accepted.
std::optional<Reply> refuse_before_body(const ReceivedHead& received, const std::string& path, const Gate& gate,
                                        std::size_t max_body) {
  const RequestHead& head = received.head;
  if (head.method == "OPTIONS") return options_reply(path, head.origin && gate.allows_origin(*head.origin));
  if (token_policy(path) == TokenPolicy::required && !gate.authenticate(head)) return token_missing();
  if (auto refused = refuse_route(head.method, path)) return refused;
  if (received.is_too_large) return too_large(max_body);
  if (head.method == "POST") {
    if (!is_json(head.content_type)) return detail(415, "Send JSON: Content-Type: application/json");
    if (!head.content_encoding.empty()) return detail(415, "Send the body as it is, without Content-Encoding");
  }
  return std::nullopt;
}

}  // namespace

bool stop_ends(Phase phase) { return phase == Phase::reading_head || phase == Phase::reading_body; }

Phase after_reply(bool keep_alive, bool stopped) {
  return keep_alive && !stopped ? Phase::reading_head : Phase::closing;
}

Checked check(const ReceivedHead& received, const Gate& gate, std::size_t max_body) {
  if (!received.has_unambiguous_length)
    return Refusal{detail(400, "The length of the request's body is ambiguous"), true};
  // What follows a refused request may not be what the parser takes it for.
  const auto refuse = [&](Reply reply) {
    const bool close = received.has_unread_body || reply.status >= 400;
    return Refusal{std::move(reply), close};
  };
  if (auto refused = gate.refuse_host_or_origin(received.head)) return refuse(std::move(*refused));
  const auto target = *parse_request_target(received.head.target);
  if (auto refused = refuse_before_body(received, target.path, gate, max_body)) return refuse(std::move(*refused));
  Accepted accepted{.target = target, .is_probe = token_policy(target.path) == TokenPolicy::not_needed};
  if (!received.has_unread_body) return accepted;
  accepted.next = Phase::reading_body;
  if (received.expect) {
    if (lower(*received.expect) != "100-continue") return refuse(detail(417, "Expect supports only 100-continue"));
    accepted.send_continue = received.head.version == 11;
  }
  return accepted;
}

std::optional<Reply> reply_to(ReadFault fault, std::size_t max_body, const std::string& what) {
  switch (fault) {
    case ReadFault::gone:
      return std::nullopt;
    case ReadFault::no_memory:
      return detail(no_room_for_body(), kNoRoomForBodyStatus);
    case ReadFault::header_too_large:
      return detail(431, "The request's header is larger than 16 KiB, the max");
    case ReadFault::body_too_large:
      return too_large(max_body);
    case ReadFault::not_http:
      return detail(400, "The request is not HTTP/1.1: " + what);
  }
  return std::nullopt;
}

}  // namespace dind::frontends::http

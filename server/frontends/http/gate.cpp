#include "frontends/http/gate.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "frontends/http/routes.hpp"
#include "support/text/lower.hpp"
#include "support/text/shortened.hpp"
#include "wire/error_codec.hpp"
#include "wire/json_text.hpp"

namespace dind::frontends::http {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view value) {
  return std::ranges::find(list, value) != list.end();
}

bool is_loopback(std::string_view name) {
  if (name == "localhost" || name == "::1") return true;
  // 127.0.0.0/8 with all four numbers. A name such as 127.example is not in it.
  return name.starts_with("127.") && std::ranges::count(name, '.') == 3 &&
         std::ranges::all_of(name, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

Reply other_origin() {
  return detail(403,
                "Requests from pages of this origin are refused; the operator allows an origin with --allow-origin or "
                "serve.origins");
}

}  // namespace

Reply detail(int status, std::string_view message) {
  const auto code = status == 404 || status == 405 ? ErrorCode::not_found
                    : status >= 500                ? ErrorCode::internal
                                                   : ErrorCode::invalid_request;
  nlohmann::json body{{"detail", message},
                      {"error", {{"kind", to_string(code)}, {"message", message}, {"httpStatus", status}}}};
  return {.status = status, .body = one_line(body)};
}

Reply detail(const Error& error) { return detail(error, http_status(error.code)); }

Reply detail(const Error& error, int status) {
  nlohmann::json body{{"detail", error.message}, {"error", error_json(error, status)}};
  Reply reply{.status = status, .body = one_line(body)};
  if (const auto seconds = retry_after(error.code)) reply.fields.emplace_back("Retry-After", std::to_string(*seconds));
  return reply;
}

std::optional<RequestTarget> parse_request_target(std::string_view sent) {
  RequestTarget parsed;
  std::string target(sent);
  constexpr std::string_view kScheme = "http://";
  if (lower(target.substr(0, kScheme.size())) == kScheme) {
    target.erase(0, kScheme.size());
    const auto end = std::min(target.find_first_of("/?"), target.size());
    parsed.host = target.substr(0, end);
    target.erase(0, end);
    if (!target.starts_with('/')) target.insert(0, 1, '/');
  }
  if (!target.starts_with('/') && target != "*") return std::nullopt;
  const auto query = std::min(target.find('?'), target.size());
  parsed.path = target.substr(0, query);
  if (query < target.size()) parsed.query = target.substr(query + 1);
  return parsed;
}

std::optional<std::string> host_name(std::string_view host) {
  std::string_view name = host;
  std::string_view port;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    name = host.substr(1, end - 1);
    port = host.substr(end + 1);
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    name = host.substr(0, colon);
    port = host.substr(colon);
  }
  const bool good_port =
      port.empty() || (port.starts_with(':') && port.size() <= 6 &&
                       std::ranges::all_of(port.substr(1), [](char c) { return c >= '0' && c <= '9'; }));
  if (name.empty() || !good_port) return std::nullopt;
  return lower(name);
}

Gate::Gate(GatePolicy policy) : policy_(std::move(policy)) {
  for (auto& host : policy_.hosts) host = lower(host);
}

void Gate::add_host(std::string_view name) { policy_.hosts.push_back(lower(name)); }

bool Gate::allows_origin(std::string_view origin) const { return holds(policy_.origins, origin); }

std::optional<Reply> Gate::refuse_host_or_origin(const RequestHead& head) const {
  const auto target = parse_request_target(head.target);
  if (!target) return detail(400, "The request's target is not a path");
  // HTTP/1.0 has no Host field. Load balancers send their health checks this way.
  const bool any_name = !policy_.tokens.empty() || token_policy(target->path) == TokenPolicy::not_needed;
  if (head.hosts.size() > 1 || (head.hosts.empty() && (head.version > 10 || !any_name)))
    return detail(400, "A request must have exactly one Host field");
  if (any_name && head.origin && !allows_origin(*head.origin)) return other_origin();
  if (any_name) return std::nullopt;
  for (const auto& host : {std::optional(head.hosts.front()), target->host}) {
    if (!host) continue;
    const auto name = host_name(*host);
    if (!name) return detail(400, "The Host field is not a host name");
    if (!is_loopback(*name) && !holds(policy_.hosts, *name))
      return detail(403, "The host name " + shortened(*name, 80) +
                             " is not one of this server's; the operator adds it with --allow-host or serve.hosts");
  }
  if (head.origin && !allows_origin(*head.origin)) return other_origin();
  return std::nullopt;
}

std::optional<Caller> Gate::authenticate(const RequestHead& head) const {
  if (policy_.tokens.empty()) return Caller{.client = "http", .is_operator = true};
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view given = head.authorization ? std::string_view(*head.authorization) : std::string_view();
  if (lower(given.substr(0, kScheme.size())) != kScheme) return std::nullopt;
  auto token = given.substr(kScheme.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  return policy_.tokens.find(token);
}

}  // namespace dind::frontends::http

// Decides who may ask, before a body is read: by the name of the server, the origin of the page, and the token. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontends/http/message.hpp"
#include "frontends/http/tokens.hpp"

namespace dind::frontends::http {

struct GatePolicy {
  std::vector<std::string> hosts;    // besides the loopback names and the listening address
  std::vector<std::string> origins;  // "https://app.example": pages that may send requests
  Tokens tokens;                     // empty: clients need no token
};

class Gate {
 public:
  explicit Gate(GatePolicy policy);
  // The answer to a request for a host name that is not the server's, or from a page that may not ask.
  // Names matter only without tokens: a web page can reach the server through a name of its own, but
  // it has no token. A request that needs no token may use any name.
  std::optional<Reply> refuse_host_or_origin(const RequestHead& head) const;
  // Who asks. nullopt: a caller who may not ask.
  std::optional<Caller> authenticate(const RequestHead& head) const;
  void add_host(std::string_view name);
  // From now on, these tokens are valid.
  void take_tokens(Tokens tokens) { policy_.tokens = std::move(tokens); }
  bool allows_origin(std::string_view origin) const;

 private:
  GatePolicy policy_;
};

// Splits a target, also one in absolute form, into host, path and query. nullopt: not a target that a server accepts.
struct RequestTarget {
  std::optional<std::string> host;  // only if the target has a host
  std::string path;
  std::string query;
};
std::optional<RequestTarget> parse_request_target(std::string_view target);

// "LocalHost:8000" → "localhost", "[::1]:8000" → "::1". nullopt: not a host.
std::optional<std::string> host_name(std::string_view host);

}  // namespace dind::frontends::http

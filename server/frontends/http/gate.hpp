// Who may ask, told before a body is read: the name that the server is called by, the page that asks, the token. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontends/http/message.hpp"
#include "frontends/http/tokens.hpp"

namespace dind::frontends::http {

// Whether it is asked whether we are there: without a token, by any name.
bool is_probe(std::string_view path);

struct GatePolicy {
  std::vector<std::string> hosts;    // besides the loopback's names and the address that it listens on
  std::vector<std::string> origins;  // "https://app.example": pages that may ask
  Tokens tokens;                     // none: nobody needs one
};

class Gate {
 public:
  explicit Gate(GatePolicy policy);
  // A request for another name than ours, or from a page that may not ask: what to answer. Names matter without a token
  // only: a web page can reach us through a name of its own, and has no token. A probe may call us as it likes.
  std::optional<Reply> refuse_host_or_origin(const RequestHead& head) const;
  // Who asks; nullopt: nobody who may.
  std::optional<Caller> caller_of(const RequestHead& head) const;
  void add_host(std::string_view name);
  // From now on these may ask.
  void take_tokens(Tokens tokens) { policy_.tokens = std::move(tokens); }
  bool allows_origin(std::string_view origin) const;

 private:
  GatePolicy policy_;
};

// Host and target, told apart from the target's absolute form. nullopt: no target that a server takes.
struct Place {
  std::optional<std::string> host;  // of the target, where it has one
  std::string path;
  std::string query;
};
std::optional<Place> place_of(std::string_view target);

// "LocalHost:8000" → "localhost", "[::1]:8000" → "::1"; nullopt: it is none.
std::optional<std::string> host_name(std::string_view host);

}  // namespace dind::frontends::http

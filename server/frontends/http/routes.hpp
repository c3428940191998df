// The routes of the HTTP frontend (docs/http.md): one table, and what follows from it. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "frontends/http/message.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::frontends::http {

class Handlers;

// `not_needed`: the path only tells whether the server is alive or ready. Such a request may also use any host name.
enum class TokenPolicy { required, not_needed };

struct Route {
  std::string_view method;  // a path with GET also takes HEAD; every path takes OPTIONS
  std::string_view path;    // a part in braces stands for one part of a path: "/runs/{id}"
  TokenPolicy token = TokenPolicy::required;
  std::string_view operation_id;  // in openapi.json
  Task<Answer> (Handlers::*handle)(Request request, Cancel gone) = nullptr;
};
std::span<const Route> routes();

// The text of the part in braces; empty if the pattern has none. nullopt: the path does not match.
std::optional<std::string> match_path(std::string_view pattern, std::string_view path);

// The route of a request. `HEAD` is not a method here: it gets the reply of GET without its body.
struct FoundRoute {
  const Route* route = nullptr;
  std::string id;  // the part in braces
};
std::optional<FoundRoute> find_route(std::string_view method, std::string_view path);

// For a path that does not exist, a token is required: without one, nobody learns which paths exist.
TokenPolicy token_policy(std::string_view path);

// The methods of a path, in the form of an Allow field. "*": those of all paths. Empty: the path does not exist.
std::string allowed_methods(std::string_view path);

// 404 for a path that does not exist, 405 with `Allow` for a method that the path does not take. nullopt: neither.
std::optional<Reply> refuse_route(std::string_view method, std::string_view path);

// The reply to OPTIONS. `of_page`: a web page of an allowed origin asks what it may send (CORS).
Reply options_reply(std::string_view path, bool of_page);

}  // namespace dind::frontends::http

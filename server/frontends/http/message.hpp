// HTTP requests and replies as values, as the routes see them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dind/caller.hpp"
#include "wire/run_spec_codec.hpp"

namespace dind::frontends::http {

// What is known about a request before its body is read.
struct RequestHead {
  std::string method;
  std::string target;              // as sent: "/runs?limit=3", possibly after scheme and host
  std::vector<std::string> hosts;  // the Host fields
  std::optional<std::string> origin;
  std::optional<std::string> authorization;
  std::string content_type;
  std::string content_encoding;
  std::string accept;
  bool has_body = false;
  unsigned version = 11;  // HTTP version: 10 or 11
};

// A request that the gate accepted.
struct Request {
  std::string method;
  std::string path;
  std::string query;
  std::string id;             // the part of the path that the route has in braces
  bool wants_events = false;  // Accept: text/event-stream
  std::string body;
  Caller caller;
};

struct Reply {
  int status = 200;
  std::string body;
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> fields;  // added to the fields of every reply
  std::shared_ptr<void> hold;                               // released when the reply has been written
};

// RunRequest: a run whose events the connection sends piece by piece.
using Answer = std::variant<Reply, RunRequest>;

// { detail, error: { kind, message, httpStatus } }, and Retry-After if a second try may help.
Reply detail(int status, std::string_view message);
Reply detail(const Error& error);
Reply detail(const Error& error, int status);

}  // namespace dind::frontends::http

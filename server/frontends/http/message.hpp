// Requests and replies of HTTP as values: what the routes see of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "frontends/run_request_json.hpp"

namespace dind::frontends::http {

// What is known of a request before its body is read.
struct RequestHead {
  std::string method;
  std::string target;              // as sent: "/runs?limit=3", or with scheme and host before it
  std::vector<std::string> hosts;  // the Host fields
  std::optional<std::string> origin;
  std::optional<std::string> authorization;
  std::string content_type;
  std::string content_encoding;
  std::string accept;
  bool has_body = false;
  unsigned version = 11;  // of HTTP: 10 or 11
};

// Who asks. An operator sees and ends every run; anyone else only its own.
struct Caller {
  std::string name;  // as the queue and the history tell clients apart; never the token
  bool is_operator = false;
  // Whose runs it sees; nullopt: everyone's.
  std::optional<std::string> sees() const { return is_operator ? std::nullopt : std::optional(name); }
};

// One that was let in.
struct Request {
  std::string method;
  std::string path;
  std::string query;
  bool wants_events = false;  // Accept: text/event-stream
  std::string body;
  Caller caller;
};

struct Reply {
  int status = 200;
  std::string body;
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> fields;  // besides those that every reply has
  std::shared_ptr<void> hold;                               // to be let go when the reply has gone out
};

// A run whose events are to be sent is answered by the connection, piece by piece.
using Answer = std::variant<Reply, RunRequest>;

// { detail, error: { kind, message, httpStatus } }, and Retry-After where trying again may help.
Reply detail(int status, std::string_view message);
Reply detail(const Error& error);
Reply detail(const Error& error, int status);

}  // namespace dind::frontends::http

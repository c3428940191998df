// One HTTP request and its reply as phases and decisions. Pure: the connection does the I/O that they ask for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>

#include "frontends/http/gate.hpp"
#include "frontends/http/message.hpp"

namespace dind::frontends::http {

enum class Phase { reading_head, checking, reading_body, running, writing, closing };

// A stop of the server ends a connection that reads. In any other phase, the reply is written first.
bool stop_ends(Phase phase);
// The phase after a reply.
Phase after_reply(bool keep_alive, bool stopped);

// What is known when the head has been read.
struct ReceivedHead {
  RequestHead head;
  bool has_unambiguous_length = true;
  bool is_too_large = false;          // the body exceeds the bound
  bool has_unread_body = false;       // bytes of the request are still to be read
  std::optional<std::string> expect;  // the field Expect
};

// The request is answered without its body and without a handler. `close`: where the next request begins is not known.
struct Refusal {
  Reply reply;
  bool close = false;
};
struct Accepted {
  RequestTarget target;
  bool is_probe = false;
  Phase next = Phase::running;  // or reading_body
  bool send_continue = false;   // the client waits for "100 Continue" before it sends the body
};
using Checked = std::variant<Refusal, Accepted>;
Checked check(const ReceivedHead& received, const Gate& gate, std::size_t max_body);

// Why a request could not be read to its end.
enum class ReadFault {
  gone,       // the client has gone, or is too slow
  no_memory,  // other bodies use the memory
  header_too_large,
  body_too_large,
  not_http,
};
// The reply, after which the connection is closed. nullopt: nobody reads a reply. `what`: what the parser says.
std::optional<Reply> reply_to(ReadFault fault, std::size_t max_body, const std::string& what = {});

}  // namespace dind::frontends::http

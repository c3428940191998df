// Writes replies and streams of events to a client.
#pragma once

#include <boost/beast/core/tcp_stream.hpp>
#include <memory>
#include <string>

#include "frontends/http/event_queue.hpp"
#include "frontends/http/message.hpp"
#include "support/async/task.hpp"

namespace dind::frontends::http {

// What a response takes from its request.
struct ResponseOptions {
  unsigned version = 11;  // HTTP version: 10 or 11
  bool keep_alive = false;
  bool without_body = false;   // the request was HEAD
  std::string allowed_origin;  // empty: no web page of another origin asked
};

// The functions write to `stream`, which must outlive the call, and return its error. At most 60 s without progress.
Task<boost::system::error_code> write_reply(boost::beast::tcp_stream& stream, Reply reply, ResponseOptions options);
Task<boost::system::error_code> write_continue(boost::beast::tcp_stream& stream);

// Writes events until the queue is closed. After an error, abandons the queue. Sets no deadline.
Task<boost::system::error_code> write_events(boost::beast::tcp_stream& stream, std::shared_ptr<EventQueue> events,
                                             ResponseOptions options);

}  // namespace dind::frontends::http

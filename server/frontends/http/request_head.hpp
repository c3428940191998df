// From a message's header to what the gate and the routes look at. Pure.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "frontends/http/message.hpp"

namespace dind::frontends::http {

using HttpMessage = boost::beast::http::request<boost::beast::http::string_body>;

RequestHead head_of(const HttpMessage& message, bool has_body);

// Whether where the body ends can be read in one way only (RFC 9112, 6.1 and 6.3); the parser is more lenient.
bool has_unambiguous_length(const HttpMessage& message);

// Whether a Content-Type says JSON, whatever its parameters.
bool is_json(std::string_view content_type);

}  // namespace dind::frontends::http

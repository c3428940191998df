// Reads from a message's header what the gate and the routes need. Pure.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "frontends/http/message.hpp"

namespace dind::frontends::http {

using HttpMessage = boost::beast::http::request<boost::beast::http::string_body>;

RequestHead head_of(const HttpMessage& message, bool has_body);

// Whether the end of the body can be read in only one way (RFC 9112, 6.1 and 6.3). The parser is more lenient.
bool has_unambiguous_length(const HttpMessage& message);

// Whether a Content-Type is JSON, with any parameters.
bool is_json(std::string_view content_type);

}  // namespace dind::frontends::http

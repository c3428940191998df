// Reads the Accept field of a request (RFC 9110, 12.5.1).
#pragma once

#include <string_view>

namespace dind::frontends::http {

// Whether to answer with events: the field names text/event-stream, with a weight above 0 that is not below the weight
// of application/json (if the field names it). A wildcard means JSON.
bool accepts_events(std::string_view accept);

}  // namespace dind::frontends::http

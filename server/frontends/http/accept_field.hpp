// The Accept field of a request (RFC 9110, 12.5.1).
#pragma once

#include <string_view>

namespace dind::frontends::http {

// Whether events are to answer: text/event-stream is named, its weight is more than 0, and no less than that of
// application/json where that is named too. Wildcards stand for JSON.
bool accepts_events(std::string_view accept);

}  // namespace dind::frontends::http

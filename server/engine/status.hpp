// Makes an Error from each failure of the engine: no answer, an HTTP status, a reply that cannot be understood. No
// other file does this.
#pragma once

#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "engine/endpoint.hpp"

namespace dind::engine {

enum class CallKind {
  general,
  image_pull,  // a registry may refuse with any status: image_unavailable
};

// For status 300 and above. `body` is the body of the reply; a healthy engine sends {"message":"…"}. 404 → not_found
// (missing image: image_unavailable) · others → engine_error. engine_status is always set.
Error status_error(const Endpoint& endpoint, std::string_view what, int status, std::string_view body,
                   CallKind kind = CallKind::general);

// Nothing answers: "The engine at tcp://dind:2375 does not answer (connection refused) to 'ping'. Is the dind service
// up? …"
Error no_answer(const Endpoint& endpoint, std::string_view what, std::string_view reason);
// The same, from the errno of a connect().
Error no_connection(const Endpoint& endpoint, std::string_view what, int error_number);

// The TLS connection failed; `reason` is the library's text. Adds what to do about it.
Error no_tls(const Endpoint& endpoint, std::string_view what, std::string_view reason);

// The connection ended, or was reset, within a reply: engine_unavailable. The engine's words are not wrong, and a
// second try may succeed (R03).
Error connection_broke(const Endpoint& endpoint, std::string_view what);

// The engine answered; `problem` says what is wrong with the reply ("it is not JSON").
Error bad_reply(const Endpoint& endpoint, std::string_view what, std::string_view problem);

// An image could not be pulled; `reason` is the engine's own text. Adds what to do about it.
Error pull_error(const Endpoint& endpoint, const std::string& image, std::string_view reason, int engine_status);

// The Error for a build on Podman; `version` is Podman's.
Error podman_refused(const Endpoint& endpoint, const std::string& version);

}  // namespace dind::engine

// The one place where an engine's failure becomes an Error: no answer, an HTTP status, a reply that can't be
// understood.
#pragma once

#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "engine/endpoint.hpp"

namespace dind::engine {

enum class CallKind {
  general,
  image_pull,  // the registry's refusals come with every status: image_unavailable
};

// Status 300 and above. `body` is the reply's, {"message":"…"} where the engine is in good health.
// 404 → not_found (for a missing image: image_unavailable) · the rest → engine_error. Always with engine_status.
Error status_error(const Endpoint& endpoint, std::string_view what, int status, std::string_view body,
                   CallKind kind = CallKind::general);

// Nothing answers: "The engine at tcp://dind:2375 does not answer (connection refused) to 'ping'. Is the dind service
// up? …"
Error no_answer(const Endpoint& endpoint, std::string_view what, std::string_view reason);
// The same, from the error number of a connect.
Error no_connection(const Endpoint& endpoint, std::string_view what, int error_number);

// TLS does not come about; `reason` is what the library says. Adds what to do about it.
Error no_tls(const Endpoint& endpoint, std::string_view what, std::string_view reason);

// The connection ended, or was reset, in the midst of a reply: engine_unavailable. Nothing is wrong with the engine's
// words, and a second try may succeed (R03).
Error connection_broke(const Endpoint& endpoint, std::string_view what);

// The engine answered, and `problem` is what is wrong with the answer ("it is not JSON").
Error bad_reply(const Endpoint& endpoint, std::string_view what, std::string_view problem);

// An image could not be pulled; `reason` is the engine's own text. Adds what to do about it.
Error pull_error(const Endpoint& endpoint, const std::string& image, std::string_view reason, int engine_status);

// The error of a call that would run or make something on Podman; `version`: Podman's.
Error podman_refused(const Endpoint& endpoint, const std::string& version);

}  // namespace dind::engine

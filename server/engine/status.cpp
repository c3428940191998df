#include "engine/status.hpp"

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "engine/text.hpp"
#include "support/io/descriptors.hpp"
#include "support/io/disk_full.hpp"

namespace dind::engine {
namespace {

std::string engine_message(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_object()) {
    // Docker sends "message"; Podman sends "cause" too.
    if (const auto it = json.find("message"); it != json.end() && it->is_string())
      return one_line(it->get<std::string>());
    if (const auto it = json.find("cause"); it != json.end() && it->is_string())
      return one_line(it->get<std::string>());
  }
  const std::string text = one_line(body, 200);
  return text.empty() ? "(no message)" : text;
}

std::string whereabouts(const Endpoint& endpoint) {
  const std::string choice = engine_choice(endpoint);
  if (endpoint.origin.empty() || endpoint.origin == "default") return "name another engine by " + choice;
  std::string text = "correct " + endpoint.origin + ", which gave this address";
  if (!endpoint.choice.empty() && endpoint.choice != endpoint.origin) text += ", or name another engine by " + choice;
  return text;
}

// If no address was given, Docker may not be installed at all.
Error no_socket(const Endpoint& endpoint, std::string_view what) {
  const bool chosen = !endpoint.origin.empty() && endpoint.origin != "default";
  return {ErrorCode::engine_unavailable,
          "The engine at " + endpoint.address + " does not answer (no such socket) to '" + std::string(what) + "'. " +
              (chosen ? "Docker may not run, or it may be at another address: start it, or "
                      : "Docker may not be installed here, or may not run: install it or start it, or ") +
              whereabouts(endpoint) + "."};
}

}  // namespace

Error status_error(const Endpoint& endpoint, std::string_view what, int status, std::string_view body, CallKind kind) {
  const std::string text = engine_message(body);
  std::string message = "The engine at " + endpoint.address + " answered " + std::to_string(status) + " to '" +
                        std::string(what) + "': " + text;
  ErrorCode code = status == 404 ? ErrorCode::not_found : ErrorCode::engine_error;
  if (kind == CallKind::image_pull || (status == 404 && has_any(text, {"No such image", "no such image"})))
    code = ErrorCode::image_unavailable;
  // Leave out the engine's text, because it contains paths of its machine. A pull has its own remedy.
  if (kind != CallKind::image_pull && says_disk_full(text))
    message = "The engine at " + endpoint.address + " has no space left on its disk (it answered " +
              std::to_string(status) + " to '" + std::string(what) + "'): " + kFreeEngineDisk;
  // What the runtime says of a program's own file system or memory is not the engine's.
  if (kind != CallKind::image_pull && status >= 500 && !text.contains("OCI runtime")) {
    const std::string answered = " (it answered " + std::to_string(status) + " to '" + std::string(what) + "'): ";
    if (text.contains("read-only file system"))
      message = "The engine at " + endpoint.address + " can't write to its disk, which is read-only" + answered +
                "check that disk on the engine's machine (`dmesg`), mount it for writing, and restart the engine";
    if (text.contains("cannot allocate memory"))
      message = "The engine at " + endpoint.address + " has no memory left" + answered +
                "free memory on the engine's machine, or end other containers there (`docker stats`), then try again";
  }
  if (text.contains("HTTP request to an HTTPS server"))
    message += " Set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem.";
  return {code, std::move(message), status};
}

Error no_answer(const Endpoint& endpoint, std::string_view what, std::string_view reason) {
  std::string message = "The engine at " + endpoint.address + " does not answer (" + std::string(reason) + ") to '" +
                        std::string(what) + "'. ";
  if (endpoint.kind == Endpoint::Kind::tcp) {
    message += endpoint.host == "dind" || endpoint.host == "docker"
                   ? "Is the " + endpoint.host + " service up? See `docker compose ps` and its log, or "
                   : "Is it up, and can it be reached from here? If it is elsewhere, ";
  } else {
    message += "Is dockerd running? Start it, or ";
  }
  return {ErrorCode::engine_unavailable, message + whereabouts(endpoint) + "."};
}

// K25: the text of the TLS library rarely says what to do.
Error no_tls(const Endpoint& endpoint, std::string_view what, std::string_view reason) {
  const std::string text(reason);
  std::string remedy;
  if (has_any(text, {"wrong version number", "packet length too long", "unexpected eof"}))
    remedy =
        "That port seems to speak plain text: unset DOCKER_TLS_VERIFY and DOCKER_TLS, or name the port with TLS "
        "(usually 2376)";
  else if (has_any(text,
                   {"self-signed", "self signed", "unable to get local issuer", "unable to verify", "unknown ca"}))
    remedy =
        "Its certificate is not signed by an authority that is known here: set DOCKER_CERT_PATH to the folder with its "
        "ca.pem, cert.pem and key.pem";
  else if (has_any(text, {"no alternative certificate subject", "does not match", "hostname mismatch",
                          "IP address mismatch"}))
    remedy = "Its certificate is for another name: use a name that the certificate has";
  else if (has_any(text, {"certificate required", "bad certificate", "handshake failure"}))
    remedy = "It asks for a client's certificate: set DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem";
  else if (has_any(text, {"expired", "not yet valid"}))
    remedy = "Renew its certificate, and check the clock of both machines";
  else
    return no_answer(endpoint, what, "TLS: " + text);
  return {ErrorCode::engine_unavailable, "The engine at " + endpoint.address + " does not answer (TLS: " + text +
                                             ") to '" + std::string(what) + "'. " + remedy + "."};
}

Error no_connection(const Endpoint& endpoint, std::string_view what, int error_number) {
  // The engine is not the cause (R09).
  if (no_descriptors_left(error_number))
    return {ErrorCode::busy,
            "No connection is free for '" + std::string(what) + "' to the engine. " + descriptor_shortage()};
  if (error_number == EACCES || error_number == EPERM)
    return {ErrorCode::engine_unavailable,
            "The engine at " + endpoint.address + " does not answer (permission denied) to '" + std::string(what) +
                "'. This user may not open its socket: add the user to the socket's group (usually docker), or " +
                whereabouts(endpoint) + "."};
  switch (error_number) {
    case ECONNREFUSED:
      return no_answer(endpoint, what, "connection refused");
    case ENOENT:
      return no_socket(endpoint, what);
    case ETIMEDOUT:
      return no_answer(endpoint, what, "no reply to the connection attempt");
    case EHOSTUNREACH:
      return no_answer(endpoint, what, "no route to the host");
    case ENETUNREACH:
      return no_answer(endpoint, what, "the network is unreachable");
    case ECONNRESET:
      return no_answer(endpoint, what, "connection reset");
    case EPIPE:
      return no_answer(endpoint, what, "connection closed");
    default:
      return no_answer(endpoint, what, one_line(std::strerror(error_number)));
  }
}

Error connection_broke(const Endpoint& endpoint, std::string_view what) {
  const std::string when = what == "build image"  ? "while the image was built"
                           : what == "pull image" ? "while the image was pulled"
                                                  : "before the reply to '" + std::string(what) + "' was complete";
  return {ErrorCode::engine_unavailable,
          "The connection to the engine at " + endpoint.address + " broke " + when + ". Run it again"};
}

Error bad_reply(const Endpoint& endpoint, std::string_view what, std::string_view problem) {
  return {ErrorCode::engine_error, "The engine at " + endpoint.address + " answered '" + std::string(what) + "', but " +
                                       one_line(problem) + ". Is it a Docker engine?"};
}

Error pull_error(const Endpoint& endpoint, const std::string& image, std::string_view reason, int engine_status) {
  std::string text = one_line(reason);
  if (text.ends_with('.')) text.pop_back();
  std::string remedy;
  if (has_any(text, {"no space left"})) {
    remedy = "Free disk space on the engine's machine.";
  } else if (has_any(text, {"toomanyrequests", "rate limit"})) {
    remedy = "The registry limits pulls: wait, log in (`docker login`), or use a mirror.";
  } else if (has_any(text, {"unauthorized", "Unauthorized", "denied", "Forbidden", "authentication required",
                            "no basic auth"})) {
    remedy = "Check its name; if it is private, log in with `docker login`.";
  } else if (has_any(text, {"x509", "certificate"})) {
    remedy = "The engine does not trust the registry's certificate: give the engine the CA, then try again.";
  } else if (has_any(text, {"dial tcp", "lookup ", "i/o timeout", "EOF", "connection refused", "proxyconnect",
                            "deadline exceeded", "network is unreachable", "Client.Timeout", "context canceled"})) {
    remedy =
        "The engine can't reach the registry: check its network and proxy, or load the image by hand (`docker load`).";
  } else if (has_any(text, {"no matching manifest"})) {
    remedy = "The image is not built for this engine's architecture.";
  } else if (has_any(text, {"manifest unknown", "not found", "does not exist", "manifest for"})) {
    remedy = "Check the name and the tag.";
  } else {
    remedy = "Check the image's name and the engine's way to the registry.";
  }
  return {ErrorCode::image_unavailable,
          "The engine at " + endpoint.address + " could not pull the image " + one_line(image, 300) + ": " + text +
              ". " + remedy,
          engine_status};
}

Error podman_refused(const Endpoint& endpoint, const std::string& version) {
  return {ErrorCode::engine_error, "The engine at " + endpoint.address + " is Podman " + version +
                                       ", on which dind-executor builds no image: Podman would run the steps in the "
                                       "machine's own network. Name a Docker engine by " +
                                       engine_choice(endpoint)};
}

}  // namespace dind::engine

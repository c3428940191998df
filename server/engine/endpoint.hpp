// Finds the engine's address: explicit setting → DOCKER_HOST → DOCKER_CONTEXT → currentContext in Docker's config.json
// → the default socket.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "dind/error.hpp"

namespace dind::engine {

struct Tls {
  std::string ca_file;    // empty: the system's certificates
  std::string cert_file;  // client certificate and key; empty: no client certificate
  std::string key_file;
  bool verify = true;
};

struct Endpoint {
  enum class Kind { unix_socket, tcp };
  Kind kind = Kind::unix_socket;
  std::string path;  // unix_socket
  std::string host;  // tcp
  std::string port;
  std::optional<Tls> tls;
  std::string address;      // as a person writes it: "unix:///var/run/docker.sock", "tcp://dind:2375"
  std::string origin;       // where the address comes from: "DOCKER_HOST", "context \"x\"", "default"
  std::string choice = {};  // how a person chooses another engine: "--host", "the setting dind.engine.host"
};

// Returns `choice`, or if it is empty the words for a command line: "--host or DOCKER_HOST".
std::string engine_choice(const Endpoint& endpoint);

// Reads files and environment through the two functions, so that a test needs neither. `environment` returns nullopt
// for an unset variable, `read_file` for a missing file. Errors: invalid_request, which names what to fix.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
using ReadFile = std::function<std::optional<std::string>(const std::string&)>;
struct NamedHost {
  std::string address;
  std::string origin;  // its name in messages: "--host"
};
Result<Endpoint> find_endpoint(const std::optional<NamedHost>& named, const Environment& environment,
                               const ReadFile& read_file);

}  // namespace dind::engine

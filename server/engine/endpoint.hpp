// Where the engine is: explicit setting → DOCKER_HOST → DOCKER_CONTEXT → the config's currentContext → the default
// socket.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "dind/error.hpp"

namespace dind::engine {

struct Tls {
  std::string ca_file;    // empty: the system's store
  std::string cert_file;  // client certificate and key; empty: none
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
  std::string origin;       // where it came from: "DOCKER_HOST", "context \"x\"", "default"
  std::string choice = {};  // how a person chooses another engine: "--host", "the setting dind.engine.host"
};

// `choice`, or what a person has at a command line: "--host or DOCKER_HOST".
std::string engine_choice(const Endpoint& endpoint);

// Reads files and environment through the two functions, so that a test needs neither. `environment` gives nullopt for
// an unset variable; `read_file` nullopt for a file that is not there. Errors: invalid_request, naming what to mend.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
using ReadFile = std::function<std::optional<std::string>(const std::string&)>;
struct NamedHost {
  std::string address;
  std::string origin;  // as a message calls it: "--host"
};
Result<Endpoint> find_endpoint(const std::optional<NamedHost>& named, const Environment& environment,
                               const ReadFile& read_file);

}  // namespace dind::engine

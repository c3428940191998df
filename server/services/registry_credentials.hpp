// Who we are at a registry: what `docker login` left in ~/.docker/config.json, or a credential helper
// (docker-credential-NAME) tells. What is secret goes into the header, and nowhere else.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "dind/error.hpp"
#include "support/cancel.hpp"
#include "support/child_process.hpp"
#include "support/task.hpp"

namespace dind {

struct RegistryLogin {
  std::string server;  // as among credentials: kHubServer, "ghcr.io"
  std::string username;
  std::string password;
  std::string identity_token;  // instead of a password
  bool operator==(const RegistryLogin&) const = default;
};
struct CredentialHelper {
  std::string name;    // of docker-credential-NAME
  std::string server;  // what it is asked for
  bool operator==(const CredentialHelper&) const = default;
};
// monostate: nobody logged in there.
using CredentialSource = std::variant<std::monostate, RegistryLogin, CredentialHelper>;

// Where the credentials for `server` are, as docker's own client decides it: credHelpers, else credsStore, else auths.
// Pure. Errors (invalid_request) say what is wrong with the file, and show nothing of it.
Result<CredentialSource> find_credentials(std::string_view config_json, const std::string& server);

// What a helper's `get` said. nullopt: it has none. Pure. Errors (image_unavailable): it failed, or said something
// else.
Result<std::optional<RegistryLogin>> read_helper(const CredentialHelper& helper, const ChildResult& result);

// The value of X-Registry-Auth: base64url of JSON.
std::string registry_auth(const RegistryLogin& login);

class RegistryCredentials {
 public:
  using Variables = std::function<std::optional<std::string>(const std::string& name)>;
  // `variable`: the environment; DOCKER_CONFIG, HOME and PATH are asked for.
  RegistryCredentials(asio::any_io_executor executor, Variables variable);

  struct Answer {
    std::string header;   // X-Registry-Auth; empty: nobody logged in, or it could not be found out
    std::string problem;  // one line for people where it could not; what is public can be pulled all the same
  };
  // For an image of that name. Reads the file anew each time. A helper has 10 s.
  Task<Answer> of(std::string image, Cancel cancel) const;

 private:
  Task<Result<std::optional<RegistryLogin>>> ask(CredentialHelper helper, Cancel cancel) const;

  asio::any_io_executor executor_;
  Variables variable_;
};

}  // namespace dind

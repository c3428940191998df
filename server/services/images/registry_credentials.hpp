// Finds the credentials for a registry: in ~/.docker/config.json, where `docker login` stores them, or from a
// credential helper (docker-credential-NAME). Secrets go into the header, and nowhere else.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "dind/error.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"
#include "support/io/child_process.hpp"

namespace dind {

struct RegistryLogin {
  std::string server;  // as in credential files: kHubServer, "ghcr.io"
  std::string username;
  std::string password;
  std::string identity_token;  // instead of a password
  bool operator==(const RegistryLogin&) const = default;
};
struct CredentialHelper {
  std::string name;    // NAME in docker-credential-NAME
  std::string server;  // the helper is asked for its credentials
  bool operator==(const CredentialHelper&) const = default;
};
// monostate: nobody has logged in to this registry.
using CredentialSource = std::variant<std::monostate, RegistryLogin, CredentialHelper>;

// Where the credentials for `server` are. Docker's own client decides in the same way: credHelpers, else credsStore,
// else auths. Pure. Errors (invalid_request) say what is wrong with the file, and do not quote it.
Result<CredentialSource> find_credentials(std::string_view config_json, const std::string& server);

// Reads the answer of a helper's `get`. nullopt: the helper has no credentials. Pure. Errors (image_unavailable): the
// helper failed, or its answer has another form.
Result<std::optional<RegistryLogin>> read_helper(const CredentialHelper& helper, const ChildResult& result);

// The value of the header X-Registry-Auth: base64url of JSON. Also masks the secrets in the log from now on.
std::string registry_auth(const RegistryLogin& login);

class RegistryCredentials {
 public:
  using Variables = std::function<std::optional<std::string>(const std::string& name)>;
  // `variable`: reads the environment: DOCKER_CONFIG, HOME and PATH.
  RegistryCredentials(asio::any_io_executor executor, Variables variable);

  struct Answer {
    std::string header;   // X-Registry-Auth; empty: nobody has logged in, or `problem` is set
    std::string problem;  // one line: why no credentials could be read; public images can still be pulled
  };
  // The credentials for the image `image`. Reads the file again each time. A helper has 10 s to answer.
  Task<Answer> of(std::string image, Cancel cancel) const;

 private:
  Task<Result<std::optional<RegistryLogin>>> ask(CredentialHelper helper, Cancel cancel) const;

  asio::any_io_executor executor_;
  Variables variable_;
};

}  // namespace dind

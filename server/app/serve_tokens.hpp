// Finds the tokens of `dind-executor serve`.
#pragma once

#include <string>
#include <vector>

#include "app/configuration.hpp"
#include "dind/error.hpp"
#include "frontends/cli/arguments.hpp"
#include "frontends/http/listen_address.hpp"
#include "frontends/http/tokens.hpp"

namespace dind::app {

// A token file that was created for this process. The destructor deletes it.
struct MadeTokenFile {
  std::string path;
  MadeTokenFile() = default;
  MadeTokenFile(const MadeTokenFile&) = delete;
  MadeTokenFile& operator=(const MadeTokenFile&) = delete;
  ~MadeTokenFile();
};

struct ServeTokens {
  std::vector<frontends::http::Token> tokens;  // empty: clients need no token
  std::string file;  // the operator's file, which may change; empty: the tokens do not come from such a file
};

// Returns the configured tokens. Without any, creates one for a loopback address. With `--no-token` there are none.
// Errors (invalid_request): not safe on that address, or a file or variable that should hold tokens holds none.
Result<ServeTokens> find_tokens(const frontends::cli::ServeArguments& arguments, const ServeSettings& settings,
                                const frontends::http::ListenAddress& address, MadeTokenFile& made);

}  // namespace dind::app

// Where the tokens of `dind-executor serve` come from.
#pragma once

#include <string>
#include <vector>

#include "app/configuration.hpp"
#include "dind/error.hpp"
#include "frontends/cli/serve_arguments.hpp"
#include "frontends/http/listen_address.hpp"
#include "frontends/http/tokens.hpp"

namespace dind::app {

// A token file that was made for this process; gone with it.
struct MadeTokenFile {
  std::string path;
  MadeTokenFile() = default;
  MadeTokenFile(const MadeTokenFile&) = delete;
  MadeTokenFile& operator=(const MadeTokenFile&) = delete;
  ~MadeTokenFile();
};

struct ServeTokens {
  std::vector<frontends::http::Token> tokens;  // none: nobody needs one
  std::string file;                            // the operator's, which may change; empty: they come from elsewhere
};

// Those that were given, else one that is made, else none. Errors (invalid_request): not safe on that address, or no
// tokens where some were promised.
Result<ServeTokens> find_tokens(const frontends::cli::ServeArguments& arguments, const ServeSettings& settings,
                                const frontends::http::ListenAddress& address, MadeTokenFile& made);

}  // namespace dind::app

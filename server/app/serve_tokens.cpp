#include "app/serve_tokens.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "services/history/history.hpp"
#include "support/wrong.hpp"

namespace dind::app {

using namespace dind::frontends;

namespace {

Result<ServeTokens> of_file(const std::string& path) {
  auto tokens = http::read_token_file(path);
  if (!tokens) return std::unexpected(tokens.error());
  return ServeTokens{.tokens = std::move(*tokens), .file = path};
}

}  // namespace

MadeTokenFile::~MadeTokenFile() {
  if (!path.empty()) ::unlink(path.c_str());
}

Result<ServeTokens> find_tokens(const cli::ServeArguments& arguments, const ServeSettings& settings,
                                const http::ListenAddress& address, MadeTokenFile& made) {
  if (arguments.no_token) {
    if (address.loopback) return ServeTokens{};
    return wrong(
        "--no-token is for a loopback address only: listen on 127.0.0.1, or give a token with --token-file or "
        "DIND_TOKEN");
  }
  if (arguments.token_file) return of_file(*arguments.token_file);
  if (const char* token = std::getenv("DIND_TOKEN"); token != nullptr && *token != '\0') {
    auto tokens = http::parse_tokens(token, "DIND_TOKEN");
    if (!tokens) return std::unexpected(tokens.error());
    return ServeTokens{.tokens = std::move(*tokens), .file = {}};
  }
  if (!settings.token_file.empty()) return of_file(settings.token_file);
  if (!address.loopback)
    return wrong("Others can reach " + http::url_of(address) +
                 ": give a token with --token-file, DIND_TOKEN or serve.tokenFile, or listen on 127.0.0.1");
  const auto history = history_path({});
  if (history.empty())
    return wrong("No folder is known for a token file: set HOME, or give a token with --token-file or DIND_TOKEN");
  auto token = http::make_token_file(std::filesystem::path(history).parent_path(), address.port);
  if (!token) return std::unexpected(token.error());
  made.path = token->path;
  // Only the user who starts the server can read the file, so its token is an operator's.
  return ServeTokens{.tokens = {{.text = token->token, .is_operator = true}}, .file = {}};
}

}  // namespace dind::app

// `dind-executor serve` and `dind-executor rpc` on the command line.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"

namespace CLI {
class App;
}

namespace dind::frontends::cli {

// What is not named comes from the configuration (`serve.*`).
struct ServeArguments {
  std::optional<std::string> socket;    // the unix socket's path
  std::optional<unsigned> socket_mode;  // 0600
  std::optional<std::string> listen;    // "127.0.0.1:8000"
  std::optional<std::string> token_file;
  bool no_token = false;
  bool access_log = false;
  std::vector<std::string> hosts;
  std::vector<std::string> origins;
};
// JSON-RPC on stdin and stdout.
struct RpcArguments {};

// "0660", "660": permissions of a file.
Result<unsigned> parse_mode(const std::string& text);

// The commands `serve` and `rpc` in `app`, and what they were given once `app` has parsed.
class ServeOptions {
 public:
  ServeOptions(CLI::App& app, const std::function<void(CLI::App&)>& add_global);
  ~ServeOptions();
  ServeOptions(const ServeOptions&) = delete;
  ServeOptions& operator=(const ServeOptions&) = delete;

  const CLI::App* serve() const;
  const CLI::App* rpc() const;
  // Errors (invalid_request): one line that names the remedy.
  Result<ServeArguments> arguments() const;

 private:
  struct Raw;
  std::unique_ptr<Raw> raw_;
};

}  // namespace dind::frontends::cli

// Arguments of `dind-executor serve` and `dind-executor rpc`.
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

// Values that are not given come from the configuration (`serve.*`).
struct ServeArguments {
  std::optional<std::string> socket;    // path of the Unix socket
  std::optional<unsigned> socket_mode;  // 0600
  std::optional<std::string> listen;    // "127.0.0.1:8000"
  std::optional<std::string> token_file;
  bool no_token = false;
  bool access_log = false;
  std::vector<std::string> hosts;
  std::vector<std::string> origins;
};
// Serves JSON-RPC on stdin and stdout.
struct RpcArguments {};

// Parses the permissions of a file: "0660", "660".
Result<unsigned> parse_mode(const std::string& text);

// Adds the commands `serve` and `rpc` to `app`, and returns their arguments after `app` has parsed.
class ServeOptions {
 public:
  ServeOptions(CLI::App& app, const std::function<void(CLI::App&)>& add_global);
  ~ServeOptions();
  ServeOptions(const ServeOptions&) = delete;
  ServeOptions& operator=(const ServeOptions&) = delete;

  const CLI::App* serve() const;
  const CLI::App* rpc() const;
  // Errors (invalid_request): one line that says what to do.
  Result<ServeArguments> arguments() const;

 private:
  struct Raw;
  std::unique_ptr<Raw> raw_;
};

}  // namespace dind::frontends::cli

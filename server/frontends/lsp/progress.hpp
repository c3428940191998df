// `$/progress` of one run: one begin, reports, exactly one end. Without a token of the client's, one is asked for.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "rpc/connection.hpp"

namespace dind::frontends::lsp {

class Progress : public std::enable_shared_from_this<Progress> {
 public:
  // `token` null and `may_ask`: window/workDoneProgress/create first; nothing is reported before a good answer.
  static std::shared_ptr<Progress> begin(std::shared_ptr<rpc::Connection> connection, rpc::Json token, bool may_ask,
                                         std::string title);

  void report(std::string message, std::optional<int> percent);
  void end(std::string message);
  // Whether a window/workDoneProgress/cancel is for this one.
  bool is(const rpc::Json& token) const { return !token_.is_null() && token == token_; }

 private:
  Progress(std::shared_ptr<rpc::Connection> connection, std::string title)
      : connection_(std::move(connection)), title_(std::move(title)) {}
  void start();
  void send(rpc::Json value);

  std::shared_ptr<rpc::Connection> connection_;
  std::string title_;
  rpc::Json token_;
  bool begun_ = false;
  bool ended_ = false;
  rpc::Json last_;  // the report or the end that came before the token was granted
};

}  // namespace dind::frontends::lsp

// `$/progress` of one run: one begin, reports, exactly one end. If the client sent no token, asks the client for one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "rpc/connection.hpp"

namespace dind::frontends::lsp {

class Progress : public std::enable_shared_from_this<Progress> {
 public:
  // If `token` is null and `may_ask`: sends window/workDoneProgress/create, and reports
  // nothing before the client accepts.
  static std::shared_ptr<Progress> begin(std::shared_ptr<rpc::Connection> connection, rpc::Json token, bool may_ask,
                                         std::string title);

  void report(std::string message, std::optional<int> percent);
  void end(std::string message);
  // Whether a window/workDoneProgress/cancel is for this progress.
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
  rpc::Json last_;  // the report or the end that came before the client accepted the token
};

}  // namespace dind::frontends::lsp

// history/list and history/get of one client (docs/rpc.md).
#pragma once

#include <memory>

#include "frontends/jsonrpc/params.hpp"
#include "rpc/connection.hpp"
#include "services/history/history.hpp"
#include "support/async/task.hpp"

namespace dind::frontends::jsonrpc {

// One request of a client at a time reads the history: a reply may have a megabyte (S11).
class HistoryMethods : public std::enable_shared_from_this<HistoryMethods> {
 public:
  HistoryMethods(asio::any_io_executor executor, History& history, std::shared_ptr<rpc::Connection> connection);

  // Each replies in a task of its own. `open` is released after the reply.
  void list(HistoryListParams params, rpc::Reply reply, std::shared_ptr<void> open);
  void get(HistoryGetParams params, rpc::Reply reply, std::shared_ptr<void> open);

 private:
  using Self = std::shared_ptr<HistoryMethods>;
  static Task<void> reply_list(Self self, HistoryListParams params, rpc::Reply reply, std::shared_ptr<void> open);
  static Task<void> reply_get(Self self, HistoryGetParams params, rpc::Reply reply, std::shared_ptr<void> open);
  // Held while a request reads the history. It also waits until the client has read earlier replies.
  Task<std::shared_ptr<void>> turn();

  asio::any_io_executor executor_;
  History& history_;
  std::shared_ptr<rpc::Connection> connection_;
  Signal changed_;
  bool reading_ = false;  // a request has the turn
};

}  // namespace dind::frontends::jsonrpc

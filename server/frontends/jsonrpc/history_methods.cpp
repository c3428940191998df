#include "frontends/jsonrpc/history_methods.hpp"

#include "frontends/jsonrpc/failures.hpp"
#include "frontends/shared/execution.hpp"
#include "frontends/shared/history_json.hpp"
#include "support/async/until.hpp"

namespace dind::frontends::jsonrpc {

using namespace std::chrono_literals;
using rpc::Json;

HistoryMethods::HistoryMethods(asio::any_io_executor executor, History& history,
                               std::shared_ptr<rpc::Connection> connection)
    : executor_(executor), history_(history), connection_(std::move(connection)), changed_(executor) {}

void HistoryMethods::list(HistoryListParams params, rpc::Reply reply, std::shared_ptr<void> open) {
  spawn(executor_, "history/list", reply_list(shared_from_this(), params, std::move(reply), std::move(open)));
}

void HistoryMethods::get(HistoryGetParams params, rpc::Reply reply, std::shared_ptr<void> open) {
  spawn(executor_, "history/get", reply_get(shared_from_this(), std::move(params), std::move(reply), std::move(open)));
}

Task<void> HistoryMethods::reply_list(Self self, HistoryListParams params, rpc::Reply reply,
                                      std::shared_ptr<void> open) {
  const auto turn = co_await self->turn();
  const auto records = co_await self->history_.list(params.limit);
  if (!records) co_return reply.fail(failure(kNotRun, records.error()));
  auto room = co_await room_for_reply(self->executor_, kSummaryBytes * records->size(), reply.cancel());
  if (!room) co_return reply.fail(failure(kNotRun, no_room("The history was read")));
  Json runs = Json::array();
  for (const auto& record : *records) runs.push_back(history_summary_json(record));
  reply.result({{"runs", std::move(runs)}}, std::move(room));
}

Task<void> HistoryMethods::reply_get(Self self, HistoryGetParams params, rpc::Reply reply, std::shared_ptr<void> open) {
  const auto turn = co_await self->turn();
  const auto record = co_await self->history_.find(std::move(params.id));
  if (!record) co_return reply.fail(failure(kNotRun, record.error()));
  auto room = co_await room_for_reply(self->executor_, kRecordBytes, reply.cancel());
  if (!room) co_return reply.fail(failure(kNotRun, no_room("The history was read")));
  reply.result(history_run_json(*record), std::move(room));
}

Task<std::shared_ptr<void>> HistoryMethods::turn() {
  co_await until(changed_, [this] { return !reading_; });
  reading_ = true;
  std::shared_ptr<void> held(nullptr, [weak = weak_from_this()](void*) {
    if (const auto alive = weak.lock()) {
      alive->reading_ = false;
      alive->changed_.notify();
    }
  });
  co_await connection_->caught_up();
  co_return held;
}

}  // namespace dind::frontends::jsonrpc

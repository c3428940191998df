#include "frontends/jsonrpc/params.hpp"

#include "wire/request_fields.hpp"

namespace dind::frontends::jsonrpc {

Result<CancelParams> decode_cancel(const rpc::Json& params) {
  RequestFields fields(params);
  CancelParams cancel;
  fields.text("runId", cancel.run_id);
  if (const auto ended = fields.end(); !ended) return std::unexpected(ended.error());
  return cancel;
}

Result<HistoryListParams> decode_history_list(const rpc::Json& params) {
  RequestFields fields(params);
  std::optional<std::int64_t> limit;
  fields.whole("limit", limit, 1, HistoryListParams::kMaxLimit);
  if (const auto ended = fields.end(); !ended) return std::unexpected(ended.error());
  return HistoryListParams{static_cast<std::size_t>(limit.value_or(HistoryListParams::kDefaultLimit))};
}

Result<HistoryGetParams> decode_history_get(const rpc::Json& params) {
  RequestFields fields(params);
  HistoryGetParams get;
  fields.require("id", "a run's id");
  fields.non_empty_text("id", get.id);
  if (const auto ended = fields.end(); !ended) return std::unexpected(ended.error());
  return get;
}

}  // namespace dind::frontends::jsonrpc

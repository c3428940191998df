// Decodes the params of the methods that are not runs (docs/rpc.md). Errors (invalid_request) name the field. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "rpc/message.hpp"

namespace dind::frontends::jsonrpc {

struct CancelParams {
  std::optional<std::string> run_id;  // nullopt: all runs of the client
};
Result<CancelParams> decode_cancel(const rpc::Json& params);

struct HistoryListParams {
  static constexpr std::int64_t kDefaultLimit = 20;
  static constexpr std::int64_t kMaxLimit = 1000;
  std::size_t limit = kDefaultLimit;
};
Result<HistoryListParams> decode_history_list(const rpc::Json& params);

struct HistoryGetParams {
  std::string id;  // of a run or of its record, or its beginning; never empty
};
Result<HistoryGetParams> decode_history_get(const rpc::Json& params);

}  // namespace dind::frontends::jsonrpc

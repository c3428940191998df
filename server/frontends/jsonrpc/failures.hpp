// How JSON-RPC reports an Error: a code, and { kind, message, httpStatus } as data (docs/rpc.md).
#pragma once

#include "dind/error.hpp"
#include "rpc/message.hpp"

namespace dind::frontends::jsonrpc {

inline constexpr int kNotRun = -32000;  // the request could not be done: `data` says why

rpc::Failure failure(int code, const Error& error);
// The same with -32602, for params that do not fit.
rpc::Failure wrong_params(const Error& error);

}  // namespace dind::frontends::jsonrpc

#include "frontends/jsonrpc/failures.hpp"

#include "wire/error_codec.hpp"

namespace dind::frontends::jsonrpc {

rpc::Failure failure(int code, const Error& error) { return {code, error.message, error_json(error)}; }

rpc::Failure wrong_params(const Error& error) { return failure(rpc::code::kInvalidParams, error); }

}  // namespace dind::frontends::jsonrpc

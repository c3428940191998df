#include "frontends/lsp/lifecycle.hpp"

namespace dind::frontends::lsp {

std::optional<rpc::Failure> refusal(Phase phase, std::string_view method) {
  if (phase == Phase::before_initialize) {
    if (method == "initialize") return std::nullopt;
    return rpc::Failure{rpc::code::kServerNotInitialized, "Send initialize first", nullptr};
  }
  if (method == "initialize") return rpc::Failure{rpc::code::kInvalidRequest, "initialize was sent before", nullptr};
  if (phase == Phase::shut_down)
    return rpc::Failure{rpc::code::kInvalidRequest, "The server was shut down: send exit", nullptr};
  return std::nullopt;
}

bool takes_notification(Phase phase, std::string_view method) { return phase == Phase::running || method == "exit"; }

}  // namespace dind::frontends::lsp

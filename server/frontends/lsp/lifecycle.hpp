// The phases of a server's life, and what it takes in each (LSP 3.17, "Server lifecycle"). Pure.
#pragma once

#include <optional>
#include <string_view>

#include "rpc/message.hpp"

namespace dind::frontends::lsp {

enum class Phase { before_initialize, running, shut_down };

// The failure of a request that the server does not take in this phase. nullopt: it takes the request.
std::optional<rpc::Failure> refusal(Phase phase, std::string_view method);

// `exit` is taken in each phase. All other notifications are ignored before `initialize` and after `shutdown`.
bool takes_notification(Phase phase, std::string_view method);

}  // namespace dind::frontends::lsp

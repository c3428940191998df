// The code lenses above a document that can be run (docs/protocol.md). Pure.
#pragma once

#include <string>

#include "rpc/message.hpp"

namespace dind::frontends::lsp {

// "Run in sandbox", and "Stop" while the document runs.
rpc::Json code_lenses(const std::string& uri, bool is_running);

}  // namespace dind::frontends::lsp

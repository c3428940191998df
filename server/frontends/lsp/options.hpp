// The client's settings (`Options` of docs/protocol.md).
#pragma once

#include "wire/lsp_codec.hpp"

namespace dind::frontends::lsp {

using Options = LspOptions;

}  // namespace dind::frontends::lsp

// Reads fields of a message from another program. A field of another type counts as missing.
#pragma once

#include <optional>
#include <string>

#include "rpc/message.hpp"

namespace dind::rpc {

// Null if `object` is not an object or has no such field. `path` is a name or several: "textDocument/uri".
const Json& field(const Json& object, std::string_view path);
std::optional<std::string> text(const Json& object, std::string_view path);
std::optional<std::int64_t> integer(const Json& object, std::string_view path);
std::optional<bool> flag(const Json& object, std::string_view path);

}  // namespace dind::rpc

// Reading fields of a message that somebody else made: a field of another type is as good as none.
#pragma once

#include <optional>
#include <string>

#include "rpc/message.hpp"

namespace dind::rpc {

// Null where `object` is none or has no such field. `key` may be a path: "textDocument/uri".
const Json& field(const Json& object, std::string_view path);
std::optional<std::string> text(const Json& object, std::string_view path);
std::optional<std::int64_t> integer(const Json& object, std::string_view path);
std::optional<bool> flag(const Json& object, std::string_view path);

}  // namespace dind::rpc

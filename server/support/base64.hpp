// Base64 (RFC 4648).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dind {

std::string base64(std::string_view bytes);     // +/ with padding
std::string base64url(std::string_view bytes);  // -_ with padding
// Either alphabet, with padding or without. nullopt: it is none.
std::optional<std::string> from_base64(std::string_view digits);

}  // namespace dind

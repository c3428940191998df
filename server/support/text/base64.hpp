// Base64 (RFC 4648).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dind {

std::string base64(std::string_view bytes);     // uses + and /, with padding
std::string base64url(std::string_view bytes);  // uses - and _, with padding
// Accepts both alphabets, with or without padding. nullopt: not Base64.
std::optional<std::string> from_base64(std::string_view digits);

}  // namespace dind

#include "wire/json_text.hpp"

#include <nlohmann/json.hpp>

namespace dind {
using nlohmann::json;

std::string cbor_bytes(const json& value) {
  const auto cbor = json::to_cbor(value);
  return {cbor.begin(), cbor.end()};
}

std::string one_line(const json& value) {
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  // These characters occur only inside strings, where JSON allows to escape any character.
  const auto escape_at = [&](std::size_t at) -> std::string_view {
    const auto rest = std::string_view(text).substr(at);
    if (rest.starts_with("\xc2\x85")) return "\\u0085";
    if (rest.starts_with("\xe2\x80\xa8")) return "\\u2028";
    return rest.starts_with("\xe2\x80\xa9") ? "\\u2029" : std::string_view();
  };
  std::string line;
  line.reserve(text.size() + 1);
  std::size_t from = 0;
  for (std::size_t at = text.find_first_of("\xc2\xe2"); at != std::string::npos;
       at = text.find_first_of("\xc2\xe2", at + 1)) {
    const auto escape = escape_at(at);
    if (escape.empty()) continue;
    line.append(text, from, at - from).append(escape);
    from = at + (escape == "\\u0085" ? 2 : 3);
  }
  return line.append(text, from) + '\n';
}

}  // namespace dind

#include "rpc/params.hpp"

#include <algorithm>

namespace dind::rpc {

const Json& field(const Json& object, std::string_view path) {
  static const Json nothing;
  const Json* at = &object;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (!at->is_object()) return nothing;
    const auto it = at->find(std::string(path.substr(0, end)));
    if (it == at->end()) return nothing;
    at = &*it;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return *at;
}

std::optional<std::string> text(const Json& object, std::string_view path) {
  const Json& value = field(object, path);
  return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
}

std::optional<std::int64_t> integer(const Json& object, std::string_view path) {
  const Json& value = field(object, path);
  return value.is_number_integer() ? std::optional(value.get<std::int64_t>()) : std::nullopt;
}

std::optional<bool> flag(const Json& object, std::string_view path) {
  const Json& value = field(object, path);
  return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
}

}  // namespace dind::rpc

#include "support/json_fields.hpp"

#include <algorithm>

namespace dind::lenient {

const Json& field(const Json& object, std::string_view path) {
  static const Json nothing;
  const Json* at = &object;
  while (!path.empty()) {
    if (!at->is_object()) return nothing;
    const auto end = std::min(path.find('/'), path.size());
    const auto it = at->find(path.substr(0, end));
    if (it == at->end()) return nothing;
    at = &*it;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return *at;
}

std::optional<std::string> find_text(const Json& object, std::string_view path) {
  const Json& value = field(object, path);
  return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
}

std::optional<std::int64_t> find_integer(const Json& object, std::string_view path) {
  const Json& value = field(object, path);
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX))
    return std::nullopt;
  return value.get<std::int64_t>();
}

std::optional<bool> find_flag(const Json& object, std::string_view path) {
  const Json& value = field(object, path);
  return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
}

std::string text(const Json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }

std::string text(const Json& object, std::string_view path) { return text(field(object, path)); }

bool flag(const Json& object, std::string_view path, bool otherwise) {
  return find_flag(object, path).value_or(otherwise);
}

std::int64_t number(const Json& object, std::string_view path, std::int64_t otherwise) {
  const Json& value = field(object, path);
  if (value.is_number_float()) {
    const auto real = value.get<double>();
    return real > -9e18 && real < 9e18 ? static_cast<std::int64_t>(real) : otherwise;
  }
  return find_integer(value, {}).value_or(otherwise);
}

std::vector<std::string> texts(const Json& object, std::string_view path) {
  std::vector<std::string> out;
  const Json& value = field(object, path);
  if (value.is_array())
    for (const Json& item : value)
      if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

std::map<std::string, std::string> text_map(const Json& object, std::string_view path) {
  std::map<std::string, std::string> out;
  const Json& value = field(object, path);
  if (value.is_object())
    for (const auto& [name, item] : value.items()) out[name] = text(item);
  return out;
}

std::map<std::string, std::string> environment(const Json& object, std::string_view path) {
  std::map<std::string, std::string> out;
  for (const std::string& line : texts(object, path)) {
    const auto equals = line.find('=');
    out[line.substr(0, equals)] = equals == std::string::npos ? "" : line.substr(equals + 1);
  }
  return out;
}

}  // namespace dind::lenient

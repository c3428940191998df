// Reads fields of the engine's replies without throwing: a missing, null or differently typed field gives the default.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace dind::engine {

using Json = nlohmann::json;

// The field, or null.
inline const Json& field(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto it = object.find(key);
  return it == object.end() ? null : *it;
}
inline std::string text(const Json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }
inline std::string text(const Json& object, const char* key) { return text(field(object, key)); }
inline bool flag(const Json& object, const char* key, bool fallback = false) {
  const Json& value = field(object, key);
  return value.is_boolean() ? value.get<bool>() : fallback;
}
inline std::int64_t number(const Json& object, const char* key, std::int64_t fallback = 0) {
  const Json& value = field(object, key);
  // A number out of range counts as missing: its conversion would be undefined.
  if (value.is_number_float()) {
    const auto real = value.get<double>();
    return real > -9e18 && real < 9e18 ? static_cast<std::int64_t>(real) : fallback;
  }
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return fallback;
  return value.is_number_integer() ? value.get<std::int64_t>() : fallback;
}
inline std::vector<std::string> texts(const Json& object, const char* key) {
  std::vector<std::string> out;
  const Json& value = field(object, key);
  if (value.is_array())
    for (const Json& item : value)
      if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}
inline std::map<std::string, std::string> text_map(const Json& object, const char* key) {
  std::map<std::string, std::string> out;
  const Json& value = field(object, key);
  if (value.is_object())
    for (const auto& [name, item] : value.items()) out[name] = text(item);
  return out;
}
// ["K=V", "K"] → {K: V, K: ""}
inline std::map<std::string, std::string> environment(const Json& object, const char* key) {
  std::map<std::string, std::string> out;
  for (const std::string& line : texts(object, key)) {
    const auto equals = line.find('=');
    out[line.substr(0, equals)] = equals == std::string::npos ? "" : line.substr(equals + 1);
  }
  return out;
}

}  // namespace dind::engine

// Values of settings: what a value may be, its default, and how it is read. If a value is wrong, the reader's error
// says what the value must be. The table of settings in docs/configuration.md is made from the same descriptions.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"

namespace dind::app::settings {

using nlohmann::json;

// Reads one value into the configuration. The error says what is wrong with the value; the caller adds file and field.
using Read = std::function<Result<void>(const json& value, const std::string& field)>;

// What a setting may be. `values` and `initial` (the default) are Markdown.
struct Value {
  std::string values;
  std::string initial;
  Read read;
};

// A setting with its meaning (Markdown), or an object of settings (`fields`).
struct Setting {
  Setting(std::string key, Value value, std::string meaning)
      : key(std::move(key)), value(std::move(value)), meaning(std::move(meaning)) {}
  Setting(std::string key, std::vector<Setting> fields) : key(std::move(key)), fields(std::move(fields)) {}

  std::string key;
  Value value;
  std::string meaning;
  std::vector<Setting> fields;
};
using Settings = std::vector<Setting>;

std::unexpected<Error> wrong_setting(const std::string& field, const std::string& problem);
std::string shown(const json& value);
Result<void> read_settings(const json& object, const std::string& where, const Settings& settings);

// The value with another text for its default, where the default depends on something else.
Value with_default(Value value, std::string initial);

Value flag(bool& into);
Value cpus(double& into);
Value text(std::string& into, const char* example);
Value absolute_path(std::string& into, const char* example);
Value texts(std::vector<std::string>& into, const char* example);
// Seconds or a text such as "90s"; above 0.
Value duration(std::chrono::milliseconds& into, const char* example);
// Bytes or a text such as "512m"; above 0.
Value bytes(std::int64_t& into, const char* example);

template <typename T>
Value whole(T& into, std::int64_t min, std::int64_t max) {
  const std::string range = "whole number from " + std::to_string(min) + " to " + std::to_string(max);
  const Read read = [&into, min, max, range](const json& value, const std::string& field) -> Result<void> {
    const bool fits = value.is_number_integer() &&
                      !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) &&
                      value.get<std::int64_t>() >= min && value.get<std::int64_t>() <= max;
    if (!fits) return wrong_setting(field, "must be a " + range + ", not " + shown(value));
    into = static_cast<T>(value.get<std::int64_t>());
    return {};
  };
  return {range, std::to_string(into), read};
}

// One of the names of an enumeration.
template <typename T>
Value one_of(T& into, std::optional<T> (*parse)(std::string_view), std::vector<std::string> names) {
  std::string values, initial, required;
  for (std::size_t i = 0; i < names.size(); ++i) {
    values += (i == 0 ? "`" : ", `") + names[i] + '`';
    required += (i == 0 ? "\"" : i + 1 == names.size() ? " or \"" : ", \"") + names[i] + '"';
    if (parse(names[i]) == into) initial = '`' + names[i] + '`';
  }
  const Read read = [&into, parse, required](const json& value, const std::string& field) -> Result<void> {
    const auto known = value.is_string() ? parse(value.get_ref<const std::string&>()) : std::nullopt;
    if (!known) return wrong_setting(field, "must be " + required + ", not " + shown(value));
    into = *known;
    return {};
  };
  return {values, initial, read};
}

}  // namespace dind::app::settings

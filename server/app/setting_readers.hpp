// Readers of single settings. If a value is wrong, the reader's error says what the value must be.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
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
using Fields = std::map<std::string, Read, std::less<>>;

std::unexpected<Error> wrong_setting(const std::string& field, const std::string& problem);
std::string shown(const json& value);
Result<void> read_fields(const json& object, const std::string& where, const Fields& fields);
Read object(Fields fields);
Result<void> read_cpus(double& into, const json& value, const std::string& field);
Read flag(bool& into);
Read text(std::string& into, const char* example);
Read absolute_path(std::string& into, const char* example);
Read texts(std::vector<std::string>& into, const char* example);

// A text goes to `parse`; a number is first turned into text. So files and command lines have the same rules.
template <typename T>
Read measured(T& into, Result<T> (*parse)(std::string_view), const char* example) {
  return [&into, parse, example](const json& value, const std::string& field) -> Result<void> {
    if (!value.is_string() && !value.is_number())
      return wrong_setting(field, std::string("must be ") + example + ", not " + shown(value));
    // dump() is not used: it writes 1e15 for large numbers.
    std::string text;
    if (value.is_string())
      text = value.get<std::string>();
    else if (value.is_number_integer())
      text = std::to_string(value.get<std::int64_t>());
    else
      text = std::to_string(value.get<double>());
    auto parsed = parse(text);
    if (!parsed) return wrong_setting(field, "is wrong: " + parsed.error().message);
    into = *parsed;
    return {};
  };
}

template <typename T>
Read whole(T& into, std::int64_t least, std::int64_t most) {
  return [&into, least, most](const json& value, const std::string& field) -> Result<void> {
    const bool fits = value.is_number_integer() &&
                      !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) &&
                      value.get<std::int64_t>() >= least && value.get<std::int64_t>() <= most;
    if (!fits) {
      return wrong_setting(field, "must be a whole number from " + std::to_string(least) + " to " +
                                      std::to_string(most) + ", not " + shown(value));
    }
    into = static_cast<T>(value.get<std::int64_t>());
    return {};
  };
}

// One of the names of an enumeration.
template <typename T>
Read one_of(T& into, std::optional<T> (*parse)(std::string_view), const char* names) {
  return [&into, parse, names](const json& value, const std::string& field) -> Result<void> {
    const auto known = value.is_string() ? parse(value.get_ref<const std::string&>()) : std::nullopt;
    if (!known) return wrong_setting(field, std::string("must be ") + names + ", not " + shown(value));
    into = *known;
    return {};
  };
}

}  // namespace dind::app::settings

#include "app/setting_readers.hpp"

#include <algorithm>
#include <cmath>

#include "support/text/shortened.hpp"
#include "support/units.hpp"

namespace dind::app::settings {
namespace {

constexpr const char* kNone = "–";

std::string code(const std::string& text) { return '`' + text + '`'; }

// A text goes to `parse`; a number is first turned into text. So files and command lines have the same rules.
template <typename T>
Read measured(T& into, Result<T> (*parse)(std::string_view), const std::string& required) {
  return [&into, parse, required](const json& value, const std::string& field) -> Result<void> {
    if (!value.is_string() && !value.is_number())
      return wrong_setting(field, "must be " + required + ", not " + shown(value));
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

std::string days_or(std::chrono::milliseconds duration) {
  const auto days = std::chrono::duration_cast<std::chrono::days>(duration);
  return days.count() > 1 && days == duration ? std::to_string(days.count()) + " days" : format_duration(duration);
}

}  // namespace

std::unexpected<Error> wrong_setting(const std::string& field, const std::string& problem) {
  return fail(ErrorCode::invalid_request, '"' + field + "\" " + problem);
}

std::string shown(const json& value) {
  return shortened(value.dump(-1, ' ', true, json::error_handler_t::replace), 60);
}

Result<void> read_settings(const json& object, const std::string& where, const Settings& settings) {
  const auto name = [&](const std::string& key) { return where.empty() ? key : where + '.' + key; };
  if (!object.is_object()) return wrong_setting(where, "must be an object, not " + shown(object));
  for (const auto& [key, value] : object.items()) {
    const auto known = std::ranges::find(settings, key, &Setting::key);
    if (known == settings.end()) {
      std::vector<std::string> keys;
      for (const auto& each : settings) keys.push_back(each.key);
      std::ranges::sort(keys);
      std::string list;
      for (const auto& each : keys) list += (list.empty() ? "" : ", ") + each;
      return wrong_setting(name(key), "is not a setting; supported: " + list);
    }
    auto read =
        known->fields.empty() ? known->value.read(value, name(key)) : read_settings(value, name(key), known->fields);
    if (!read) return read;
  }
  return {};
}

Value with_default(Value value, std::string initial) {
  value.initial = std::move(initial);
  return value;
}

Value flag(bool& into) {
  return {"`true`, `false`", into ? "`true`" : "`false`",
          [&into](const json& value, const std::string& field) -> Result<void> {
            if (!value.is_boolean()) return wrong_setting(field, "must be true or false, not " + shown(value));
            into = value.get<bool>();
            return {};
          }};
}

Value cpus(double& into) {
  char initial[32];
  std::snprintf(initial, sizeof initial, "%g", into);
  return {"number from 0.01 to 4096", initial, [&into](const json& value, const std::string& field) -> Result<void> {
            if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < 0.01 ||
                value.get<double>() > 4096)
              return wrong_setting(field, "must be a number from 0.01 to 4096, not " + shown(value));
            into = value.get<double>();
            return {};
          }};
}

Value text(std::string& into, const char* example) {
  const std::string such = '"' + std::string(example) + '"';
  return {"text, such as " + code(such), into.empty() ? kNone : code('"' + into + '"'),
          [&into, such](const json& value, const std::string& field) -> Result<void> {
            if (!value.is_string() || value.get_ref<const std::string&>().empty())
              return wrong_setting(field, "must be a text such as " + such + ", not " + shown(value));
            into = value.get<std::string>();
            return {};
          }};
}

Value absolute_path(std::string& into, const char* example) {
  const std::string such = '"' + std::string(example) + '"';
  return {"absolute path", into.empty() ? kNone : code(into),
          [&into, such](const json& value, const std::string& field) -> Result<void> {
            if (!value.is_string() || !value.get_ref<const std::string&>().starts_with('/'))
              return wrong_setting(field, "must be an absolute path such as " + such + ", not " + shown(value));
            into = value.get<std::string>();
            return {};
          }};
}

Value texts(std::vector<std::string>& into, const char* example) {
  const std::string such = "[\"" + std::string(example) + "\"]";
  const std::string initial = code(json(into).dump());
  return {"list, such as " + code(such), initial,
          [&into, such, example](const json& value, const std::string& field) -> Result<void> {
            if (!value.is_array())
              return wrong_setting(field, "must be a list such as " + such + ", not " + shown(value));
            into.clear();
            for (const auto& each : value)
              if (auto read = text(into.emplace_back(), example).read(each, field); !read) return read;
            return {};
          }};
}

Value duration(std::chrono::milliseconds& into, const char* example) {
  const std::string such = '"' + std::string(example) + '"';
  return {"seconds, or " + code(such), days_or(into),
          measured(into, parse_duration, "seconds or a text such as " + such)};
}

Value bytes(std::int64_t& into, const char* example) {
  const std::string such = '"' + std::string(example) + '"';
  return {"bytes, or " + code(such), format_bytes(into),
          measured(into, parse_bytes, "bytes or a text such as " + such)};
}

}  // namespace dind::app::settings

#include "app/setting_readers.hpp"

#include <cmath>

#include "support/text/shortened.hpp"

namespace dind::app::settings {

std::unexpected<Error> wrong_setting(const std::string& field, const std::string& problem) {
  return fail(ErrorCode::invalid_request, '"' + field + "\" " + problem);
}

std::string shown(const json& value) {
  return shortened(value.dump(-1, ' ', true, json::error_handler_t::replace), 60);
}

Result<void> read_fields(const json& object, const std::string& where, const Fields& fields) {
  const auto name = [&](const std::string& key) { return where.empty() ? key : where + '.' + key; };
  if (!object.is_object()) return wrong_setting(where, "must be an object, not " + shown(object));
  for (const auto& [key, value] : object.items()) {
    const auto known = fields.find(key);
    if (known == fields.end()) {
      std::string list;
      for (const auto& [field, read] : fields) list += (list.empty() ? "" : ", ") + field;
      return wrong_setting(name(key), "is not a setting; supported: " + list);
    }
    if (auto read = known->second(value, name(key)); !read) return read;
  }
  return {};
}

Read object(Fields fields) {
  return [fields = std::move(fields)](const json& value, const std::string& field) {
    return read_fields(value, field, fields);
  };
}

Result<void> read_cpus(double& into, const json& value, const std::string& field) {
  if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < 0.01 ||
      value.get<double>() > 4096) {
    return wrong_setting(field, "must be a number from 0.01 to 4096, not " + shown(value));
  }
  into = value.get<double>();
  return {};
}

Read flag(bool& into) {
  return [&into](const json& value, const std::string& field) -> Result<void> {
    if (!value.is_boolean()) return wrong_setting(field, "must be true or false, not " + shown(value));
    into = value.get<bool>();
    return {};
  };
}

Read text(std::string& into, const char* example) {
  return [&into, example](const json& value, const std::string& field) -> Result<void> {
    if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
      return wrong_setting(field, std::string("must be a text such as ") + example + ", not " + shown(value));
    }
    into = value.get<std::string>();
    return {};
  };
}

Read absolute_path(std::string& into, const char* example) {
  return [&into, example](const json& value, const std::string& field) -> Result<void> {
    if (!value.is_string() || !value.get_ref<const std::string&>().starts_with('/'))
      return wrong_setting(field, std::string("must be an absolute path such as ") + example + ", not " + shown(value));
    into = value.get<std::string>();
    return {};
  };
}

Read texts(std::vector<std::string>& into, const char* example) {
  return [&into, example](const json& value, const std::string& field) -> Result<void> {
    if (!value.is_array())
      return wrong_setting(field, std::string("must be a list such as [") + example + "], not " + shown(value));
    into.clear();
    for (const auto& each : value)
      if (auto read = text(into.emplace_back(), example)(each, field); !read) return read;
    return {};
  };
}

}  // namespace dind::app::settings

// Writes the fields of a value as JSON. It has the functions of RequestFields, so that one list of fields serves both
// directions. What equals a field that is left out is not written, or is null.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "wire/names.hpp"

namespace dind {

enum class Absent { left_out, null };

class FieldWriter {
 public:
  static constexpr bool kReads = false;
  explicit FieldWriter(Absent absent = Absent::left_out) : absent_(absent) {}

  void text(const char* name, const std::string& value);  // empty: left out, or an empty text
  void text(const char* name, const std::optional<std::string>& value) { optional(name, value); }
  void non_empty_text(const char* name, const std::string& value);  // empty: left out, or null
  void non_empty_text(const char* name, const std::optional<std::string>& value) { optional(name, value); }
  void texts(const char* name, const std::vector<std::string>& value);
  void variables(const char* name, const std::map<std::string, std::string>& value);
  void flag(const char* name, bool value) { object_[name] = value; }
  void seconds(const char* name, const std::optional<std::chrono::milliseconds>& value);
  void bytes(const char* name, const std::optional<std::int64_t>& value, std::int64_t = 1) { optional(name, value); }
  void whole(const char* name, const std::optional<std::int64_t>& value, std::int64_t, std::int64_t) {
    optional(name, value);
  }
  template <typename Integer>
  void whole(const char* name, const Integer& value) {
    object_[name] = value;
  }
  template <typename Integer>
  void whole(const char* name, const std::optional<Integer>& value) {
    optional(name, value);
  }
  void number(const char* name, const std::optional<double>& value, double, double) { optional(name, value); }
  void number(const char* name, double value) { object_[name] = value; }
  void milliseconds(const char* name, std::chrono::milliseconds value) { object_[name] = value.count(); }
  void milliseconds(const char* name, const std::optional<std::chrono::microseconds>& value);
  template <typename Enum>
  void choice(const char* key, Enum value) {
    object_[key] = to_string(value);
  }
  template <typename Enum>
  void choice(const char* key, const std::optional<Enum>& value) {
    if (value)
      object_[key] = to_string(*value);
    else
      absent(key);
  }
  // An object of its own; left out if it has no fields.
  template <typename Each>
  void object(const char* name, Each each) {
    FieldWriter inner(absent_);
    each(inner);
    if (!inner.object_.empty()) object_[name] = std::move(inner.object_);
  }

  void set(const char* name, nlohmann::json value) { object_[name] = std::move(value); }
  nlohmann::json take() { return std::move(object_); }

 private:
  void absent(const char* name) {
    if (absent_ == Absent::null) object_[name] = nullptr;
  }
  template <typename T>
  void optional(const char* name, const std::optional<T>& value) {
    if (value)
      object_[name] = *value;
    else
      absent(name);
  }

  Absent absent_;
  nlohmann::json object_ = nlohmann::json::object();
};

}  // namespace dind

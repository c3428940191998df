// Reads the fields of a caller's object strictly. A wrong type, a value out of range and an unknown field are refused
// by name. The first problem is kept; values that are read after it have no meaning.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"

namespace dind::frontends {

class RequestFields {
 public:
  // `where` comes before the names in messages: "limits". `object` must outlive this.
  explicit RequestFields(const nlohmann::json& object, std::string where = "");

  // Whether the field exists and is not null. Null is the same as a field that is left out.
  bool has(const char* name);
  // If the field does not exist, each of these leaves `into` unchanged.
  void text(const char* name, std::string& into);
  void text(const char* name, std::optional<std::string>& into);
  void non_empty_text(const char* name, std::string& into);  // at least one byte
  void non_empty_text(const char* name, std::optional<std::string>& into);
  void texts(const char* name, std::vector<std::string>& into);
  void variables(const char* name, std::map<std::string, std::string>& into);
  void flag(const char* name, bool& into);
  void seconds(const char* name, std::optional<std::chrono::milliseconds>& into);  // more than 0, at most kMaxSeconds
  // A number, or "512m".
  void bytes(const char* name, std::optional<std::int64_t>& into, std::int64_t least = 1);
  void whole(const char* name, std::optional<std::int64_t>& into, std::int64_t least, std::int64_t most);
  void number(const char* name, std::optional<double>& into, double least, double most);
  // One of the names that `parse` knows.
  template <typename T>
  void choice(const char* name, std::optional<T>& into, std::optional<T> (*parse)(std::string_view),
              const char* expected) {
    const auto given = choice_text(name, expected);
    if (!given) return;
    if (const auto value = parse(*given))
      into = *value;
    else
      wrong(name, expected);
  }
  // The field's value. Null: the field does not exist.
  const nlohmann::json* find(const char* name);

  void require(const char* name, const char* expected);
  void wrong(const char* name, const std::string& expected);  // the field's value is not as expected
  void refuse(std::string message);
  void refuse(const Error& error);
  // Returns the first problem. An unknown field is a problem too.
  Result<void> end();

 private:
  std::string full(const std::string& name) const;
  std::optional<std::string> choice_text(const char* name, const char* expected);

  const nlohmann::json& object_;
  std::string where_;
  std::vector<std::string> known_;
  std::optional<Error> problem_;
};

}  // namespace dind::frontends

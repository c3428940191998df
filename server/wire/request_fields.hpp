// Reads the fields of a caller's object strictly. A wrong type, a value out of range and an unknown field are refused
// by name. The first problem is kept; values that are read after it have no meaning.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "wire/names.hpp"

namespace dind {

// From a client, a value that no run can have is refused. Another process of dind-executor, and the history, may send
// more: what a person or a C++ program asked for. An editor sends a person's settings and may be newer than this
// program: a limit above its max is lowered to it, and unknown fields do not matter.
enum class Sender { client, editor, own_process };

class RequestFields {
 public:
  static constexpr bool kReads = true;
  // `where` comes before the names in messages: "limits". `object` must outlive this.
  explicit RequestFields(const nlohmann::json& object, std::string where = "");
  RequestFields(const nlohmann::json& object, Sender sender) : RequestFields(object) { sender_ = sender; }

  // Settings of a person: a wrong value is not used, and `warnings` gets a line about it, with `prefix` before the
  // name.
  RequestFields(const nlohmann::json& object, std::vector<std::string>& warnings, std::string prefix)
      : object_(object), where_(std::move(prefix)), sender_(Sender::editor), warnings_(&warnings) {}

  bool is_client() const { return sender_ != Sender::own_process; }

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
  // Of RunResult and the like, which own processes send.
  template <typename Integer>
  void whole(const char* name, Integer& into) {
    std::optional<std::int64_t> value;
    whole(name, value, INT64_MIN, INT64_MAX);
    if (value) into = static_cast<Integer>(*value);
  }
  template <typename Integer>
  void whole(const char* name, std::optional<Integer>& into) {
    std::optional<std::int64_t> value;
    whole(name, value, INT64_MIN, INT64_MAX);
    if (value) into = static_cast<Integer>(*value);
  }
  void number(const char* name, double& into);
  void milliseconds(const char* name, std::chrono::milliseconds& into);
  void milliseconds(const char* name, std::optional<std::chrono::microseconds>& into);
  // One of the names of an enumeration.
  template <typename Enum>
  void choice(const char* name, Enum& into) {
    std::optional<Enum> value;
    choice(name, value);
    if (value) into = *value;
  }
  template <typename Enum>
  void choice(const char* name, std::optional<Enum>& into) {
    const auto given = choice_text(name, names_text<Enum>().c_str());
    if (!given) return;
    if (const auto value = parse_name<Enum>(*given))
      into = *value;
    else
      wrong(name, names_text<Enum>());
  }
  // An object of its own: `each` gets a RequestFields for it.
  template <typename Each>
  void object(const char* name, Each each) {
    const nlohmann::json* value = find(name);
    if (value == nullptr) return;
    RequestFields inner(*value, name);
    inner.sender_ = sender_;
    each(inner);
    if (const auto ended = inner.end(); !ended) refuse(ended.error());
  }
  // The field's value. Null: the field does not exist.
  const nlohmann::json* find(const char* name);

  void require(const char* name, const char* expected);
  void wrong(const char* name, const std::string& expected);  // the field's value is not as expected
  void wrong_value(const std::string& name, const nlohmann::json* value, const std::string& expected);
  void refuse(std::string message);
  void refuse(const Error& error);
  // Returns the first problem. An unknown field is a problem too.
  Result<void> end();

 private:
  std::string full(const std::string& name) const;
  template <typename Number>
  Number lowered(Number value, Number max) const {
    return sender_ == Sender::editor ? std::min(value, max) : value;
  }
  std::optional<std::string> choice_text(const char* name, const char* expected);

  const nlohmann::json& object_;
  std::string where_;
  std::vector<std::string> known_;
  std::optional<Error> problem_;
  Sender sender_ = Sender::client;
  std::vector<std::string>* warnings_ = nullptr;
};

}  // namespace dind

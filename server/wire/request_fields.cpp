#include "wire/request_fields.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "dind/limit_bounds.hpp"
#include "support/text/shortened.hpp"
#include "support/units.hpp"

namespace dind {
namespace {

using nlohmann::json;

// Writes a number as a person does: 0.01, 64, 1000000.
std::string figure(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

// Never shows the contents of a list or an object: they may be long, or a secret.
std::string shown(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  return shortened(value.dump(-1, ' ', false, json::error_handler_t::replace), 60);
}

// A name from the caller, in quotes and on one line.
std::string quoted_name(const std::string& name) {
  return json(shortened(name, 80)).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<std::int64_t> whole_number(const json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return INT64_MAX;
  return value.get<std::int64_t>();
}

}  // namespace

RequestFields::RequestFields(const json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object_.is_object())
    refuse(where_.empty() ? "The request must be an object, not " + shown(object)
                          : '"' + where_ + "\" must be an object, not " + shown(object));
}

std::string RequestFields::full(const std::string& name) const { return where_.empty() ? name : where_ + '.' + name; }

void RequestFields::refuse(std::string message) {
  if (!problem_) problem_ = Error{ErrorCode::invalid_request, std::move(message), 0};
}
void RequestFields::refuse(const Error& error) {
  if (!problem_) problem_ = error;
}

const json* RequestFields::find(const char* name) {
  if (std::ranges::find(known_, name) == known_.end()) known_.emplace_back(name);
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool RequestFields::has(const char* name) { return find(name) != nullptr; }

void RequestFields::wrong(const char* name, const std::string& expected) { wrong_value(name, find(name), expected); }

void RequestFields::wrong_value(const std::string& name, const json* value, const std::string& expected) {
  const std::string seen = value != nullptr ? shown(*value) : "missing";
  if (warnings_ != nullptr)
    warnings_->push_back(where_ + shortened(name, 80) + " is " + seen + "; it must be " + expected);
  else
    refuse('"' + full(name) + "\" must be " + expected + (value != nullptr ? ", not " + seen : ""));
}

void RequestFields::require(const char* name, const char* expected) {
  if (!has(name)) refuse('"' + full(name) + "\" is missing: it must be " + expected);
}

void RequestFields::text(const char* name, std::string& into) {
  const json* value = find(name);
  if (value == nullptr) return;
  if (value->is_string())
    into = value->get<std::string>();
  else
    wrong(name, "a text");
}
void RequestFields::text(const char* name, std::optional<std::string>& into) {
  std::string value;
  text(name, value);
  if (has(name)) into = std::move(value);
}
void RequestFields::non_empty_text(const char* name, std::string& into) {
  const json* value = find(name);
  if (value == nullptr) return;
  if (value->is_string() && (!is_client() || !value->get_ref<const std::string&>().empty()))
    into = value->get<std::string>();
  else
    wrong(name, "a text that is not empty");
}
void RequestFields::non_empty_text(const char* name, std::optional<std::string>& into) {
  std::string value;
  non_empty_text(name, value);
  if (has(name)) into = std::move(value);
}

void RequestFields::texts(const char* name, std::vector<std::string>& into) {
  const json* value = find(name);
  if (value == nullptr) return;
  if (!value->is_array() || !std::ranges::all_of(*value, [](const json& each) { return each.is_string(); }))
    return wrong(name, "a list of texts");
  into = value->get<std::vector<std::string>>();
}

void RequestFields::variables(const char* name, std::map<std::string, std::string>& into) {
  const json* value = find(name);
  if (value == nullptr) return;
  if (!value->is_object()) return wrong(name, "an object of names and texts");
  for (const auto& [variable, text] : value->items()) {
    if (!text.is_string())
      return refuse(quoted_name(full(name) + '.' + variable) + " must be a text, not " + shown(text));
    into[variable] = text.get<std::string>();
  }
}

void RequestFields::flag(const char* name, bool& into) {
  const json* value = find(name);
  if (value == nullptr) return;
  if (value->is_boolean())
    into = value->get<bool>();
  else
    wrong(name, "true or false");
}

void RequestFields::seconds(const char* name, std::optional<std::chrono::milliseconds>& into) {
  const json* value = find(name);
  if (value == nullptr) return;
  const double seconds = lowered(value->is_number() ? value->get<double>() : 0, kMaxSeconds);
  const bool fits = seconds > 0 && seconds <= kMaxSeconds;
  if (!std::isfinite(seconds) || (is_client() ? !fits : std::abs(seconds) > 9e15))
    return wrong(name, "a number of seconds above 0 and at most " + figure(kMaxSeconds));
  const auto rounded = std::llround(seconds * 1000);
  into = std::chrono::milliseconds(is_client() ? std::max<std::int64_t>(1, rounded) : rounded);
}

void RequestFields::bytes(const char* name, std::optional<std::int64_t>& into, std::int64_t least) {
  const json* value = find(name);
  if (value == nullptr) return;
  std::optional<std::int64_t> size = whole_number(*value);
  if (sender_ == Sender::editor && value->is_number_float())
    size = static_cast<std::int64_t>(std::clamp(value->get<double>(), 0.0, static_cast<double>(kMaxMemoryBytes)));
  if (value->is_string())
    if (const auto parsed = parse_bytes(value->get_ref<const std::string&>())) size = *parsed;
  if (size) size = lowered(*size, std::int64_t{kMaxMemoryBytes});
  if (!size || (is_client() && (*size < least || *size > kMaxMemoryBytes)))
    return wrong(name, "a size such as \"512m\", or a whole number of bytes, from " + format_bytes(least) + " to " +
                           format_bytes(kMaxMemoryBytes));
  into = size;
}

void RequestFields::whole(const char* name, std::optional<std::int64_t>& into, std::int64_t least, std::int64_t most) {
  const json* value = find(name);
  if (value == nullptr) return;
  auto given = whole_number(*value);
  if (given) given = lowered(*given, most);
  if (!given || (is_client() && (*given < least || *given > most)))
    return wrong(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  into = given;
}

void RequestFields::number(const char* name, std::optional<double>& into, double least, double most) {
  const json* value = find(name);
  if (value == nullptr) return;
  const double given = lowered(value->is_number() ? value->get<double>() : NAN, most);
  const bool fits = std::isfinite(given) && (!is_client() || (given >= least && given <= most));
  if (!fits) return wrong(name, "a number from " + figure(least) + " to " + figure(most));
  into = given;
}

void RequestFields::number(const char* name, double& into) {
  std::optional<double> value;
  number(name, value, -HUGE_VAL, HUGE_VAL);
  if (value) into = *value;
}

void RequestFields::milliseconds(const char* name, std::chrono::milliseconds& into) {
  std::int64_t count = into.count();
  whole(name, count);
  into = std::chrono::milliseconds(count);
}

void RequestFields::milliseconds(const char* name, std::optional<std::chrono::microseconds>& into) {
  std::optional<double> value;
  number(name, value, -9e15, 9e15);
  if (value) into = std::chrono::microseconds(std::llround(*value * 1000));
}

std::optional<std::string> RequestFields::choice_text(const char* name, const char* expected) {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  wrong(name, expected);
  return std::nullopt;
}

Result<void> RequestFields::end() {
  if (object_.is_object() && !problem_ && sender_ != Sender::editor) {
    for (const auto& [name, value] : object_.items()) {
      if (std::ranges::find(known_, name) != known_.end()) continue;
      std::string list;
      for (const auto& each : known_) list += (list.empty() ? "" : ", ") + each;
      refuse("unknown field " + quoted_name(full(name)) +
             (list.empty() ? "; no fields are supported here" : "; supported: " + list));
      break;  // thousands of unknown fields would each need the list (S03)
    }
  }
  if (problem_) return std::unexpected(*problem_);
  return {};
}

}  // namespace dind

#include "frontends/http/accept_field.hpp"

#include <algorithm>

#include "support/text/lower.hpp"
#include "support/text/trimmed.hpp"

namespace dind::frontends::http {
namespace {

// Returns the part before `mark`, and removes the part and `mark` from `rest`.
std::string_view take_until(std::string_view& rest, char mark) {
  const auto end = std::min(rest.find(mark), rest.size());
  const auto part = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

// "0.5" in thousandths. Text that is not a weight counts as 1, like a missing weight.
int weight_of(std::string_view digits) {
  int weight = 0;
  int place = 1000;
  bool fraction = false;
  for (const char c : digits) {
    if (c == '.' && !fraction) {
      fraction = true;
    } else if (c >= '0' && c <= '9') {
      if (fraction) place /= 10;
      weight = std::min(1000, weight + (c - '0') * place);
    } else {
      return 1000;
    }
  }
  return digits.empty() ? 1000 : weight;
}

}  // namespace

bool accepts_events(std::string_view accept) {
  int events = 0;
  int json = 0;
  while (!accept.empty()) {
    auto range = take_until(accept, ',');
    const auto type = take_until(range, ';');
    int weight = 1000;
    while (!range.empty()) {
      auto parameter = take_until(range, ';');
      const auto name = take_until(parameter, '=');
      if (equal_without_case(name, "q")) weight = weight_of(trimmed(parameter));
    }
    if (equal_without_case(type, "text/event-stream")) events = std::max(events, weight);
    if (equal_without_case(type, "application/json")) json = std::max(json, weight);
  }
  return events > 0 && events >= json;
}

}  // namespace dind::frontends::http

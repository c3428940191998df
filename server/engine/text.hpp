// Text for URLs and for error messages.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dind/error.hpp"

namespace dind::engine {

// RFC 3986 percent-encoding of everything but unreserved characters and those in `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = "");

// "?a=b&c=d", values encoded.
std::string query(std::initializer_list<std::pair<std::string_view, std::string>> parameters);

// {"label":["x"]}, as the API's `filters` parameter has it.
std::string filters_json(const std::map<std::string, std::vector<std::string>>& filters);

// Control characters and line ends become spaces, invalid UTF-8 goes, and what's longer than `max_bytes` is cut with
// "…".
std::string one_line(std::string_view text, std::size_t max_bytes = 1000);

// Whether one of `parts` is in the text.
inline bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return text.contains(part); });
}

// A reference as docker takes it, cut into its name and its tag or digest ("latest" where it has neither).
struct ImageName {
  std::string repository;  // "localhost:5000/team/tool"
  std::string tag;         // "3.11", or "sha256:…"
};
// Error (invalid_request): can't be an image's name. The check is what keeps a name from becoming another path.
Result<ImageName> parse_image_name(const std::string& name);
// The whole ID of an image, with "sha256:" or without: a name that no registry can have.
bool is_image_id(std::string_view name);

}  // namespace dind::engine

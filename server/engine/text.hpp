// Builds text for URLs and for error messages.
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

// Percent-encodes (RFC 3986) all characters except unreserved ones and those in `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = "");

// "?a=b&c=d", with encoded values.
std::string query(std::initializer_list<std::pair<std::string_view, std::string>> parameters);

// {"label":["x"]}, the form of the API's `filters` parameter.
std::string filters_json(const std::map<std::string, std::vector<std::string>>& filters);

// Control characters (C0, DEL, C1) and line ends become spaces, invalid UTF-8 becomes "?". A text of more than
// `max_bytes` is cut and ends with "…".
std::string one_line(std::string_view text, std::size_t max_bytes = 1000);

// Whether the text contains one of `parts`.
inline bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return text.contains(part); });
}

// An image reference, split as docker does: name, and tag or digest ("latest" if it has neither).
struct ImageName {
  std::string repository;  // "localhost:5000/team/tool"
  std::string tag;         // "3.11", or "sha256:…"
};
// Error invalid_request: not the name of an image. The check prevents that a name becomes another path of the API.
Result<ImageName> parse_image_name(const std::string& name);
// The whole ID of an image, with "sha256:" or without: a name that no registry can have.
bool is_image_id(std::string_view name);

}  // namespace dind::engine

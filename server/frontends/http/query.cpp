#include "frontends/http/query.hpp"

#include <charconv>

#include "support/text/shortened.hpp"

namespace dind::frontends::http {

Result<std::size_t> parse_limit(std::string_view query) {
  std::size_t limit = kDefaultLimit;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    constexpr std::string_view kName = "limit=";
    if (!part.starts_with(kName))
      return fail(ErrorCode::invalid_request, "unknown parameter \"" + shortened(part, 60) + "\"; supported: limit");
    const auto digits = part.substr(kName.size());
    const auto [rest, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), limit);
    if (problem != std::errc{} || rest != digits.data() + digits.size() || limit < 1 || limit > kMaxLimit)
      return fail(ErrorCode::invalid_request, "limit must be a whole number from 1 to 1000");
  }
  return limit;
}

}  // namespace dind::frontends::http

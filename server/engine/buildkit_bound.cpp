#include "engine/buildkit_bound.hpp"

#include <charconv>

namespace dind::engine {

namespace {

std::int64_t number_of(const Labels& labels, const char* label) {
  const auto it = labels.find(label);
  if (it == labels.end()) return 0;
  std::int64_t number = 0;
  const char* end = it->second.data() + it->second.size();
  const auto read = std::from_chars(it->second.data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? number : 0;
}

}  // namespace

std::optional<BuildkitBound> parse_buildkit_bound(const Labels& labels) {
  const BuildkitBound bound{.memory_bytes = number_of(labels, "dind-executor.build.memory"),
                            .pids = number_of(labels, "dind-executor.build.pids")};
  return bound.memory_bytes > 0 && bound.pids > 0 ? std::optional(bound) : std::nullopt;
}

}  // namespace dind::engine

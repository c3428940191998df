// Image names: an accepted name can't lead to another URL path, and its parts give the same name again.
#include "engine/text.hpp"
#include "fuzz.hpp"

using namespace dind;
using namespace dind::engine;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string name(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_image_name(name);
  fuzz::require(fuzz::is_utf8(one_line(name, size / 2)), "a line for people is UTF-8 text");
  if (!parsed) {
    fuzz::require(fuzz::is_utf8(parsed.error().message) && !parsed.error().message.contains('\n'),
                  "an error is one line");
    return 0;
  }
  const auto& [repository, tag] = *parsed;
  const bool digest = tag.contains(':');
  fuzz::require(!tag.empty() && tag.find_first_of("/@") == std::string::npos, "a tag is not a path");
  fuzz::require(!repository.contains('@') && !repository.ends_with('/'), "a repository has no digest and no tag");
  for (std::size_t at = 0; at <= name.size();) {
    const auto end = std::min(name.find('/', at), name.size());
    const auto part = name.substr(at, end - at);
    fuzz::require(!part.empty() && part != "." && part != "..", "each part of the path is a name, not a dot");
    at = end + 1;
  }
  fuzz::require(percent_encode(name, "/:@") == name, "an accepted name needs no escape");
  if (name.size() > 500) return 0;  // ":latest" would make it too long
  const auto again = parse_image_name(repository + (digest ? "@" : ":") + tag);
  fuzz::require(again && again->repository == repository && again->tag == tag, "the parts give the same name");
  return 0;
}

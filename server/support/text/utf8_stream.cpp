#include "support/text/utf8_stream.hpp"

#include <utility>

#include "support/text/utf8.hpp"

namespace dind {

std::string Utf8Stream::add(std::string_view bytes) {
  std::string joined;
  if (!pending_.empty()) {
    joined = std::move(pending_);
    joined += bytes;
    bytes = joined;
    pending_.clear();
  }
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto character = first_character(bytes);
    if (character.truncated) {
      pending_ = bytes;
      break;
    }
    out += character.valid ? bytes.substr(0, character.size) : kReplacementCharacter;
    bytes.remove_prefix(character.size);
  }
  return out;
}

std::string Utf8Stream::finish() {
  return std::exchange(pending_, {}).empty() ? std::string() : std::string(kReplacementCharacter);
}

}  // namespace dind

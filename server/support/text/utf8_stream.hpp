// Converts a program's bytes, chunk by chunk, to well-formed UTF-8. A sequence that is split between chunks waits for
// its rest. Invalid bytes become U+FFFD (one for each maximal part of a sequence, as in browsers).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dind {

class Utf8Stream {
 public:
  std::string add(std::string_view bytes);
  std::string finish();                                    // what is left of an incomplete sequence
  std::size_t waiting() const { return pending_.size(); }  // bytes of a sequence whose rest has not come

 private:
  std::string pending_;  // the start of a sequence, at most 3 bytes
};

}  // namespace dind

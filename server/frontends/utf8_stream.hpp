// Bytes of a program into well-formed UTF-8, chunk by chunk: a sequence that is split waits for its rest, and what is
// none becomes U+FFFD (one for each maximal part of a sequence, as browsers do it).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dind::frontends {

class Utf8Stream {
 public:
  std::string add(std::string_view bytes);
  std::string finish();                                    // the rest, where a sequence was broken off
  std::size_t waiting() const { return pending_.size(); }  // bytes of a sequence whose rest is awaited

 private:
  std::string pending_;  // the start of a sequence, three bytes at most
};

}  // namespace dind::frontends

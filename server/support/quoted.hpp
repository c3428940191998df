// A word of unknown origin in a line that a person may paste: into a shell, or into JSON. Both escape what has an
// effect on a terminal, and shorten what is long.
#pragma once

#include <string>
#include <string_view>

namespace dind {

inline constexpr std::size_t kMaxWordLength = 120;

// One word for every POSIX shell, quoted unless each of its characters is known to mean nothing to one.
std::string shell_word(std::string_view text, std::size_t most = kMaxWordLength);

// A JSON string with its quotes.
std::string json_word(std::string_view text, std::size_t most = kMaxWordLength);

}  // namespace dind

// Quotes a word of unknown origin for a line that a person may paste into a shell or into JSON. All functions
// escape what has an effect on a terminal, and shorten long words.
#pragma once

#include <string>
#include <string_view>

namespace dind {

inline constexpr std::size_t kMaxWordLength = 120;

// One word for every POSIX shell. Quoted unless no character of it is special in a shell.
std::string shell_word(std::string_view text, std::size_t max = kMaxWordLength);

// In double quotes, without escapes for a shell or JSON: for sentences.
std::string quoted(std::string_view text, std::size_t max = kMaxWordLength);

// A JSON string with its quotes.
std::string json_word(std::string_view text, std::size_t max = kMaxWordLength);

}  // namespace dind

#include "support/text/quoted.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/text/escaped.hpp"
#include "support/text/shortened.hpp"

namespace dind {
namespace {

std::string shown_word(std::string_view text, std::size_t max) { return shortened(escaped(text), max); }

// No `~`, and no `=` at the start: bash and zsh replace them with folders and paths of programs.
bool means_nothing_to_a_shell(std::string_view word) {
  const auto harmless = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80 ||
           std::string_view("._-/+:@%,=").contains(static_cast<char>(c));
  };
  return !word.empty() && !word.starts_with('=') && std::ranges::all_of(word, harmless);
}

}  // namespace

std::string shell_word(std::string_view text, std::size_t max) {
  auto word = shown_word(text, max);
  if (means_nothing_to_a_shell(word)) return word;
  std::string word_in_quotes = "'";
  for (const char c : word) word_in_quotes += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word_in_quotes + "'";
}

std::string quoted(std::string_view text, std::size_t max) { return '"' + shown_word(text, max) + '"'; }

std::string json_word(std::string_view text, std::size_t max) {
  return nlohmann::json(shown_word(text, max)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace dind

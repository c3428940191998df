// What faces may know of languages: whether a document is runnable, and the list. (Faces don't include languages/.)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dind {

struct LanguageSummary {
  std::string id;
  std::string name;
  std::vector<std::string> extensions;
  std::vector<std::string> images;
};
std::vector<LanguageSummary> language_list();

// The recipe's id for a document, or nullopt where no recipe runs it.
std::optional<std::string> runnable_language(std::optional<std::string_view> language_id, std::string_view file_name,
                                             std::string_view text);

// A program's text that came as Unicode (JSON), for a file in UTF-8: where a Python program declares another encoding,
// that is replaced, since it is no longer true.
std::string unicode_program(std::string text, std::optional<std::string_view> language, std::string_view file_name);

}  // namespace dind

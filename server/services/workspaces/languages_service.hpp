// What frontends may know about languages: whether a document is runnable, and the list. Frontends do not include
// languages/.
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

// The id of the recipe for a document; nullopt: no recipe runs it.
std::optional<std::string> runnable_language(std::optional<std::string_view> language_id, std::string_view file_name,
                                             std::string_view text);

// Adapts a program's text that came as Unicode (JSON) to a file in UTF-8. If a Python program declares another
// encoding, the declaration is replaced, because it is no longer true.
std::string unicode_program(std::string text, std::optional<std::string_view> language, std::string_view file_name);

}  // namespace dind

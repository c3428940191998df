// Which recipe runs a file: what the caller says, else the file's extension, else its `#!` line.

#include <algorithm>
#include <ranges>

#include "languages/recipe.hpp"

namespace dind::languages {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool holds(const std::vector<std::string>& list, std::string_view wanted) {
  return std::ranges::find(list, wanted) != list.end();
}

std::string_view base_name(std::string_view path) { return path.substr(path.find_last_of("/\\") + 1); }

// ".py" of "dir/Hello.PY"; empty for "Makefile" and ".bashrc".
std::string extension_of(std::string_view file_name) {
  const auto name = base_name(file_name);
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  return lower(name.substr(dot));
}

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  for (std::size_t at = 0; at < line.size();) {
    const auto begin = line.find_first_not_of(" \t", at);
    if (begin == std::string_view::npos) break;
    const auto end = std::min(line.find_first_of(" \t", begin), line.size());
    found.push_back(line.substr(begin, end - begin));
    at = end;
  }
  return found;
}

// "python3.11" of "#!/usr/bin/env -S FOO=1 python3.11 -u"; empty without a `#!` line.
std::string_view interpreter_of(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (!text.starts_with("#!")) return {};
  constexpr std::size_t kLongest = 4096;
  auto line = text.substr(2, std::min(text.find('\n'), kLongest) - 2);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const auto parts = words(line);
  if (parts.empty()) return {};
  if (base_name(parts[0]) != "env") return base_name(parts[0]);
  for (const auto part : parts | std::views::drop(1)) {
    // Flags of env (-S, -i, --split-string) and the assignments before the program's name.
    if (part.starts_with("-S") && part.size() > 2) return base_name(part.substr(2));
    if (part.starts_with('-') || part.contains('=')) continue;
    return base_name(part);
  }
  return {};
}

const Recipe* by_interpreter(std::string_view interpreter) {
  const auto matches = [](std::string_view wanted) -> const Recipe* {
    for (const auto& recipe : recipes()) {
      if (holds(recipe.interpreters, wanted)) return &recipe;
    }
    return nullptr;
  };
  if (const auto* recipe = matches(interpreter)) return recipe;
  const auto version = interpreter.find_last_not_of("0123456789.-");  // python3.11, node-20
  if (version == std::string_view::npos || version + 1 == interpreter.size()) return nullptr;
  return matches(interpreter.substr(0, version + 1));
}

std::string listed() {
  std::string list;
  for (const auto& recipe : recipes()) {
    if (!list.empty()) list += ", ";
    list += recipe.id + " (";
    for (const auto& extension : recipe.extensions)
      list += (extension == recipe.extensions.front() ? "" : " ") + extension;
    list += ')';
  }
  return list;
}

// For messages: one line, bounded, whatever the name holds.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 80)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out;
}

}  // namespace

Result<const Recipe*> detect(std::optional<std::string_view> language, std::string_view file_name,
                             std::string_view text) {
  if (language && !language->empty()) {
    if (const auto* recipe = find_recipe(*language)) return recipe;
    return fail(ErrorCode::unsupported_language,
                "There is no recipe for the language \"" + shown(*language) + "\". Languages: " + listed() + '.');
  }
  const auto extension = extension_of(file_name);
  if (!extension.empty()) {
    for (const auto& recipe : recipes()) {
      if (holds(recipe.extensions, extension)) return &recipe;
    }
  }
  const auto interpreter = interpreter_of(text);
  if (!interpreter.empty()) {
    if (const auto* recipe = by_interpreter(interpreter)) return recipe;
  }
  const auto name = base_name(file_name);
  std::string seen = name.empty() ? "The language of a program without a file name is not known"
                                  : "The language of " + shown(name) + " is not known";
  seen += extension.empty() ? " (it has no extension" : " (no recipe has the extension " + shown(extension);
  seen += interpreter.empty() ? " and no #! line)"
                              : " and no recipe has the interpreter " + shown(interpreter) + " of its #! line)";
  return fail(ErrorCode::unsupported_language, seen + ". Name one of the languages: " + listed() + '.');
}

}  // namespace dind::languages

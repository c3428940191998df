#include "services/dockerfile.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace dind {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> all;
  std::string word;
  for (const char c : line) {
    if (c != ' ' && c != '\t' && c != '\r') {
      word += c;
    } else if (!word.empty()) {
      all.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) all.push_back(std::move(word));
  return all;
}

// Lines without comments; one that ends with a backslash goes on in the next.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> all;
  std::string line;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.ends_with('\r')) part.remove_suffix(1);
    const auto first = part.find_first_not_of(" \t");
    if (first != std::string_view::npos && part[first] == '#') continue;
    const bool goes_on = part.ends_with('\\');
    if (goes_on) part.remove_suffix(1);
    line += part;
    if (goes_on) continue;
    all.push_back(std::exchange(line, {}));
  }
  if (!line.empty()) all.push_back(std::move(line));
  return all;
}

std::string unquoted(std::string text) {
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front())
    return text.substr(1, text.size() - 2);
  return text;
}

using Arguments = std::map<std::string, std::string>;

// $NAME, ${NAME}, ${NAME:-otherwise}. nullopt: it needs what we don't know.
std::optional<std::string> filled(const std::string& text, const Arguments& arguments) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      out += text[i];
      continue;
    }
    const bool braces = i + 1 < text.size() && text[i + 1] == '{';
    std::size_t at = i + (braces ? 2 : 1);
    std::string name;
    while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_'))
      name += text[at++];
    std::optional<std::string> otherwise;
    if (braces) {
      const auto close = text.find('}', at);
      if (close == std::string::npos) return std::nullopt;
      const auto rest = text.substr(at, close - at);
      if (rest.starts_with(":-"))
        otherwise = rest.substr(2);
      else if (!rest.empty())
        return std::nullopt;
      at = close + 1;
    }
    const auto known = arguments.find(name);
    if (known != arguments.end() && !known->second.empty())
      out += known->second;
    else if (otherwise)
      out += *otherwise;
    else
      return std::nullopt;
    i = at - 1;
  }
  return out;
}

}  // namespace

std::vector<std::string> base_images(std::string_view dockerfile) {
  std::vector<std::string> images;
  std::set<std::string> stages;
  Arguments arguments;
  bool before_first = true;
  for (const auto& line : lines_of(dockerfile)) {
    auto parts = words(line);
    if (parts.empty()) continue;
    const auto instruction = lower(parts.front());
    if (instruction == "arg" && before_first) {
      for (std::size_t i = 1; i < parts.size(); ++i)
        if (const auto equals = parts[i].find('='); equals != std::string::npos)
          if (auto value = filled(unquoted(parts[i].substr(equals + 1)), arguments))
            arguments[parts[i].substr(0, equals)] = std::move(*value);
    }
    if (instruction != "from") continue;
    before_first = false;
    std::erase_if(parts, [](const std::string& part) { return part.starts_with("--"); });
    if (parts.size() < 2) continue;
    const auto name = filled(parts[1], arguments);
    if (name && !name->empty() && *name != "scratch" && !stages.contains(lower(*name)) &&
        std::ranges::find(images, *name) == images.end())
      images.push_back(*name);
    if (parts.size() >= 4 && lower(parts[2]) == "as") stages.insert(lower(parts[3]));
  }
  return images;
}

}  // namespace dind

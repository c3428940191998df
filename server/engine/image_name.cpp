// Parses names of images like the engine does: the grammar of github.com/distribution/reference.
#include <algorithm>
#include <charconv>

#include "engine/text.hpp"

namespace dind::engine {
namespace {

constexpr std::size_t kMaxRepositoryLength = 255;
constexpr std::size_t kMaxTagLength = 128;
constexpr std::size_t kMinDigestLength = 32;  // hexadecimal digits
constexpr std::size_t kSha256Digits = 64;

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool letter_or_digit(char c) { return lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }
bool all_of(std::string_view text, bool (*matches)(char)) { return std::ranges::all_of(text, matches); }

// Letters and digits. Between two of them: one dot, one or two underscores, or any number of hyphens.
bool is_path_component(std::string_view text) {
  if (text.empty() || !lower_or_digit(text.front()) || !lower_or_digit(text.back())) return false;
  while (!text.empty()) {
    const auto word = std::min<std::size_t>(
        static_cast<std::size_t>(std::ranges::find_if_not(text, lower_or_digit) - text.begin()), text.size());
    text.remove_prefix(word);
    const auto between = static_cast<std::size_t>(std::ranges::find_if(text, lower_or_digit) - text.begin());
    const auto separator = text.substr(0, between);
    if (!separator.empty() && separator != "." && separator != "_" && separator != "__" &&
        separator.find_first_not_of('-') != std::string_view::npos)
      return false;
    text.remove_prefix(between);
  }
  return true;
}

constexpr unsigned kMaxPort = 65535;

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  return problem == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= kMaxPort;
}

bool is_hexadecimal(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// "registry.example:5000", "localhost".
bool is_registry(std::string_view text) {
  if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    if (!is_port(text.substr(colon + 1))) return false;
    text = text.substr(0, colon);
  }
  while (true) {
    const auto label = text.substr(0, text.find('.'));
    if (label.empty() || !letter_or_digit(label.front()) || !letter_or_digit(label.back()) ||
        !all_of(label, [](char c) { return letter_or_digit(c) || c == '-'; }))
      return false;
    if (label.size() == text.size()) return true;
    text.remove_prefix(label.size() + 1);
  }
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTagLength && (letter_or_digit(text.front()) || text.front() == '_') &&
         all_of(text, [](char c) { return letter_or_digit(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_digest(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const auto algorithm = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  const bool named = !algorithm.empty() &&
                     all_of(algorithm, [](char c) { return letter_or_digit(c) || c == '.' || c == '_' || c == '-'; }) &&
                     !(algorithm.front() >= '0' && algorithm.front() <= '9') && letter_or_digit(algorithm.front()) &&
                     letter_or_digit(algorithm.back());
  return named && all_of(digits, is_hexadecimal) &&
         (algorithm == "sha256" ? digits.size() == kSha256Digits : digits.size() >= kMinDigestLength);
}

bool is_repository(std::string_view text) {
  if (text.empty() || text.size() > kMaxRepositoryLength) return false;
  const auto slash = text.find('/');
  // Only a registry's name may have capitals. Its dot or port shows that it is a registry.
  if (slash != std::string_view::npos) {
    const auto first = text.substr(0, slash);
    if (first == "localhost" || first.find_first_of(".:") != std::string_view::npos) {
      if (!is_registry(first)) return false;
      text.remove_prefix(slash + 1);
    }
  }
  while (true) {
    const auto component = text.substr(0, text.find('/'));
    if (!is_path_component(component)) return false;
    if (component.size() == text.size()) return true;
    text.remove_prefix(component.size() + 1);
  }
}

// The name as it was given. Blanks at its end are kept, because they may be the fault.
std::string shown_name(const std::string& name) {
  constexpr std::size_t kMaxLength = 200;
  std::string text = one_line(name, kMaxLength);
  const auto last = name.find_last_not_of(' ');
  if (name.size() <= kMaxLength) text.append(name.size() - (last == std::string::npos ? 0 : last + 1), ' ');
  return '"' + text + '"';
}

// The empty base of "FROM scratch": the registry keeps this name for it, and no engine runs it.
bool is_scratch(std::string_view repository) {
  for (const std::string_view part : {"index.docker.io/", "docker.io/", "library/"})
    if (repository.starts_with(part)) repository.remove_prefix(part.size());
  return repository == "scratch";
}

}  // namespace

bool is_image_id(std::string_view name) {
  constexpr std::string_view kAlgorithm = "sha256:";
  if (name.starts_with(kAlgorithm)) name.remove_prefix(kAlgorithm.size());
  return name.size() == kSha256Digits && all_of(name, is_hexadecimal);
}

Result<ImageName> parse_image_name(const std::string& name) {
  ImageName parsed{name, "latest"};
  bool good = true;
  if (const auto at = name.find('@'); at != std::string::npos) {
    parsed.tag = name.substr(at + 1);
    parsed.repository = name.substr(0, at);
    good = is_digest(parsed.tag);
  }
  // A colon after the last slash begins a tag; one before it begins a port. A digest takes precedence over a tag.
  const auto slash = parsed.repository.rfind('/');
  const auto colon = parsed.repository.rfind(':');
  if (colon != std::string::npos && (slash == std::string::npos || colon > slash)) {
    const auto tag = parsed.repository.substr(colon + 1);
    good = good && is_tag(tag);
    if (!name.contains('@')) parsed.tag = tag;
    parsed.repository.resize(colon);
  }
  if (good && is_scratch(parsed.repository))
    return fail(ErrorCode::invalid_request,
                shown_name(name) +
                    " is an empty image, which has no program to run. Use another image, or build one (FROM scratch)");
  if (good && is_repository(parsed.repository)) return parsed;
  return fail(ErrorCode::invalid_request,
              shown_name(name) +
                  " is not the name of an image. Names are in lower case, and look like python:3.11 or "
                  "registry.example:5000/team/tool@sha256:… (a port up to 65535, 64 digits)");
}

}  // namespace dind::engine

#include "support/masking.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <utility>

#include "support/text/lower.hpp"

namespace dind {
namespace {

constexpr std::size_t kMinMaskedLength = 6;

bool has_only(std::string_view text, std::string_view more) {
  return !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
    return std::isalnum(c) != 0 || more.contains(static_cast<char>(c));
  });
}

// scheme://user:password@host → password
std::string_view password_in(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const auto authority = url.substr(scheme + 3, url.find_first_of("/?#", scheme + 3) - scheme - 3);
  const auto at = authority.rfind('@');
  const auto colon = authority.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) return {};
  return authority.substr(colon + 1, at - colon - 1);
}

bool is_json_web_token(std::string_view value) {
  return value.starts_with("eyJ") && std::ranges::count(value, '.') == 2 && has_only(value, "-_.=");
}

bool is_token(std::string_view value) {
  struct Form {
    std::string_view prefix;
    std::size_t min_bytes;  // in all
  };
  static constexpr auto kForms = std::to_array<Form>({
      {"ghp_", 20},   {"gho_", 20},      {"ghu_", 20},  {"ghs_", 20},     {"ghr_", 20},     {"github_pat_", 30},
      {"glpat-", 16}, {"glptt-", 16},    {"sk-", 20},   {"sk_live_", 16}, {"sk_test_", 16}, {"rk_live_", 16},
      {"whsec_", 16}, {"xoxb-", 16},     {"xoxp-", 16}, {"xoxa-", 16},    {"xoxr-", 16},    {"xoxs-", 16},
      {"xapp-", 16},  {"AKIA", 20},      {"ASIA", 20},  {"AIza", 35},     {"ya29.", 20},    {"npm_", 20},
      {"pypi-", 20},  {"dckr_pat_", 16}, {"hf_", 20},   {"SG.", 30},      {"dop_v1_", 20},  {"hvs.", 20},
  });
  if (value.contains("-----BEGIN ") && value.contains("PRIVATE KEY")) return true;
  if (is_json_web_token(value) || !password_in(value).empty()) return true;
  return has_only(value, "-_.=+/") && std::ranges::any_of(kForms, [&](const Form& form) {
           return value.starts_with(form.prefix) && value.size() >= form.min_bytes;
         });
}

// Like std::string::find, but linear for every text and value: callers may send "aaaa…" with "aaaa…b" as value (S05).
std::size_t find_in(std::string_view text, std::string_view value, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const void* found = ::memmem(text.data() + from, text.size() - from, value.data(), value.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

// The position of `name` in `text`, upper or lower case, from `at` on.
std::size_t find_name(std::string_view text, std::string_view name, std::size_t at) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  const auto found =
      std::search(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), name.begin(), name.end(), same);
  return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}

std::string without_user_info(std::string_view text) {
  std::string result;
  for (auto at = text.find("://"); at != std::string_view::npos; at = text.find("://")) {
    result += text.substr(0, at + 3);
    text.remove_prefix(at + 3);
    const auto user_info = text.substr(0, text.find_first_of("/?# \t\r\n\"'<>")).rfind('@');
    if (user_info == std::string_view::npos) continue;
    result += kWithheld;
    text.remove_prefix(user_info);
  }
  return result.append(text);
}

std::string without_headers(std::string text) {
  for (const std::string_view name : {"authorization", "x-registry-auth"}) {
    std::string result;
    std::size_t done = 0;
    for (auto at = find_name(text, name, 0); at != std::string::npos; at = find_name(text, name, at)) {
      at += name.size();
      const auto sign = text.find_first_not_of(" \"'\\", at);
      if (sign == std::string::npos) break;
      if (text[sign] != ':' && text[sign] != '=') continue;
      const auto value = text.find_first_not_of(" \"'[\\", sign + 1);
      if (value == std::string::npos) break;
      result.append(text, done, value - done).append(kWithheld);
      done = at = std::min(text.size(), text.find_first_of("\r\n\"'\\", value));
    }
    text = result.append(text, done);
  }
  return text;
}

std::string without_keys(const std::string& text) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  std::string result;
  std::size_t done = 0;
  for (auto at = text.find(kBegin); at != std::string::npos; at = text.find(kBegin, at)) {
    const auto title_end = text.find("-----", at + kBegin.size());
    if (title_end != std::string::npos && !std::string_view(text).substr(at, title_end - at).contains("PRIVATE KEY")) {
      at = title_end;
      continue;
    }
    auto end = text.find("-----END ", at);
    if (end != std::string::npos) end = text.find("-----", end + 9);
    result.append(text, done, at - done).append(kWithheld);
    done = at = end == std::string::npos ? text.size() : end + 5;
  }
  return result.append(text, done);
}

std::string without_tokens(std::string_view text) {
  const auto part_of_word = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("-_.").contains(static_cast<char>(c));
  };
  std::string result;
  while (!text.empty()) {
    const auto length = static_cast<std::size_t>(std::ranges::find_if_not(text, part_of_word) - text.begin());
    const auto word = text.substr(0, std::max<std::size_t>(1, length));
    result += length >= 16 && is_token(word) ? kWithheld : word;
    text.remove_prefix(word.size());
  }
  return result;
}

}  // namespace

bool looks_secret(std::string_view name, std::string_view value) {
  if (value.empty()) return false;
  std::string upper;
  for (const char c : name) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  for (const char* part : {"KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH", "PRIVATE"})
    if (upper.contains(part)) return true;
  return is_token(value);
}

SecretMask::SecretMask(const std::map<std::string, std::string>& env) {
  const auto add = [&](std::string_view value) {
    if (value.size() >= kMinMaskedLength) values_.emplace_back(value);
  };
  for (const auto& [name, value] : env) {
    if (!looks_secret(name, value)) continue;
    names_.insert(name);
    add(value);
    add(password_in(value));
  }
  // The value of another variable may contain a secret. Longer secrets are replaced first, or their rest would remain.
  std::ranges::sort(values_,
                    [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
  values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
  for (const auto& value : values_) bytes_ += value.size();
}

std::string SecretMask::masked(std::string_view text) const {
  std::string result(text);
  if (text.size() < kMinMaskedLength) return result;
  for (const auto& value : values_) {
    auto at = find_in(result, value, 0);
    if (at == std::string::npos) continue;
    std::string next;
    std::size_t done = 0;
    for (; at != std::string::npos; at = find_in(result, value, done)) {
      next.append(result, done, at - done).append(kWithheld);
      done = at + value.size();
    }
    result = next.append(result, done);
  }
  return result;
}

std::string MaskedStream::add(std::string_view bytes) {
  const auto& values = secrets_.values();
  if (values.empty()) return std::string(bytes);
  pending_ += bytes;
  const std::size_t longest = values.front().size();
  std::string told;
  std::size_t done = 0;
  next_.resize(values.size(), std::string::npos);
  // Search only the new bytes, and the bytes before them in which a value may have begun.
  for (std::size_t i = 0; i < values.size(); ++i)
    if (next_[i] == std::string::npos) look(i, looked_ - std::min(looked_, values[i].size() - 1));
  while (true) {
    // The first match. Of two at one position the longer, because it comes first in the list.
    const auto first = static_cast<std::size_t>(std::ranges::min_element(next_) - next_.begin());
    const auto at = next_[first];
    // No match, or one that may be part of a longer value that is not complete yet.
    if (at == std::string::npos || (values[first].size() < longest && at + longest > pending_.size())) break;
    told.append(pending_, done, at - done).append(kWithheld);
    done = at + values[first].size();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (next_[i] < done) look(i, done);
  }
  if (pending_.size() - done >= longest) {
    // Everything that begins before `end` was searched completely above.
    const auto end = pending_.size() - (longest - 1);
    told.append(pending_, done, end - done);
    done = end;
  }
  pending_.erase(0, done);
  looked_ = pending_.size();
  for (auto& each : next_)
    if (each != std::string::npos) each -= done;
  return told;
}

void MaskedStream::look(std::size_t value, std::size_t from) {
  next_[value] = find_in(pending_, secrets_.values()[value], from);
}

std::string MaskedStream::rest() { return secrets_.masked(std::exchange(pending_, {})); }

std::string without_credentials(std::string_view text) {
  return without_tokens(without_headers(without_keys(without_user_info(text))));
}

}  // namespace dind

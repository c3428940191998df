#include "engine/text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace dind::engine {
namespace {

bool alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// The length of the UTF-8 sequence at the start of `text`; 0 if it is not one (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  const std::size_t size = first < 0x80                    ? 1
                           : first >= 0xC2 && first < 0xE0 ? 2
                           : (first & 0xF0) == 0xE0        ? 3
                           : first >= 0xF0 && first < 0xF5 ? 4
                                                           : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((at(i) & 0xC0) != 0x80) return 0;
  if ((first == 0xE0 && at(1) < 0xA0) || (first == 0xED && at(1) > 0x9F) || (first == 0xF0 && at(1) < 0x90) ||
      (first == 0xF4 && at(1) > 0x8F))
    return 0;
  return size;
}

}  // namespace

std::string percent_encode(std::string_view text, std::string_view keep) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (alphanumeric(c) || std::string_view("-._~").contains(c) || keep.contains(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string query(std::initializer_list<std::pair<std::string_view, std::string>> parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    out += out.empty() ? '?' : '&';
    out.append(name).append("=").append(percent_encode(value));
  }
  return out;
}

std::string filters_json(const std::map<std::string, std::vector<std::string>>& filters) {
  return nlohmann::json(filters).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string one_line(std::string_view text, std::size_t max_bytes) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = utf8_length(text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (size == 0) {
      out += '?';
      text.remove_prefix(1);
    } else {
      if (out.size() + size > max_bytes) {
        out += "…";
        break;
      }
      const bool is_c1 = first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
      if (first < 0x20 || first == 0x7F || is_c1) {
        if (!out.empty() && out.back() != ' ') out += ' ';
      } else {
        out.append(text.substr(0, size));
      }
      text.remove_prefix(size);
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace dind::engine

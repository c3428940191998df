#include "engine/text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/text/utf8.hpp"

namespace dind::engine {
namespace {

bool alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

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
    const auto [code, size, valid, truncated] = first_character(text);
    if (!valid) {
      out += '?';
      text.remove_prefix(1);
    } else {
      if (out.size() + size > max_bytes) {
        out += "…";
        break;
      }
      if (code < 0x20 || (code >= 0x7F && code < 0xA0)) {
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

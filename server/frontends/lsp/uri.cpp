#include "frontends/lsp/uri.hpp"

namespace dind::frontends::lsp {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex(text[i + 1]);
    const int low = hex(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string_view without_query(std::string_view uri) { return uri.substr(0, uri.find_first_of("?#")); }

}  // namespace

std::optional<std::string> file_path(std::string_view uri) {
  constexpr std::string_view kScheme = "file://";
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri = without_query(uri.substr(kScheme.size()));
  const auto slash = uri.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto host = uri.substr(0, slash);
  if (!host.empty() && host != "localhost") return std::nullopt;
  return decoded(uri.substr(slash));
}

std::string base_name(std::string_view uri) {
  uri = without_query(uri);
  auto cut = uri.find_last_of('/');
  if (cut == std::string_view::npos) cut = uri.find(':');
  const auto last = cut == std::string_view::npos ? uri : uri.substr(cut + 1);
  auto name = decoded(last).value_or(std::string(last));
  return name.substr(name.rfind('/') + 1);  // an encoded slash separates names too; npos + 1 is 0
}

std::string document_key(std::string_view uri) {
  const auto path = file_path(uri);
  return path ? "file://" + *path : std::string(uri);
}

}  // namespace dind::frontends::lsp

#include "faces/editor/document_store.hpp"

#include <algorithm>

#include "faces/editor/uri.hpp"

namespace dind::faces::editor {
namespace {

// Bytes of the character that begins here; a stray byte counts as one.
std::size_t length_at(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return std::min(length, text.size() - at);
}

bool at_line_end(std::string_view text, std::size_t at) {
  return at >= text.size() || text[at] == '\n' || text[at] == '\r';
}

}  // namespace

std::size_t offset_of(std::string_view text, Position position, PositionEncoding encoding) {
  return offset_of(text, LineIndex(text), position, encoding);
}

std::size_t offset_of(std::string_view text, const LineIndex& lines, Position position, PositionEncoding encoding) {
  const auto line = static_cast<std::size_t>(std::max<std::int64_t>(position.line, 0));
  if (line >= lines.lines()) return text.size();
  std::size_t at = lines.start(line);
  if (lines.ascii() && position.character > 0) {
    const auto end = line + 1 < lines.lines() ? lines.start(line + 1) : text.size();
    at += std::min(static_cast<std::size_t>(position.character), end - at);
    while (at > lines.start(line) && (text[at - 1] == '\r' || text[at - 1] == '\n')) --at;
    return at;
  }
  std::int64_t left = position.character;
  while (left > 0 && !at_line_end(text, at)) {
    const auto length = length_at(text, at);
    const std::int64_t units = encoding == PositionEncoding::utf8 ? static_cast<std::int64_t>(length)
                               : length == 4                      ? 2
                                                                  : 1;
    if (units > left) break;
    left -= units;
    at += length;
  }
  return at;
}

void DocumentStore::open(const std::string& uri, Document document) {
  LineIndex lines(document.text);
  documents_.insert_or_assign(document_key(uri), Kept{.document = std::move(document), .lines = std::move(lines)});
}

void DocumentStore::close(const std::string& uri) { documents_.erase(document_key(uri)); }

void DocumentStore::change(const std::string& uri, std::optional<Position> from, std::optional<Position> to,
                           std::string_view text) {
  const auto it = documents_.find(document_key(uri));
  if (it == documents_.end()) return;
  std::string& all = it->second.document.text;
  LineIndex& lines = it->second.lines;
  if (!from || !to) {
    all = text;
    lines = LineIndex(all);
    return;
  }
  const auto begin = offset_of(all, lines, *from, encoding_);
  const auto end = std::max(begin, offset_of(all, lines, *to, encoding_));
  const auto removed = all.substr(begin, end - begin);
  all.replace(begin, end - begin, text);
  lines.replaced(begin, removed, text.size(), all);
}

const Document* DocumentStore::find(const std::string& uri) const {
  const auto it = documents_.find(document_key(uri));
  return it == documents_.end() ? nullptr : &it->second.document;
}

}  // namespace dind::faces::editor

#include "frontends/lsp/document_store.hpp"

#include <algorithm>

#include "frontends/lsp/uri.hpp"
#include "support/text/utf8.hpp"

namespace dind::frontends::lsp {
namespace {

// UTF-16 code units of the characters that begin in `text`. The loop has no branches, so that compilers make it fast.
std::int64_t units_begun_in(std::string_view text) {
  unsigned units = 0;
  for (const char c : text)
    units += static_cast<unsigned>(!is_utf8_continuation(c)) + static_cast<unsigned>((c & 0xf0) == 0xf0);
  return units;
}

// The offset that is `units` UTF-16 code units after `begin`, in a line up to `end`. It counts whole blocks first,
// because a line may have a megabyte before the position of a change.
std::size_t after_units(std::string_view text, std::size_t begin, std::size_t end, std::int64_t units) {
  constexpr std::size_t kBlock = 256;
  std::size_t at = begin;
  while (units > 0 && end - at >= kBlock) {
    const auto more = units_begun_in(text.substr(at, kBlock));
    if (more > units) break;
    units -= more;
    at += kBlock;
    while (at < end && is_utf8_continuation(text[at])) ++at;
  }
  while (units > 0 && at < end) {
    const auto length = first_character(text.substr(at)).size;
    const std::int64_t more = length == 4 ? 2 : 1;
    if (more > units) break;
    units -= more;
    at += length;
  }
  return at;
}

}  // namespace

std::size_t offset_of(std::string_view text, Position position, PositionEncoding encoding) {
  return offset_of(text, LineIndex(text), position, encoding);
}

std::size_t offset_of(std::string_view text, const LineIndex& lines, Position position, PositionEncoding encoding) {
  const auto line = static_cast<std::size_t>(std::max<std::int64_t>(position.line, 0));
  if (line >= lines.lines()) return text.size();
  const auto begin = lines.start(line);
  auto end = line + 1 < lines.lines() ? lines.start(line + 1) : text.size();
  while (end > begin && (text[end - 1] == '\r' || text[end - 1] == '\n')) --end;
  const auto units = std::max<std::int64_t>(position.character, 0);
  if (encoding == PositionEncoding::utf16 && !lines.ascii()) return after_units(text, begin, end, units);
  auto at = begin + std::min(static_cast<std::size_t>(units), end - begin);
  while (at > begin && at < end && is_utf8_continuation(text[at])) --at;
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
  const auto end = *to == *from ? begin : std::max(begin, offset_of(all, lines, *to, encoding_));
  const auto removed = all.substr(begin, end - begin);
  all.replace(begin, end - begin, text);
  lines.replaced(begin, removed, text.size(), all);
}

const Document* DocumentStore::find(const std::string& uri) const {
  const auto it = documents_.find(document_key(uri));
  return it == documents_.end() ? nullptr : &it->second.document;
}

}  // namespace dind::frontends::lsp

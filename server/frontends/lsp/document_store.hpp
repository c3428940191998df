// The texts of the client's open documents, kept in step by incremental changes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "frontends/lsp/line_index.hpp"

namespace dind::frontends::lsp {

enum class PositionEncoding { utf16, utf8 };

struct Position {
  std::int64_t line = 0;
  std::int64_t character = 0;  // code units of the encoding that was agreed
  bool operator==(const Position&) const = default;
};
struct Document {
  std::string language_id;
  std::string text;  // UTF-8
};

// Byte offset of a position; past a line's or the text's end it is that end, inside of a character its start. `lines`
// is the text's.
std::size_t offset_of(std::string_view text, const LineIndex& lines, Position position, PositionEncoding encoding);
std::size_t offset_of(std::string_view text, Position position, PositionEncoding encoding);

class DocumentStore {
 public:
  void set_encoding(PositionEncoding encoding) { encoding_ = encoding; }
  void open(const std::string& uri, Document document);
  void close(const std::string& uri);
  // A change of a part, or of everything (`from` and `to` none). A document that isn't open is left alone.
  void change(const std::string& uri, std::optional<Position> from, std::optional<Position> to, std::string_view text);
  const Document* find(const std::string& uri) const;

 private:
  struct Kept {
    Document document;
    LineIndex lines;
  };
  std::map<std::string, Kept> documents_;  // by document_key
  PositionEncoding encoding_ = PositionEncoding::utf16;
};

}  // namespace dind::frontends::lsp

// Keeps the texts of the client's open documents up to date by incremental changes.
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
  std::int64_t character = 0;  // code units of the negotiated encoding
  bool operator==(const Position&) const = default;
};
struct Document {
  std::string language_id;
  std::string text;  // UTF-8
};

// The byte offset of a position. After the end of a line or of the text: that end. Inside a character: its start.
// `lines` is the index of `text`.
std::size_t offset_of(std::string_view text, const LineIndex& lines, Position position, PositionEncoding encoding);
std::size_t offset_of(std::string_view text, Position position, PositionEncoding encoding);

class DocumentStore {
 public:
  void set_encoding(PositionEncoding encoding) { encoding_ = encoding; }
  void open(const std::string& uri, Document document);
  void close(const std::string& uri);
  // Changes a part, or the whole text if `from` and `to` are nullopt. Ignores a document that is not open.
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

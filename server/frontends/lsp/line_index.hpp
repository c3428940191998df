// Where the lines of a document begin, kept in step with its changes, so that a change costs the same near the end of a
// long document as near its beginning. A line ends with CR LF, LF or CR, as in LSP.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace dind::frontends::lsp {

class LineIndex {
 public:
  LineIndex() = default;
  explicit LineIndex(std::string_view text);
  std::size_t lines() const { return starts_.size(); }
  std::size_t start(std::size_t line) const;
  // Whether every byte is a character.
  bool ascii() const { return others_ == 0; }

  // Before bytes are replaced, and after: `removed` goes from `begin` on, `added` comes, and `text` is the new text.
  void replaced(std::size_t begin, std::string_view removed, std::size_t added, std::string_view text);

 private:
  std::size_t first_from(std::size_t offset) const;  // the first line that begins there or later
  void move_shift(std::size_t line);

  std::vector<std::size_t> starts_{0};
  // What was not added yet to the starts of the lines from `shifted_` on: changes come close to each other.
  std::size_t shifted_ = 1;
  std::ptrdiff_t shift_ = 0;
  std::size_t others_ = 0;  // bytes that are not ASCII
};

}  // namespace dind::frontends::lsp

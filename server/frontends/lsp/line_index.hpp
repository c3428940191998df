// Where the lines of a document begin. It follows the changes, so that a change near the end of a long document costs
// the same as one near its beginning. A line ends with CR LF, LF or CR, as in LSP.
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
  // Whether each byte is one character.
  bool ascii() const { return others_ == 0; }

  // Call after a replacement: at `begin`, `removed` was replaced by `added` bytes. `text` is the new text.
  void replaced(std::size_t begin, std::string_view removed, std::size_t added, std::string_view text);

 private:
  std::size_t first_from(std::size_t offset) const;  // the first line that begins at `offset` or later
  void move_shift(std::size_t line);

  std::vector<std::size_t> starts_{0};
  // `shift_` is not yet added to the starts of the lines from `shifted_` on. This is cheap,
  // because changes are near each other.
  std::size_t shifted_ = 1;
  std::ptrdiff_t shift_ = 0;
  std::size_t others_ = 0;  // bytes that are not ASCII
};

}  // namespace dind::frontends::lsp

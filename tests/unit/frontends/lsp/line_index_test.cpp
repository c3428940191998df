#include "frontends/lsp/line_index.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace line_index_test {

using namespace dind::frontends::lsp;

namespace {

std::vector<std::size_t> starts(const LineIndex& index) {
  std::vector<std::size_t> found;
  for (std::size_t line = 0; line < index.lines(); ++line) found.push_back(index.start(line));
  return found;
}

}  // namespace

TEST_CASE("A line ends with CR LF, LF or CR") {
  CHECK(starts(LineIndex("")) == std::vector<std::size_t>{0});
  CHECK(starts(LineIndex("a")) == std::vector<std::size_t>{0});
  CHECK(starts(LineIndex("a\nb\r\nc\rd\n")) == std::vector<std::size_t>{0, 2, 5, 7, 9});
  CHECK(starts(LineIndex("\n\r")) == std::vector<std::size_t>{0, 1, 2});
}

TEST_CASE("An index that is updated for a change equals a new index of the changed text") {
  const std::string pieces[] = {"", "x", "\n", "\r", "\r\n", "a\nb", "\xC3\xA9", "\n\r\n"};
  const std::string before = "ab\ncd\r\nef\rgh\n";
  for (std::size_t begin = 0; begin <= before.size(); ++begin)
    for (std::size_t count = 0; begin + count <= before.size(); ++count)
      for (const auto& piece : pieces) {
        std::string text = before;
        LineIndex index(text);
        const auto removed = text.substr(begin, count);
        text.replace(begin, count, piece);
        index.replaced(begin, removed, piece.size(), text);
        INFO(begin << ' ' << count << ' ' << piece);
        REQUIRE(starts(index) == starts(LineIndex(text)));
        REQUIRE(index.ascii() == LineIndex(text).ascii());
      }
}

}  // namespace line_index_test

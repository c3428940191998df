#include "frontends/lsp/plain_lines.hpp"

#include <catch2/catch_test_macros.hpp>

namespace plain_lines_test {

using dind::frontends::lsp::plain_lines;

TEST_CASE("Output for a client that is not a terminal has the text that a terminal would show") {  // I28
  const auto check = [](const std::string& text, const std::string& expected) {
    INFO(text);
    CHECK(plain_lines(text) == expected);
  };
  check("", "");
  check("plain\ttext \u00e9 \u65e5\n\nend", "plain\ttext \u00e9 \u65e5\n\nend");
  check("a\r\nb\r\n", "a\nb\n");
  check("10%\r50%\r100%\ndone", "100%\ndone");
  check("10%\r50%\r", "50%");
  check("\r\r", "");
  check("\x1b[31mred\x1b[0m and \x1b[1;38;5;200mmore\x1b[m", "red and more");
  check(
      "\x1b]0;a title\a"
      "text \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
      "text link");
  check(
      "\x1b(Bx\x1b=y\x1b"
      "7z",
      "xyz");
  check("\x1b[2K\r 50%\x1b[2K\r100%", "100%");
  check("bell\a back\b del\x7f nul" + std::string(1, '\0') + ".", "bell back del nul.");
  for (const char* cut : {"a\x1b", "a\x1b[", "a\x1b[3", "a\x1b]0;t"}) check(cut, "a");
  check("a\x1b[3\nb", "a\nb");
  check("a\x1b]0;never ends\nb", "a\nb");
}

}  // namespace plain_lines_test

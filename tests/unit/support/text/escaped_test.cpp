#include "support/text/escaped.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <initializer_list>
#include <utility>

namespace escaped_test {

using namespace dind;
using namespace std::string_view_literals;

TEST_CASE("Characters that affect a terminal are escaped, and visible characters are unchanged") {
  for (const auto& [text, expected] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"", ""},
           {"plain, \"quoted\" \\ é 漢字 😀", "plain, \"quoted\" \\ é 漢字 😀"},
           {"a\nb\r\tc", "a\\x0ab\\x0d\\x09c"},
           {"\x1b[31mred\x7f", "\\x1b[31mred\\x7f"},
           {"a\0b"sv, "a\\x00b"},
           {"\u0085\u009b31m", "\\x85\\x9b31m"},
           {"\u2028\u2029", "\\u2028\\u2029"},
           {"a\u202egnp.exe\u2066\u200f", "a\\u202egnp.exe\\u2066\\u200f"},
           {"a\u200bb\ufeff", "a\\u200bb\\ufeff"},
           {"\U000e0041", "\\U000e0041"},
           {"\xff\xc3", "\\xff\\xc3"},
           {"\xc0\x8a", "\\xc0\\x8a"},                    // overlong
           {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // a surrogate
           {"\xe2\x80", "\\xe2\\x80"},                    // truncated
           {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // past U+10FFFF
           {"\xf0\x9f\x98\x80\x9b", "😀\\x9b"}}) {
    CHECK(escaped(text) == expected);
  }
}

TEST_CASE("For any bytes, the escaped line is well-formed and has no control characters") {
  for (unsigned first = 0; first < 256; ++first) {
    std::string text;
    for (unsigned second = 0; second < 256; ++second)
      text += {static_cast<char>(first), static_cast<char>(second), 'x'};
    const auto line = escaped(text);
    INFO(first);
    CHECK(std::ranges::none_of(line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
    CHECK(escaped(line) == line);
  }
}

}  // namespace escaped_test

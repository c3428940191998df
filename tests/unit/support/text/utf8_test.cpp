#include "support/text/utf8.hpp"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace utf8_test {

using namespace dind;

TEST_CASE("A valid character is decoded to its code point and its size") {
  struct Case {
    std::string_view text;
    char32_t code;
    std::size_t size;
  };
  const std::vector<Case> cases{{"a", 'a', 1},
                                {std::string_view("\0x", 2), 0, 1},
                                {"\x7F", 0x7F, 1},
                                {"\xC2\x80", 0x80, 2},
                                {"\xDF\xBFx", 0x7FF, 2},
                                {"\xE0\xA0\x80", 0x800, 3},
                                {"\xED\x9F\xBF", 0xD7FF, 3},
                                {"\xEE\x80\x80", 0xE000, 3},
                                {"\xEF\xBF\xBF", 0xFFFF, 3},
                                {"\xF0\x90\x80\x80", 0x10000, 4},
                                {"\xF4\x8F\xBF\xBFx", 0x10FFFF, 4}};
  for (const auto& each : cases) {
    CAPTURE(each.code);
    const auto character = first_character(each.text);
    CHECK(character.valid);
    CHECK(character.code == each.code);
    CHECK(character.size == each.size);
    std::string encoded;
    append_utf8(encoded, each.code);
    CHECK(encoded == each.text.substr(0, each.size));
    for (std::size_t cut = 1; cut < each.size; ++cut) {
      const auto part = first_character(each.text.substr(0, cut));
      CHECK_FALSE(part.valid);
      CHECK(part.truncated);
      CHECK(part.size == cut);
    }
    CHECK(is_utf8(each.text));
  }
}

TEST_CASE("An invalid UTF-8 sequence has the size of its maximal part") {
  struct Case {
    std::string_view text;
    std::size_t size;
  };
  const std::vector<Case> cases{{"\x80", 1},
                                {"\xC0\x80", 1},
                                {"\xC1\xBF", 1},
                                {"\xC2x", 1},
                                {"\xE0\x80\x80", 1},
                                {"\xED\xA0\x80", 1},
                                {"\xE2\x82x", 2},
                                {"\xF0\x80\x80\x80", 1},
                                {"\xF4\x90\x80\x80", 1},
                                {"\xF5\x80\x80", 1},
                                {"\xFF", 1},
                                {"\xF0\x9F\x98x", 3},
                                {"\xF0\x9F\xC2", 2}};
  for (const auto& each : cases) {
    CAPTURE(each.text.size(), static_cast<int>(each.text[0]));
    const auto character = first_character(each.text);
    CHECK_FALSE(character.valid);
    CHECK_FALSE(character.truncated);
    CHECK(character.code == U'\uFFFD');
    CHECK(character.size == each.size);
    CHECK_FALSE(is_utf8(each.text));
  }
  CHECK(is_utf8(""));
}

TEST_CASE("A text is cut between characters, at the position or before it") {
  const std::string_view text = "a\xC3\xA9\xF0\x9F\x98\x80z";  // sizes 1, 2, 4, 1
  const std::vector<std::size_t> expected{0, 1, 1, 3, 3, 3, 3, 7, 8, 8};
  for (std::size_t at = 0; at < expected.size(); ++at) CHECK(character_boundary(text, at) == expected[at]);
  CHECK(character_boundary("\x80\x80\x80\x80\x80\x80", 5) == 5);  // not UTF-8
}

}  // namespace utf8_test

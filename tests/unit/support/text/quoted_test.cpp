#include "support/text/quoted.hpp"

#include <catch2/catch_test_macros.hpp>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

namespace quoted_test {

using namespace dind;

TEST_CASE("A word for a shell is unquoted only if each of its characters is harmless") {
  for (const auto* word : {"six", "a/b-c_d.e", "A=1", "x:y@z%,+", "é", "-x"}) CHECK(shell_word(word) == word);
  for (const auto& [word, expected] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{{"", "''"},
                                                                            {"x`id`", "'x`id`'"},
                                                                            {"$(id)", "'$(id)'"},
                                                                            {"a&id", "'a&id'"},
                                                                            {"a|b", "'a|b'"},
                                                                            {"a>=2", "'a>=2'"},
                                                                            {"{a,b}", "'{a,b}'"},
                                                                            {"~root", "'~root'"},
                                                                            {"A=~/x", "'A=~/x'"},
                                                                            {"=ls", "'=ls'"},
                                                                            {"a#b", "'a#b'"},
                                                                            {"a\\b", "'a\\b'"},
                                                                            {"a b", "'a b'"},
                                                                            {"\"", "'\"'"},
                                                                            {"it's; id", "'it'\\''s; id'"},
                                                                            {"'", "''\\'''"},
                                                                            {"a\nid", "'a\\x0aid'"},
                                                                            {"a\u202eb", "'a\\u202eb'"}})
    CHECK(shell_word(word) == expected);
}

TEST_CASE("A word for JSON is always one JSON string") {
  CHECK(json_word("rich>=13") == R"("rich>=13")");
  CHECK(json_word(R"(a"], "image": "x)") == R"("a\"], \"image\": \"x")");
  for (const auto* word : {"\\", "a\nb", "\xff", "\u2028", "\x1b[31m"}) {
    const auto parsed = nlohmann::json::parse(json_word(word), nullptr, false);
    CHECK(parsed.is_string());
  }
}

TEST_CASE("A long word is shortened before it is quoted") {
  const std::string long_word(5000, '\'');
  CHECK(shell_word(long_word).size() < 4 * kMaxWordLength + 8);
  CHECK(shell_word(long_word).ends_with("…'"));
  CHECK(json_word(long_word).size() < kMaxWordLength + 8);
  CHECK(shell_word(std::string(200, 'a'), 300) == std::string(200, 'a'));
}

}  // namespace quoted_test

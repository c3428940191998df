#include "support/text/lower.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/text/shortened.hpp"
#include "support/text/trimmed.hpp"

namespace lower_test {

using namespace dind;

TEST_CASE("Only ASCII letters become lower case") {
  CHECK(lower("AZ[`az09\xC3\x84\xFF") == "az[`az09\xC3\x84\xFF");
  CHECK(lower("").empty());
  CHECK(equal_without_case("Accept", "aCCEPT"));
  CHECK_FALSE(equal_without_case("Accept", "Accept "));
  CHECK_FALSE(equal_without_case("[", "{"));
}

TEST_CASE("A trimmed text has no blanks at its ends, and keeps its inner blanks") {
  CHECK(trimmed(" \t a b\t ") == "a b");
  CHECK(trimmed(" \t ").empty());
  CHECK(trimmed("").empty());
  CHECK(trimmed(" a\r\n") == "a\r\n");
  CHECK(trimmed(" a\r\n", " \r\n") == "a");
  CHECK(left_trimmed("  a ") == "a ");
}

TEST_CASE("A long text is shortened between two characters") {
  CHECK(shortened("abc", 3) == "abc");
  CHECK(shortened("abcd", 3) == "abc…");
  CHECK(shortened("ab\xC3\xA9z", 3) == "ab…");
  CHECK(shortened("\xC3\xA9z", 1) == "…");
}

}  // namespace lower_test

#include "support/text/source_text.hpp"

#include <catch2/catch_test_macros.hpp>

namespace source_text_test {

using namespace dind;

TEST_CASE("P15: a declaration of another encoding becomes UTF-8 without a change of the length") {
  struct Case {
    std::string text;
    std::string expected;
  };
  const Case cases[] = {
      {"# -*- coding: shift_jis -*-\nx", "# -*- coding: utf-8     -*-\nx"},
      {"# coding=latin-1\n", "# coding=utf-8  \n"},
      {"#!/usr/bin/python3\n# vim: set fileencoding=cp932 :\nx",
       "#!/usr/bin/python3\n# vim: set fileencoding=utf-8 :\nx"},
      {"\n# coding: big5\r\n", "\n# coding: utf8\r\n"},
      {"\r\n\f# coding:gbk", "\r\n\f# coding:utf"},
      {"# coding: l1\n", "# coding: u8\n"},
      {"\xEF\xBB\xBF# coding: ascii\n", "\xEF\xBB\xBF# coding: utf-8\n"},
      {"# a decoding = b, coding: euc-jp\n", "# a decoding = b, coding: utf-8 \n"},
      // Unchanged: UTF-8 already, too far down, not a comment, or no declaration.
      {"# coding: UTF_8\nx", "# coding: UTF_8\nx"},
      {"# coding: utf-8-sig\n", "# coding: utf-8-sig\n"},
      {"\n\n# coding: latin-1\n", "\n\n# coding: latin-1\n"},
      {"import x\n# coding: latin-1\n", "import x\n# coding: latin-1\n"},
      {"x = 1  # coding: latin-1\n", "x = 1  # coding: latin-1\n"},
      {"# encoding latin-1\n", "# encoding latin-1\n"},
      {"", ""},
  };
  for (const auto& c : cases) {
    INFO(c.text);
    CHECK(declared_as_utf8(c.text) == c.expected);
    CHECK(c.text.size() == c.expected.size());
  }
}

TEST_CASE("P16: a byte order mark at the start of a program is removed") {
  CHECK(without_byte_order_mark("\xEF\xBB\xBFset -e") == "set -e");
  CHECK(without_byte_order_mark("set -e") == "set -e");
  CHECK(without_byte_order_mark("\xEF\xBB") == "\xEF\xBB");
}

}  // namespace source_text_test

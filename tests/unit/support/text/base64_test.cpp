#include "support/text/base64.hpp"

#include <catch2/catch_test_macros.hpp>

namespace base64_test {

using namespace dind;

TEST_CASE("The examples of RFC 4648 are encoded and decoded, with and without padding") {
  struct Case {
    std::string_view bytes, digits;
  };
  for (const auto& each : {Case{"", ""}, Case{"f", "Zg=="}, Case{"fo", "Zm8="}, Case{"foo", "Zm9v"},
                           Case{"foob", "Zm9vYg=="}, Case{"fooba", "Zm9vYmE="}, Case{"foobar", "Zm9vYmFy"}}) {
    CAPTURE(each.bytes);
    CHECK(base64(each.bytes) == each.digits);
    CHECK(from_base64(each.digits) == each.bytes);
    CHECK(from_base64(each.digits.substr(0, each.digits.find('='))) == each.bytes);
  }
}

TEST_CASE("Both Base64 alphabets are decoded, and other characters are refused") {
  CHECK(base64("\xFB\xFF") == "+/8=");
  CHECK(base64url("\xFB\xFF") == "-_8=");
  CHECK(from_base64("+/8=") == "\xFB\xFF");
  CHECK(from_base64("-_8") == "\xFB\xFF");
  CHECK_FALSE(from_base64("Zm 9v"));
  CHECK_FALSE(from_base64("Zm9v!"));
}

}  // namespace base64_test

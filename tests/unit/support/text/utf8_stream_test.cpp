#include "support/text/utf8_stream.hpp"

#include <catch2/catch_test_macros.hpp>

namespace utf8_stream_test {

using dind::Utf8Stream;

namespace {

std::string through(const std::string& bytes, std::size_t step) {
  Utf8Stream stream;
  std::string all;
  for (std::size_t at = 0; at < bytes.size(); at += step) all += stream.add(std::string_view(bytes).substr(at, step));
  return all + stream.finish();
}

}  // namespace

TEST_CASE("Valid UTF-8 is unchanged wherever it is split") {
  const std::string text = "a\u00e9\u20ac\U0001F600\u0000z\U0010FFFF";
  for (std::size_t step = 1; step <= text.size(); ++step) CHECK(through(text, step) == text);
}

TEST_CASE("No chunk ends within a UTF-8 sequence") {
  Utf8Stream stream;
  CHECK(stream.add("a\xe2\x82") == "a");
  CHECK(stream.add("\xac") == "\u20ac");
  CHECK(stream.finish().empty());
}

TEST_CASE("Invalid UTF-8 becomes one U+FFFD for each maximal part") {
  const std::string fffd = "\uFFFD";
  const std::pair<std::string, std::string> cases[] = {
      {"\xff", fffd},
      {"\x80\x80", fffd + fffd},
      {"\xe2\x82", fffd},  // truncated
      {"\xe2\x82z", fffd + "z"},
      {"\xc0\xaf", fffd + fffd},  // overlong
      {"\xe0\x80\xaf", fffd + fffd + fffd},
      {"\xed\xa0\x80", fffd + fffd + fffd},             // a surrogate
      {"\xf4\x90\x80\x80", fffd + fffd + fffd + fffd},  // past U+10FFFF
      {"\xf0\x9f\x98\xe2\x82\xac", fffd + "\u20ac"},
  };
  for (const auto& [bytes, expected] : cases)
    for (std::size_t step = 1; step <= bytes.size(); ++step) CHECK(through(bytes, step) == expected);
}

}  // namespace utf8_stream_test

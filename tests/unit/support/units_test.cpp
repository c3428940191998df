#include "support/units.hpp"

#include <catch2/catch_test_macros.hpp>

namespace units_test {

using namespace dind;
using std::chrono::milliseconds;

TEST_CASE("Sizes are read as people write them, in powers of 1024") {
  struct Case {
    std::string_view text;
    std::int64_t bytes;
  };
  const Case cases[] = {{"1048576", 1 << 20},
                        {"512m", 512LL << 20},
                        {"512M", 512LL << 20},
                        {"512MB", 512LL << 20},
                        {"64MiB", 64LL << 20},
                        {"1.5g", 3LL << 29},
                        {"1k", 1024},
                        {"1 GiB", 1LL << 30},
                        {" 2t ", 2LL << 40},
                        {"7b", 7},
                        {".5k", 512},
                        {"1.9", 1},
                        {"8388607t", 8388607LL << 40}};
  for (const auto& c : cases) {
    INFO(c.text);
    const auto read = parse_bytes(c.text);
    REQUIRE(read);
    CHECK(*read == c.bytes);
  }
}

TEST_CASE("Text that is not a size above 0 is refused with an example of a valid size") {
  for (const std::string_view text : {"", " ", "0", "-1", "-5m", "+5m", "nan", "inf", "0x10", "m", "5x", "5mm", "1e9",
                                      "8388608t", "999999999999999999999999g", "0.5", "5 m m", "1,5g", "٥"}) {
    INFO(text);
    const auto read = parse_bytes(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::invalid_request);
    CHECK(read.error().message.find("512m") != std::string::npos);
  }
}

TEST_CASE("Durations are seconds unless a unit follows") {
  struct Case {
    std::string_view text;
    std::int64_t ms;
  };
  const Case cases[] = {{"30", 30'000},     {"1.5", 1500},     {"500ms", 500},  {"2m", 120'000},
                        {"2 min", 120'000}, {"1h", 3'600'000}, {"10S", 10'000}, {"0.0001", 1}};
  for (const auto& c : cases) {
    INFO(c.text);
    const auto read = parse_duration(c.text);
    REQUIRE(read);
    CHECK(*read == milliseconds(c.ms));
  }
}

TEST_CASE("A duration that is 0, negative, infinite or not a number is refused") {
  for (const std::string_view text :
       {"", "0", "0s", "-1", "-0.5s", "nan", "inf", "infinity", "1e308", "99999999999999999999", "s", "5y", "1:30"}) {
    INFO(text);
    const auto read = parse_duration(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::invalid_request);
  }
}

TEST_CASE("A long wrong text is shortened in the message") {
  const auto read = parse_bytes(std::string(100'000, 'x'));
  REQUIRE_FALSE(read);
  CHECK(read.error().message.size() < 300);
}

TEST_CASE("Sizes and durations are printed in a short form") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(12 << 10) == "12 KiB");
  CHECK(format_bytes(512LL << 20) == "512 MiB");
  CHECK(format_bytes(3LL << 29) == "1.5 GiB");
  CHECK(format_bytes(9'542'042) == "9.1 MiB");
  CHECK(format_bytes((1LL << 30) - 1) == "1 GiB");
  CHECK(format_duration(milliseconds(0)) == "0 ms");
  CHECK(format_duration(milliseconds(83)) == "83 ms");
  CHECK(format_duration(milliseconds(1240)) == "1.24 s");
  CHECK(format_duration(milliseconds(60'000 - 1)) == "60 s");
  CHECK(format_duration(milliseconds(12'000)) == "12 s");
  CHECK(format_duration(milliseconds(125'000)) == "2 min 5 s");
  CHECK(format_duration(milliseconds(3'600'000)) == "1 h");
  CHECK(format_duration(milliseconds(5'400'000)) == "1 h 30 min");
}

}  // namespace units_test

#include "support/masking.hpp"

#include <catch2/catch_test_macros.hpp>
#include <initializer_list>
#include <utility>

namespace secrets_test {

using namespace dind;

TEST_CASE("A variable is recognized as secret by its name or its value") {
  for (const char* name :
       {"API_KEY", "my_token", "Secret", "DB_PASSWORD", "AWS_CREDENTIALS", "AUTHORIZATION", "x_private_y"}) {
    INFO(name);
    CHECK(looks_secret(name, "1"));
  }
  for (const char* value :
       {"ghp_0123456789abcdefghijABCDEFGHIJ012345", "glpat-0123456789abcdefghij", "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-abcdefghij", "sk-0123456789abcdefghij0123", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "postgres://me:hunter22@db/x", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc"}) {
    INFO(value);
    CHECK(looks_secret("VALUE", value));
  }
  for (const char* value :
       {"", "1", "production", "postgres://db/x", "http://proxy:3128/", "sk-short", "eyJ", "a.b.c"}) {
    INFO(value);
    CHECK_FALSE(looks_secret("VALUE", value));
  }
  CHECK_FALSE(looks_secret("API_KEY", ""));
}

TEST_CASE("Credentials in a text are recognized by their form and replaced") {
  for (const auto& [text, expected] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"", ""},
           {"GET https://me:pa55@registry.example/v2/ failed", "GET https://•••@registry.example/v2/ failed"},
           {"https://token@a/ and http://b:c@d", "https://•••@a/ and http://•••@d"},
           {"https://registry.example/a@b", "https://registry.example/a@b"},
           {"tcp://10.0.0.1:2375, mail me@x", "tcp://10.0.0.1:2375, mail me@x"},
           {"://", "://"},
           {"Authorization: Bearer abc def", "Authorization: •••"},
           {"authorization=Basic x\nnext", "authorization=•••\nnext"},
           {R"({"Authorization": "Bearer abc", "b": 1})", R"({"Authorization": "•••", "b": 1})"},
           {R"({\"X-Registry-Auth\":[\"abc\"]})", R"({\"X-Registry-Auth\":[\"•••\"]})"},
           {"authorization failed: denied", "authorization failed: denied"},
           {"authorization", "authorization"},
           {"authorization:", "authorization:"},
           {"with ghp_0123456789abcdefghijABCDEFGHIJ012345.", "with •••"},
           {"(eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln)", "(•••)"},
           {"sk-short stays", "sk-short stays"},
           {"a -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- b", "a ••• b"},
           {"a -----BEGIN PRIVATE KEY----- cut", "a •••"},
           {"-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----"}}) {
    INFO(text);
    CHECK(without_credentials(text) == expected);
  }
}

namespace {

std::string repeated(std::size_t count, const std::string& piece) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += piece;
  return text;
}

}  // namespace

TEST_CASE("The time to mask secrets grows linearly with the size of the text") {  // S05: each of these took minutes
  const std::string text(1 << 20, 'a');
  CHECK(SecretMask({{"KEY", std::string(1 << 19, 'a') + "b"}}).masked(text) == text);
  CHECK(SecretMask({{"KEY", "b" + std::string(1 << 19, 'a')}}).masked(text) == text);
  CHECK(SecretMask({{"KEY", "aaaaaa"}}).masked(text).size() == text.size() / 6 * kWithheld.size() + text.size() % 6);
  CHECK(without_credentials(repeated(50'000, "authorization:x\n")).starts_with("authorization:•••\nauthorization:•••"));
  CHECK(without_credentials(repeated(50'000, "-----BEGIN PRIVATE KEY-----a-----END X-----")) ==
        repeated(50'000, "•••"));
  // None of these begins a key. The text after the last one is masked, because it may be a key that was cut.
  CHECK(without_credentials(repeated(100'000, "-----BEGIN ")) == repeated(99'999, "-----BEGIN ") + "•••");
  CHECK(without_credentials(repeated(100'000, "a://b@")).starts_with("a://•••@"));
}

TEST_CASE("A stream is masked like a text, and each byte is read only a few times") {  // S05
  const SecretMask secrets({{"A_KEY", std::string(16'000, 'a') + "b"}, {"B_KEY", "aaaabbbb"}, {"C_KEY", "needle-1"}});
  const auto masked = [&](const std::string& text, std::size_t piece) {
    MaskedStream stream(secrets);
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += piece) out += stream.add(std::string_view(text).substr(at, piece));
    return out + stream.rest();
  };
  const std::string text =
      std::string(15'999, 'a') + "x needle-1" + std::string(20'000, 'a') + "bbbb needle-needle-1 end";
  const auto whole = masked(text, text.size());
  CHECK(whole == std::string(15'999, 'a') + "x •••" + std::string(4'000, 'a') + "•••bbb needle-••• end");
  for (const std::size_t piece : {7UL, 8UL, 100UL, 4096UL, 16'001UL}) {
    INFO(piece);
    CHECK(masked(text, piece) == whole);
  }
}

}  // namespace secrets_test

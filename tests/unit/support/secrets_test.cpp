#include "support/secrets.hpp"

#include <catch2/catch_test_macros.hpp>
#include <initializer_list>
#include <utility>

using namespace dind;

TEST_CASE("What looks like a secret") {
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

TEST_CASE("Credentials are taken out of any text by their form") {
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

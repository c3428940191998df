#include "services/history.hpp"

#include <catch2/catch_test_macros.hpp>

#include "services/history_fixtures.hpp"

using namespace dind;
using namespace dind::tests;

namespace {

std::string all_of(const KeptOutput& output) { return output.head + output.tail; }

}  // namespace

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

TEST_CASE("A secret is taken out of output, wherever a chunk ends") {
  const Secrets secrets({{"API_TOKEN", "abcabcdef"}, {"OTHER_KEY", "abcdef"}});
  const std::string text = "x abcabcdef y abcabcabcdef z abcab abcdefabcabcdef abcabc";
  const std::string expected = secrets.masked(text);
  CHECK_FALSE(expected.contains("abcdef"));
  for (std::size_t size = 1; size <= text.size(); ++size) {
    OutputKeeper keeper(secrets);
    for (std::size_t at = 0; at < text.size(); at += size) keeper.add(std::string_view(text).substr(at, size));
    const auto kept = all_of(keeper.take());
    INFO(size << ": " << kept);
    CHECK_FALSE(kept.contains("abcdef"));
    CHECK(kept.starts_with("x ••• y "));
    CHECK(kept.ends_with(" abcabc"));
  }
}

TEST_CASE("Head and tail of an output are kept, and how much is not") {
  const Secrets none({});
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::to_string(i) + ' ';
  for (const std::size_t size : {1UL, 7UL, 100UL, 1000UL, 10'000UL}) {
    OutputKeeper keeper(none, 100);
    for (std::size_t at = 0; at < text.size(); at += size) keeper.add(std::string_view(text).substr(at, size));
    const auto kept = keeper.take();
    CHECK(kept.head == text.substr(0, 100));
    CHECK(kept.tail == text.substr(text.size() - 100));
    CHECK(kept.left_out == text.size() - 200);
  }
  OutputKeeper keeper(none, 100);
  keeper.add(text.substr(0, 150));
  const auto kept = keeper.take();
  CHECK(all_of(kept) == text.substr(0, 150));
  CHECK(kept.left_out == 0);
}

TEST_CASE("A program that holds a secret, or is too large, is not run again from half of it") {
  RunSpec secret = python("login('supersecretvalue')");
  secret.env = {{"PASSWORD", "supersecretvalue"}};
  auto record = record_of(secret);
  CHECK(std::get<SourceProgram>(record.spec.program).text == "login('•••')");
  CHECK_FALSE(spec_again(record, secret.env, {}));

  record = record_of(python(std::string(kKeptProgram + 1, '#')));
  CHECK(std::get<SourceProgram>(record.spec.program).text.size() == kKeptProgram);
  CHECK(spec_again(record, {}, {}).error().message.contains("256 KiB"));
  CHECK(spec_again(record_of(python(std::string(kKeptProgram, '#'))), {}, {}));
}

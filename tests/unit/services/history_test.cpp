#include "services/history.hpp"

#include <catch2/catch_test_macros.hpp>

#include "services/history_codec.hpp"
#include "services/history_fixtures.hpp"

using namespace dind;
using namespace dind::tests;

namespace {

std::string all_of(const KeptOutput& output) { return output.head + output.tail; }

}  // namespace

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

TEST_CASE("Credentials in a requirement's URL are not kept, and it is not run again without them") {
  RunSpec spec = python();
  spec.requirements = {"flask>=2", "https://me:pa55@index.example/x.whl"};
  const auto record = record_of(spec);
  CHECK(record.spec.requirements == std::vector<std::string>{"flask>=2", "https://•••@index.example/x.whl"});
  CHECK_FALSE(spec_again(record, {}, {}));
  spec.requirements.pop_back();
  CHECK(spec_again(record_of(spec), {}, {})->requirements == spec.requirements);
}

TEST_CASE("Who runs it again is not who ran it") {
  RunSpec spec = python();
  spec.client = "cli:1";
  const auto record = record_of(spec);
  CHECK(record.spec.client == "cli:1");
  CHECK(spec_again(record, {}, {})->client.empty());
}

TEST_CASE("A run of a folder is kept with all that it needs to be run again") {
  RunSpec spec;
  spec.program = CommandProgram{.command = std::vector<std::string>{"python3", "main.py"}, .language = "python"};
  spec.workspace = WorkspaceAccess::read_write;
  spec.workspace_folder = "session/project";
  HistoryRecord back;
  REQUIRE(decode_asked(encode_asked(record_of(spec)), back));
  CHECK(std::get<CommandProgram>(back.spec.program).language == "python");
  CHECK(back.spec.workspace_folder == "session/project");
  spec.program = CommandProgram{.command = std::string("make"), .language = {}, .images = {"a:1", "b:1"}};
  REQUIRE(decode_asked(encode_asked(record_of(spec)), back));
  CHECK(std::get<CommandProgram>(back.spec.program).images == std::vector<std::string>{"a:1", "b:1"});
  // A folder that can't be kept as it is would be another one, or all of the workspace: such a run is not run again.
  spec.workspace_folder = std::string(5000, 'x');
  CHECK(record_of(spec).gap != ProgramGap::none);
}

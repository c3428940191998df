#include "services/history/history.hpp"

#include <catch2/catch_test_macros.hpp>

#include "services/history/history_codec.hpp"
#include "services/history/history_fixtures.hpp"

namespace history_test {

using namespace dind;
using namespace dind::tests;

namespace {

std::string all_of(const KeptOutput& output) { return output.head + output.tail; }

}  // namespace

TEST_CASE("A secret in the output is masked, wherever a chunk ends") {
  const SecretMask secrets({{"API_TOKEN", "abcabcdef"}, {"OTHER_KEY", "abcdef"}});
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

TEST_CASE("The head and tail of an output are kept, and the number of bytes between them") {
  const SecretMask none({});
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

TEST_CASE("A program that contains a secret or is too large cannot be run again from the history") {
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

TEST_CASE("Credentials in a dependency's URL are not kept, and the run cannot be run again without them") {
  RunSpec spec = python();
  spec.dependencies = {"flask>=2", "https://me:pa55@index.example/x.whl"};
  const auto record = record_of(spec);
  CHECK(record.spec.dependencies == std::vector<std::string>{"flask>=2", "https://•••@index.example/x.whl"});
  CHECK_FALSE(spec_again(record, {}, {}));
  spec.dependencies.pop_back();
  CHECK(spec_again(record_of(spec), {}, {})->dependencies == spec.dependencies);
}

TEST_CASE("A repeated run does not have the client of the recorded run") {
  RunSpec spec = python();
  spec.caller.client = "cli:1";
  const auto record = record_of(spec);
  CHECK(record.spec.caller.client == "cli:1");
  CHECK(spec_again(record, {}, {})->caller.client.empty());
}

TEST_CASE("A run of a folder is recorded with everything that is needed to run it again") {
  RunSpec spec;
  spec.program = CommandProgram{.command = std::vector<std::string>{"python3", "main.py"}, .language = "python"};
  spec.workspace = WorkspaceAccess::read_write;
  spec.writable_folder = "session/project";
  HistoryRecord back;
  REQUIRE(decode_asked(encode_asked(record_of(spec)), back));
  CHECK(std::get<CommandProgram>(back.spec.program).language == "python");
  CHECK(back.spec.writable_folder == "session/project");
  spec.program = CommandProgram{.command = std::string("make"), .language = {}, .images = {"a:1", "b:1"}};
  REQUIRE(decode_asked(encode_asked(record_of(spec)), back));
  CHECK(std::get<CommandProgram>(back.spec.program).images == std::vector<std::string>{"a:1", "b:1"});
  // A truncated path would be another folder, or the whole workspace. Therefore, such a run cannot be run again.
  spec.writable_folder = std::string(5000, 'x');
  CHECK(record_of(spec).gap != ProgramGap::none);
}

TEST_CASE("A build is recorded with everything that is needed to build it again, except its secrets") {  // B08
  BuildProgram build{.dockerfile = "FROM a", .context_path = ".", .command = {}};
  build.context_root = "/home/me/project";
  build.dockerfile_name = "docker/Dockerfile.dev";
  build.ignore = "*.log";
  build.arguments = {{"VERSION", "3.12"}};
  build.target = "test";
  auto record = record_of({.program = build});
  HistoryRecord back;
  REQUIRE(decode_asked(encode_asked(record), back));
  const auto& again = std::get<BuildProgram>(back.spec.program);
  CHECK(again.context_root == build.context_root);
  CHECK(again.dockerfile_name == build.dockerfile_name);
  CHECK(again.ignore == build.ignore);
  CHECK(again.arguments == build.arguments);
  CHECK(again.target == build.target);
  CHECK(spec_again(back, {}, {}));

  build.arguments["NPM_TOKEN"] = "hunter2-hunter2";
  build.dockerfile = "FROM a\nRUN echo hunter2-hunter2";
  record = record_of({.program = build});
  const auto bytes = encode_asked(record);
  CHECK_FALSE(bytes.contains("hunter2"));
  CHECK(std::get<BuildProgram>(record.spec.program).arguments.at("NPM_TOKEN") == kWithheld);
  CHECK(std::get<BuildProgram>(record.spec.program).arguments.at("VERSION") == "3.12");
  CHECK_FALSE(spec_again(record, {}, {}));
  // An environment variable with the same name is a different secret.
  RunSpec both{.program = build};
  both.env["NPM_TOKEN"] = "another-secret";
  CHECK(secret_mask(both).masked("hunter2-hunter2 another-secret").find("t") == std::string::npos);
}

TEST_CASE("If a run has too many secrets, neither its program nor its output is kept") {  // S05
  RunSpec spec = python("print('harmless')");
  spec.args = {"a"};
  spec.dependencies = {"b"};
  spec.working_dir = "/secret-value-49";
  const auto add = [&](int from, int to) {
    for (int i = from; i < to; ++i) spec.env["K" + std::to_string(i) + "_KEY"] = "secret-value-" + std::to_string(i);
  };
  add(0, 50);
  spec.env["PLAIN"] = "x";
  const auto output_of = [&] {
    const SecretMask secrets(spec.env);
    OutputKeeper keeper(secrets);
    keeper.add("one secret-value-7 ");
    keeper.add("two");
    return keeper.take();
  };
  CHECK(spec_again(record_of(spec), spec.env, {}));
  CHECK(output_of() == KeptOutput{.head = "one ••• two", .tail = {}, .left_out = 0});

  const auto check_not_kept = [&] {
    const auto record = record_of(spec);
    CHECK(record.gap == ProgramGap::secret);
    CHECK(std::get<SourceProgram>(record.spec.program).text.empty());
    CHECK(record.spec.args.empty());
    CHECK(record.spec.dependencies.empty());
    CHECK_FALSE(record.spec.working_dir.contains("secret-value"));
    CHECK(record.spec.env.at("PLAIN") == kWithheld);
    CHECK_FALSE(spec_again(record, spec.env, {}));
    CHECK(output_of() == KeptOutput{.head = {}, .tail = {}, .left_out = 22});
  };
  add(50, 51);
  check_not_kept();
  spec.env.erase("K50_KEY");
  CHECK(record_of(spec).gap == ProgramGap::none);
  spec.env["K50_KEY"] = "1";  // too short to be masked
  CHECK(record_of(spec).gap == ProgramGap::none);
  spec.env["K49_KEY"] = std::string(70'000, 'k') + "secret-value-49";  // masking a long one takes as much time
  spec.working_dir = "/x";
  check_not_kept();
}

TEST_CASE("Truncating a recorded program does not leave a part of a secret") {
  RunSpec spec = python(std::string(100, ' ') + "the-long-secret-value " + std::string(kKeptProgram, '#'));
  spec.env = {{"KEY", "the-long-secret-value"}, {"OTHER_KEY", std::string(300, '#') + "end"}};
  auto& text = std::get<SourceProgram>(spec.program).text;
  text.replace(kKeptProgram - 10, 303, spec.env["OTHER_KEY"]);
  const auto record = record_of(spec);
  const auto& kept = std::get<SourceProgram>(record.spec.program).text;
  CHECK(record.gap == ProgramGap::secret);
  CHECK(kept.size() < kKeptProgram);
  CHECK(kept.contains("••• #"));
}

}  // namespace history_test

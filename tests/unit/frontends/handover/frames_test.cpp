#include "frontends/handover/frames.hpp"

#include <catch2/catch_test_macros.hpp>

namespace frames_test {

using namespace dind;
using namespace dind::frontends::handover;
using namespace std::chrono_literals;

TEST_CASE("Handover frames are decoded wherever the stream is split") {
  const std::string stream = frame(Type::out, "hello") + frame(Type::more, "") + number_frame(Type::taken, 1ULL << 40) +
                             frame(Type::err, std::string(70'000, 'x'));
  for (std::size_t cut = 0; cut < 40; ++cut) {
    Frames frames;
    std::vector<std::pair<Type, std::string>> got;
    const auto take = [&](std::string_view bytes) {
      frames.add(bytes);
      while (true) {
        const auto next = frames.next();
        REQUIRE(next);
        if (!*next) break;
        got.emplace_back((*next)->type, (*next)->payload);
      }
    };
    take(std::string_view(stream).substr(0, cut));
    take(std::string_view(stream).substr(cut));
    REQUIRE(got.size() == 4);
    CHECK(got[0] == std::pair(Type::out, std::string("hello")));
    CHECK(got[1] == std::pair(Type::more, std::string()));
    CHECK(number_of(got[2].second) == 1ULL << 40);
    CHECK(got[3].second.size() == 70'000);
  }
}

TEST_CASE("A handover frame that is too long is refused as soon as its length arrives") {
  Frames frames;
  frames.add(std::string("o\xff\xff\xff\xff", 5));
  CHECK_FALSE(frames.next());
  CHECK_FALSE(number_of("short"));
}

TEST_CASE("A run request is decoded with all its fields, including bytes that are not UTF-8") {
  RunRequestFrame request{.spec = {}, .has_input = true};
  RunSpec& spec = request.spec;
  spec.program = SourceProgram{.file_name = "\xff.py", .text = std::string("a\0\xfe", 3), .language = "python"};
  spec.image = "python:3.12-slim";
  spec.args = {"-v", "\xff"};
  spec.env = {{"TOKEN", "secret"}};
  spec.limits = {.timeout = 2s, .memory_bytes = 1 << 26, .cpus = 0.5, .pids = 7};
  spec.network = Network::internet;
  spec.run_id = "an-id";
  spec.pull = PullPolicy::never;
  spec.dependencies = {"requests"};
  spec.workspace = WorkspaceAccess::read_write;
  spec.writable_folder = "a/b";
  spec.working_dir = "/workspaces/a";
  spec.isolation = Isolation::gvisor;
  spec.total_timeout = 90s;
  spec.record = false;
  spec.caller.client = "cli:1";
  spec.notes = {"said"};
  RunRequestFrame got;
  REQUIRE(decode(encode(request), got));
  CHECK(got.has_input);
  const auto& source = std::get<SourceProgram>(got.spec.program);
  CHECK(source.file_name == "\xff.py");
  CHECK(source.text == std::string("a\0\xfe", 3));
  CHECK(source.language == "python");
  CHECK(got.spec.image == spec.image);
  CHECK(got.spec.args == spec.args);
  CHECK(got.spec.env == spec.env);
  CHECK(got.spec.limits.timeout == 2s);
  CHECK(got.spec.limits.memory_bytes == 1 << 26);
  CHECK(got.spec.limits.cpus == 0.5);
  CHECK(got.spec.limits.pids == 7);
  CHECK(got.spec.network == Network::internet);
  CHECK(got.spec.run_id == "an-id");
  CHECK(got.spec.pull == PullPolicy::never);
  CHECK(got.spec.dependencies == spec.dependencies);
  CHECK(got.spec.workspace == spec.workspace);
  CHECK(got.spec.writable_folder == "a/b");
  CHECK(got.spec.working_dir == spec.working_dir);
  CHECK(got.spec.isolation == Isolation::gvisor);
  CHECK(got.spec.total_timeout == 90s);
  CHECK_FALSE(got.spec.record);
  CHECK(got.spec.caller.client == "cli:1");
  CHECK(got.spec.terms == Terms::flags);  // I19: a terminal shows its notes
  CHECK(got.spec.notes == spec.notes);
}

TEST_CASE("State changes, results and errors are decoded as they were encoded") {
  StateChange got;
  REQUIRE(decode(encode(StateChange(Queued{3})), got));
  CHECK(std::get<Queued>(got).position == 3);
  REQUIRE(decode(encode(StateChange(Preparing{Stage::image, "Pulling \xff", 41})), got));
  CHECK(std::get<Preparing>(got).message == "Pulling \xff");
  CHECK(std::get<Preparing>(got).percent == 41);
  REQUIRE(decode(encode(StateChange(Preparing{Stage::build, "", std::nullopt})), got));
  CHECK(std::get<Preparing>(got).stage == Stage::build);
  CHECK_FALSE(std::get<Preparing>(got).percent);
  Started started{.run_id = "r",
                  .name = "a.py",
                  .language = "python",
                  .image = "python:3.12-slim",
                  .isolation = "gvisor",
                  .limits = {.timeout = 5s, .pids = 9},
                  .network = Network::internet,
                  .notes = {"one", "two"}};
  REQUIRE(decode(encode(StateChange(started)), got));
  const auto& back = std::get<Started>(got);
  CHECK(back.run_id == "r");
  CHECK(back.name == "a.py");
  CHECK(back.isolation == "gvisor");
  CHECK(back.limits == started.limits);
  CHECK(back.network == Network::internet);
  CHECK(back.notes == started.notes);

  RunResult result;
  result.run_id = "r";
  result.verdict = Verdict::out_of_memory;
  result.signal = 9;
  result.notes = {"a note"};
  Result<RunResult> end = fail(ErrorCode::internal, "");
  REQUIRE(decode(encode(Result<RunResult>(result)), end));
  REQUIRE(end);
  CHECK(end->verdict == Verdict::out_of_memory);
  CHECK(end->signal == 9);
  CHECK(end->notes == result.notes);
  REQUIRE(decode(encode(Result<RunResult>(fail(ErrorCode::busy, "later", 503))), end));
  REQUIRE_FALSE(end);
  CHECK(end.error().code == ErrorCode::busy);
  CHECK(end.error().message == "later");
}

TEST_CASE("Malformed payloads of handover frames are refused") {
  RunRequestFrame request;
  StateChange change;
  Result<RunResult> end = fail(ErrorCode::internal, "");
  for (const std::string bytes : {"", "x", "\xa0", "\xff\xff", "\xa1\x61\x61\x01"}) {
    CHECK_FALSE(decode(bytes, request));
    CHECK_FALSE(decode(bytes, change));
    CHECK_FALSE(decode(bytes, end));
  }
}

}  // namespace frames_test

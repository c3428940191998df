#include "engine/build_reader.hpp"

#include <catch2/catch_test_macros.hpp>

#include "engine/buildkit_trace.hpp"
#include "engine/text.hpp"
#include "support/text/base64.hpp"

namespace build_reader_test {

using namespace dind::engine;

namespace {

struct Read {
  std::vector<std::string> lines, steps, containers, images, stages;
  std::string id;
  std::optional<BuildFailure> failure;
  bool good = true;
};

// Feeds the stream in pieces of `piece` bytes, because it can be cut anywhere.
Read read(std::string_view bytes, std::size_t piece) {
  BuildReader reader;
  Read result;
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    result.good = reader.feed(part, [&](const BuildLine& line) {
      if (!line.container.empty()) return result.containers.push_back(line.container);
      if (!line.image.empty()) return result.images.push_back(line.image);
      if (!line.stage.empty()) return result.stages.push_back(line.stage);
      (line.step ? result.steps : result.lines).push_back(line.goes_on ? line.text + "\\" : line.text);
    }) && result.good;
  }
  result.good = result.good && reader.complete();
  result.id = reader.image_id();
  result.failure = reader.failure();
  return result;
}

std::string field(int number, std::string_view bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(bytes.size()) + std::string(bytes);
}
std::string flag(int number) { return std::string(1, static_cast<char>(number << 3)) + '\1'; }

}  // namespace

TEST_CASE("The classic builder's stream has the same steps, output and image wherever it is split") {
  const std::string stream =
      R"({"stream":"Step 1/2 : FROM a"}{"stream":"\n"}{"stream":" ---> 123456789abc\n"}{"stream":"Step 2/2 : RUN x\n"}
{"stream":"one\ntw"}{"stream":"o\n"}{"stream":"\u001b[91mred\n\u001b[0m"}{"status":"Pulling from a"}
{"status":"Downloading","id":"layer"}{"aux":{"ID":"sha256:abc"}}{"stream":"Successfully built abc\n"})";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    const auto seen = read(stream, piece);
    REQUIRE(seen.good);
    REQUIRE(seen.steps == std::vector<std::string>{"Step 1/2 : FROM a", "Step 2/2 : RUN x"});
    REQUIRE(seen.lines == std::vector<std::string>{"one", "two", "red", "Pulling from a", "Successfully built abc"});
    REQUIRE(seen.stages == std::vector<std::string>{"sha256:abc"});
    REQUIRE(seen.id == "sha256:abc");
    REQUIRE(!seen.failure);
  }
}

TEST_CASE("Containers and images of the classic builder's steps are recognized only in its own lines") {
  const auto seen = read(
      R"({"stream":" ---\u003e 0123456789ab\n"}{"stream":" ---\u003e Running in ba9876543210\n"}{"stream":" ---\u003e Using cache\n"})"
      R"({"stream":" ---\u003e \n"}{"stream":"Removing intermediate container ba9876543210\n"}{"stream":" ---\u003e of a step\n"})"
      R"({"stream":"Removing intermediate container x\n ---\u003e Running in 1\n"})",
      7);
  CHECK(seen.images == std::vector<std::string>{"0123456789ab"});
  CHECK(seen.containers == std::vector<std::string>{"ba9876543210"});
  CHECK(seen.lines ==
        std::vector<std::string>{" ---> of a step", "Removing intermediate container x", " ---> Running in 1"});
}

TEST_CASE("A long line is passed on completely in pieces, and no character is split") {
  std::string text;
  while (text.size() < 20'000) text += "añ日 " + std::to_string(text.size());
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, std::size_t{50'000}}) {
    const auto seen = read(R"({"stream":"short\n)" + text + R"(\nafter\n"})", piece);
    REQUIRE(seen.lines.size() > 4);
    std::string joined;
    for (std::size_t i = 1; i + 1 < seen.lines.size(); ++i) {
      auto part = seen.lines[i];
      CHECK(part.size() <= 4097);
      if (i + 2 < seen.lines.size()) {
        CHECK(part.ends_with('\\'));
        part.pop_back();
      }
      joined += part;
    }
    CHECK(joined == text);
    CHECK(seen.lines.front() == "short");
    CHECK(seen.lines.back() == "after");
  }
}

TEST_CASE("A failed step has the builder's message and the command's exit code") {
  const auto seen = read(
      R"({"stream":"half a line"}{"errorDetail":{"code":7,"message":"returned\na non-zero code: 7"},"error":"x"})", 9);
  REQUIRE(seen.failure);
  CHECK(seen.failure->exit_code == 7);
  CHECK(seen.failure->message == "returned a non-zero code: 7");
  CHECK(seen.lines == std::vector<std::string>{"half a line"});
  CHECK(read(R"({"error":"only this"})", 5).failure->message == "only this");
  CHECK(read(R"({"error":"only this"})", 5).failure->exit_code == 0);
  // BuildKit writes the exit code in the message, after a command of any length.
  const auto built = read(R"({"errorDetail":{"message":"executor failed running [/bin/sh -c )" +
                              std::string(5000, 'x') + R"(]: exit code: 137"},"error":"x"})",
                          9);
  CHECK(built.failure->exit_code == 137);
}

TEST_CASE("The exit code of a step is read only from BuildKit's own message") {
  struct Case {
    const char* message;
    int code;
  };
  const Case cases[] = {
      {"executor failed running [/bin/sh -c exit 137]: exit code: 137", 137},
      {"failed to solve with frontend dockerfile.v0: failed to build LLB: executor failed running [/x]: exit code: 7",
       7},
      {"executor failed running [/bin/sh -c echo ]: exit code: 137]: exit code: 3", 3},
      {"process \"/bin/sh -c x\" did not complete successfully: exit code: 137", 137},
      {"failed to solve: process \"/bin/sh -c \"a\" did not complete successfully: exit code: 9\" did not complete "
       "successfully: exit code: 1",
       1},
      // Newer BuildKit versions report themselves that the kernel killed a step for memory.
      {"process \"/bin/sh -c x\" did not complete successfully: cannot allocate memory", 137},
      {"executor failed running [/bin/sh -c x]: cannot allocate memory", 0},
      {"executor failed running [/bin/sh -c x ]: exit code: 137]: runc did not terminate sucessfully", 0},
      {"executor failed running [/bin/sh -c x]: exit code: 7 and more", 0},
      {"executor failed running [/bin/sh -c x]: exit code: ", 0},
      {"executor failed running [/bin/sh -c x]: exit code: -1", 0},
      {"executor failed running [/bin/sh -c x]: exit code: 300", 0},
      {"dockerfile parse error line 2: unknown instruction: exit code: 137", 0},
      {"", 0},
  };
  for (const auto& each : cases) {
    INFO(each.message);
    CHECK(steps_exit_code(each.message) == each.code);
  }
}

TEST_CASE("BuildKit's trace gives each step once, no internal steps, and output by lines") {
  const std::string step = field(1, field(1, "d1") + field(3, "[2/3] RUN x") + field(5, ""));
  // The second internal step appears with the containerd store (B11).
  const std::string own = field(1, field(1, "d2") + field(3, "[internal] load") + field(5, "")) +
                          field(1, field(1, "d4") + field(3, "copy /context /") + field(5, ""));
  const std::string cached = field(1, field(1, "d3") + field(3, "[3/3] COPY") + flag(4));
  const std::string log = field(3, field(1, "d1") + field(4, "out\npart"));
  const auto line = [](const std::string& message) {
    return R"({"id":"moby.buildkit.trace","aux":")" + dind::base64(message) + "\"}";
  };
  const auto seen = read(
      line(own + step) + line(step + log) + line(cached) + R"({"id":"moby.image.id","aux":{"ID":"sha256:9"}})", 11);
  CHECK(seen.steps == std::vector<std::string>{"[2/3] RUN x", "[3/3] COPY (cached)"});
  CHECK(seen.lines == std::vector<std::string>{"out", "part"});
  CHECK(seen.id == "sha256:9");
}

TEST_CASE("A cut or invalid trace is read up to the error, and never beyond its end") {
  const std::string whole = field(1, field(1, "d1") + field(3, "name") + field(5, "")) + field(3, field(4, "log"));
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    BuildkitTrace trace;
    const bool good = read_buildkit_trace(std::string_view(whole).substr(0, size), trace);
    if (size == whole.size()) CHECK((good && trace.logs == std::vector<std::string>{"log"}));
  }
  BuildkitTrace trace;
  CHECK(!read_buildkit_trace("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", trace));
  CHECK(!read_buildkit_trace("\x0a\x7f", trace));
  CHECK(!read_buildkit_trace("\x0b", trace));
}

TEST_CASE("The engine's text has no control characters, also none above ASCII") {  // B13
  CHECK(one_line("a\xC2\x9B"
                 "31mb\xC2\x85\x1B[c\xC2\xA0\xC3\xA9") == "a 31mb [c\xC2\xA0\xC3\xA9");
  CHECK(one_line("\xC2\x9B\xC2\x80").empty());
}

TEST_CASE("No terminal sequence is left in a line") {  // B13
  BuildReader reader;
  std::vector<std::string> lines;
  const auto take = [&](const BuildLine& line) { lines.push_back(line.text); };
  // The stream is also cut inside a sequence.
  const std::string stream =
      R"({"stream":"\u001b[91mnpm \u001b[0m\u001b[1;3"}{"stream":"1mERR!\u001b[0m\n"})"
      R"({"stream":"\u001b]0;title\u0007\u001b(B\u001b[38;5;9mred\u001b[K\n"}{"stream":"a[31mb\n"})"
      R"({"stream":"\u009b31mC1\u009b0m \u009d0;title\u009c\u0085end\u009e~\u009c\n"}{"stream":"\u00e9\u00a0\u009b\n"})"
      R"({"errorDetail":{"message":"\u001b[31mwrong\u001b[0m"},"error":"x"})";
  REQUIRE(reader.feed(stream, take));
  CHECK(lines == std::vector<std::string>{"npm ERR!", "red", "a[31mb", "C1 end", "é\u00a0"});
  REQUIRE(reader.failure());
  CHECK(reader.failure()->message == "wrong");
}

}  // namespace build_reader_test

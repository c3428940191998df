#include "engine/build_reader.hpp"

#include <catch2/catch_test_macros.hpp>

#include "engine/buildkit_trace.hpp"
#include "support/base64.hpp"

using namespace dind::engine;

namespace {

struct Read {
  std::vector<std::string> lines, steps;
  std::string id;
  std::optional<BuildFailure> failure;
  bool good = true;
};

// In pieces of `piece` bytes: a stream is cut anywhere.
Read read(std::string_view bytes, std::size_t piece) {
  BuildReader reader;
  Read result;
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    result.good = reader.feed(part, [&](const BuildLine& line) {
      (line.step ? result.steps : result.lines).push_back(line.text);
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

TEST_CASE("The classic builder's stream, cut at every place, gives steps, output and the image") {
  const std::string stream =
      R"({"stream":"Step 1/2 : FROM a"}{"stream":"\n"}{"stream":" ---> 123\n"}{"stream":"Step 2/2 : RUN x\n"}
{"stream":"one\ntw"}{"stream":"o\n"}{"stream":"\u001b[91mred\n\u001b[0m"}{"status":"Pulling from a"}
{"status":"Downloading","id":"layer"}{"aux":{"ID":"sha256:abc"}}{"stream":"Successfully built abc\n"})";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    const auto seen = read(stream, piece);
    REQUIRE(seen.good);
    REQUIRE(seen.steps == std::vector<std::string>{"Step 1/2 : FROM a", "Step 2/2 : RUN x"});
    REQUIRE(seen.lines == std::vector<std::string>{"one", "two", "red", "Pulling from a", "Successfully built abc"});
    REQUIRE(seen.id == "sha256:abc");
    REQUIRE(!seen.failure);
  }
}

TEST_CASE("A step that fails is the builder's message and the command's exit code") {
  const auto seen = read(
      R"({"stream":"half a line"}{"errorDetail":{"code":7,"message":"returned\na non-zero code: 7"},"error":"x"})", 9);
  REQUIRE(seen.failure);
  CHECK(seen.failure->exit_code == 7);
  CHECK(seen.failure->message == "returned a non-zero code: 7");
  CHECK(seen.lines == std::vector<std::string>{"half a line"});
  CHECK(read(R"({"error":"only this"})", 5).failure->message == "only this");
}

TEST_CASE("BuildKit's trace is read: steps once, its own doings not, output by lines") {
  const std::string step = field(1, field(1, "d1") + field(3, "[2/3] RUN x") + field(5, ""));
  const std::string own = field(1, field(1, "d2") + field(3, "[internal] load") + field(5, ""));
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

TEST_CASE("A trace that is cut, or none, is read as far as it goes, and never beyond") {
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

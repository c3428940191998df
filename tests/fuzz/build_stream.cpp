// The output stream of a builder, split anywhere, and the other texts that a build reads: any bytes.
#include <string>

#include "engine/build_reader.hpp"
#include "fuzz.hpp"
#include "services/builds/build_sources.hpp"
#include "support/text/base64.hpp"

using namespace dind;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  FuzzedDataProvider input(data, size);
  const auto how = input.ConsumeIntegral<std::uint32_t>();
  const auto stream = input.ConsumeRemainingBytesAsString();

  engine::BuildReader reader;
  std::string lines;
  const auto on_line = [&](const engine::BuildLine& line) {
    fuzz::require(line.text.find_first_of("\n\r\x1b") == std::string::npos,
                  "a line has no line break and no escape character");
    lines += line.text + '\n';
  };
  bool good = true;
  fuzz::in_pieces(stream, how, [&](std::string_view piece) { return good = reader.feed(piece, on_line); });

  // A trace of BuildKit, which is base64 in the stream.
  engine::BuildReader trace;
  trace.feed(R"({"id":"moby.buildkit.trace","aux":")" + base64(all) + "\"}", on_line);
  fuzz::require(from_base64(base64(all)) == all && from_base64(base64url(all)) == all,
                "decoded base64 equals the input");

  const auto dockerfile = read_dockerfile(all);
  fuzz::require(!dockerfile.readings.empty(), "a Dockerfile has at least one reading");
  for (const bool buildkit : {false, true}) {
    const auto images = image_sources(dockerfile, {{"a", {}}}, {.buildkit = buildkit, .remote = false});
    if (!images) continue;
    for (const auto& image : *images) fuzz::require(!image.empty(), "an image source has a name");
  }
  const auto labelled = insert_after_each_from(all, dockerfile, "LABEL x=y");
  fuzz::require(labelled.text.size() <= all.size() + labelled.after.size() * 12, "only the lines are inserted");
  return 0;
}

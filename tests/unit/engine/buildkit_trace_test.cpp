#include "engine/buildkit_trace.hpp"

#include <catch2/catch_test_macros.hpp>

namespace buildkit_trace_test {

using namespace dind::engine;

namespace {

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

// A field of a protobuf message: with a length, or a number.
std::string field(std::uint64_t number, const std::string& bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string field(std::uint64_t number, std::uint64_t value) { return varint(number << 3) + varint(value); }

}  // namespace

TEST_CASE("A BuildKit trace has its steps and the bytes of their output") {
  const std::string step =
      field(1, "sha256:1") + field(3, "RUN make") + field(4, 1) + field(5, "t") + field(6, "t") + field(7, "exit 2");
  const std::string message =
      field(1, step) + field(3, field(4, "line\n") + field(1, "sha256:1")) + field(1, field(1, "b"));
  BuildkitTrace trace;
  REQUIRE(read_buildkit_trace(message, trace));
  REQUIRE(trace.vertexes.size() == 2);
  const auto& first = trace.vertexes.front();
  CHECK(first.digest == "sha256:1");
  CHECK(first.name == "RUN make");
  CHECK(first.error == "exit 2");
  CHECK((first.cached && first.started && first.completed));
  const auto& second = trace.vertexes.back();
  CHECK((!second.cached && !second.started && !second.completed));
  CHECK(trace.logs == std::vector<std::string>{"line\n"});
}

TEST_CASE("Fields of a BuildKit trace that are not known are passed over") {
  const std::string fixed = varint(9 << 3 | 1) + std::string(8, '\xff') + varint(10 << 3 | 5) + std::string(4, '\xff');
  BuildkitTrace trace;
  CHECK(read_buildkit_trace(fixed + field(2, "statuses") + field(99, 7) + field(1, fixed + field(1, "a")), trace));
  REQUIRE(trace.vertexes.size() == 1);
  CHECK(trace.vertexes.front().digest == "a");
}

TEST_CASE("Bytes that are no BuildKit trace are refused, wherever they end") {
  const std::string message = field(1, field(1, "sha256:1") + field(4, 300)) + field(3, field(4, "x"));
  for (std::size_t end = 1; end < message.size(); ++end) {
    BuildkitTrace trace;
    const bool whole = end == field(1, field(1, "sha256:1") + field(4, 300)).size();  // between two fields
    INFO(end);
    CHECK(read_buildkit_trace(std::string_view(message).substr(0, end), trace) == whole);
  }
  BuildkitTrace trace;
  CHECK_FALSE(read_buildkit_trace(varint(1 << 3 | 3), trace));       // a group
  CHECK_FALSE(read_buildkit_trace(std::string(11, '\xff'), trace));  // an endless varint
  CHECK_FALSE(read_buildkit_trace(varint(1 << 3 | 2) + varint(1ULL << 63), trace));
  CHECK(read_buildkit_trace("", trace));
}

}  // namespace buildkit_trace_test

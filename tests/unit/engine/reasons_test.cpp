#include "engine/reasons.hpp"

#include <catch2/catch_test_macros.hpp>

namespace reasons_test {

using namespace dind;
using namespace dind::engine;

TEST_CASE("A reason is recognized in the text of an engine, and in no other text") {
  struct Case {
    bool (*recognizes)(std::string_view);
    const char* text;
  };
  const Case cases[] = {
      {network_has_ended, "cannot join network of a non running container: 0123"},
      {user_is_unmapped, "setresuid(4294967294): invalid argument"},
      {is_there_already, "layer \"sha256:0123\" already exists"},
      {leads_out_of_image, "openat etc/passwd: path escapes from parent"},
      {source_is_missing, "invalid mount config: bind source path does not exist: /x"},
      {profile_is_missing, "opening seccomp profile failed: no such file"},
      {program_is_refused, "exec /x: exec format error"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.text);
    for (const auto& other : cases) CHECK(each.recognizes(other.text) == (each.recognizes == other.recognizes));
  }
}

TEST_CASE("A file in place of a folder is a reason only if the engine itself says so") {
  const Error said{.code = ErrorCode::engine_error, .message = "mkdir /a/b: not a directory", .engine_status = 500};
  Error ours = said;
  ours.engine_status = 0;
  CHECK(meets_a_file(said));
  CHECK(volume_meets_a_file(said));
  CHECK_FALSE(meets_a_file(ours));
  CHECK_FALSE(volume_meets_a_file(ours));
  const Error over{
      .code = ErrorCode::engine_error, .message = "cannot mount volume over existing file", .engine_status = 400};
  CHECK(volume_meets_a_file(over));
  CHECK_FALSE(meets_a_file(over));
}

}  // namespace reasons_test


#include "wire/run_result_codec.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "frontends/shared/execution.hpp"
#include "support/text/base64.hpp"
#include "support/text/utf8.hpp"
#include "wire/error_codec.hpp"
#include "wire/json_text.hpp"

namespace run_result_codec_test {

using namespace dind;
using namespace dind::frontends;
using namespace std::string_view_literals;

TEST_CASE("A result is encoded as RunResult of docs/protocol.md, with null for unknown values") {
  RunResult result;
  result.run_id = "r1";
  result.verdict = Verdict::out_of_memory;
  result.duration = std::chrono::milliseconds(83);
  CHECK(result_json(result) == nlohmann::json::parse(R"({
    "runId": "r1", "verdict": "out_of_memory", "exitCode": null, "signal": null, "durationMs": 83, "cpuMs": null,
    "peakMemoryBytes": null, "oomSeen": false, "stdoutBytes": 0, "stderrBytes": 0, "droppedBytes": 0,
    "image": "", "imageId": "", "imageDigest": null, "isolation": "runc", "stage": "program",
    "builder": null})"));
  result.exit_code = 3;
  result.cpu = std::chrono::microseconds(1500);
  CHECK(result_json(result)["exitCode"] == 3);
  CHECK(result_json(result)["cpuMs"] == 1.5);
}

TEST_CASE("UTF-8 is checked as RFC 3629 defines it") {
  for (const auto good :
       {""sv, "a"sv, "\0"sv, "é"sv, "日本"sv, "🙂"sv, "\xED\x9F\xBF"sv, "\xEE\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv})
    CHECK(is_utf8(good));
  for (const auto bad :
       {"\x80"sv, "\xC0\x80"sv, "\xC1\xBF"sv, "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv, "\xF0\x8F\xBF\xBF"sv,
        "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xFF"sv, "a\xE6\x97"sv, "\xF0\x9F\x99"sv, "\xC3("sv}) {
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("Base64 is encoded as RFC 4648 defines it") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xff\x00\xfe"sv) == "/wD+");
}

TEST_CASE("A value with control characters is written as one line of JSON") {
  const auto line = one_line({{"text", "a\n\r\x01\xff"}});
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(nlohmann::json::parse(line)["text"] == "a\n\r\x01\xEF\xBF\xBD");
}

TEST_CASE("A line of JSON has no other characters that some readers take for a line end (I04)") {
  const std::string ends =
      "a\x0b\x0c\x1c\x1d\x1e\xc2\x85"
      "b\xe2\x80\xa8"
      "c\xe2\x80\xa9"
      "d";
  for (const auto& text :
       {ends, ends + ends, "\xe2\x80\xa8" + ends, std::string("\xc2\xa0 \xe2\x80\xa7 \xe2\x82\xac \xc2\x84")}) {
    const auto line = one_line({{text, {text, 1}}});
    for (const auto end : {"\xc2\x85"sv, "\xe2\x80\xa8"sv, "\xe2\x80\xa9"sv, "\x0b"sv, "\x0c"sv, "\x1c"sv, "\x1e"sv})
      CHECK_FALSE(line.contains(end));
    CHECK(nlohmann::json::parse(line)[text][0] == text);
  }
  const auto wide = one_line("\xc2\xa0\xe2\x82\xac");
  CHECK(wide == "\"\xc2\xa0\xe2\x82\xac\"\n");  // other characters are not escaped
}

TEST_CASE("An error has retryAfter only if a retry may help") {
  CHECK(error_json({ErrorCode::busy, "full"})["retryAfter"] == 1);
  CHECK_FALSE(error_json({ErrorCode::invalid_request, "wrong"}).contains("retryAfter"));
}

TEST_CASE("An error of a run has the same documented HTTP status in every frontend") {  // I05
  // The statuses that docs/http.md lists for POST /runs. 404 is not among them, because it means a wrong path.
  for (const auto& [code, status] : {std::pair(ErrorCode::invalid_request, 400),
                                     {ErrorCode::unsupported_language, 400},
                                     {ErrorCode::cancelled, 409},
                                     {ErrorCode::not_found, 422},
                                     {ErrorCode::image_unavailable, 424},
                                     {ErrorCode::busy, 429},
                                     {ErrorCode::internal, 500},
                                     {ErrorCode::engine_error, 502},
                                     {ErrorCode::disabled, 503},
                                     {ErrorCode::engine_unavailable, 503}}) {
    INFO(to_string(code));
    CHECK(run_error_json({code, "why"})["httpStatus"] == status);
    CHECK(not_run_json({.error = {code, "why"}, .run_id = "r", .limits = {}, .out = {}, .err = {}})["httpStatus"] ==
          status);
  }
  CHECK(error_json({ErrorCode::not_found, "no such run"})["httpStatus"] == 404);  // not an error of a run
}

}  // namespace run_result_codec_test

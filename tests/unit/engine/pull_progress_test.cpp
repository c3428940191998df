#include "engine/pull_progress.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace pull_progress_test {

using namespace dind::engine;

namespace {

using SupervisorState = std::vector<std::pair<std::string, int>>;  // -1: no percentage

SupervisorState read(PullReader& reader, std::vector<std::string_view> pieces, bool expected = true) {
  SupervisorState seen;
  bool fine = true;
  for (const auto piece : pieces)
    fine = reader.feed(piece, [&](const PullProgress& p) { seen.emplace_back(p.message, p.percent.value_or(-1)); });
  CHECK(fine == expected);
  return seen;
}

const std::string kPull =
    R"({"status":"Pulling from library/python","id":"3.11"})"
    "\r\n"
    R"({"status":"Pulling fs layer","progressDetail":{},"id":"a"})"
    R"({"status":"Pulling fs layer","progressDetail":{},"id":"b"})"
    "\n"
    R"({"status":"Downloading","progressDetail":{"current":50,"total":100},"progress":"[=> \"}{\\]","id":"a"})"
    "\r\n"
    R"({"status":"Download complete","progressDetail":{},"id":"a"}{"status":"Downloading","progressDetail":{"current":300,"total":300},"id":"b"})"
    "\r\n"
    R"({"status":"Extracting","progressDetail":{"current":100,"total":100},"id":"a"})"
    R"({"status":"Pull complete","progressDetail":{},"id":"a"})"
    R"({"status":"Pull complete","progressDetail":{},"id":"b"})"
    "\n"
    R"({"status":"Status: Downloaded newer image for python:3.11"})"
    "\r\n";

const SupervisorState kSeen{
    {"Pulling from library/python", -1},  {"Pulling: 0 of 1 layers done", 0},
    {"Pulling: 0 of 2 layers done", 17},  {"Pulling: 0 of 2 layers done", 35},
    {"Pulling: 0 of 2 layers done", 70},  {"Pulling: 1 of 2 layers done", 77},
    {"Pulling: 2 of 2 layers done", 100}, {"Status: Downloaded newer image for python:3.11", 100}};

}  // namespace

TEST_CASE("The progress of a pull is the same wherever the stream is split") {
  PullReader whole;
  const auto expected = read(whole, {kPull});
  CHECK(whole.complete());
  CHECK_FALSE(whole.error());
  for (std::size_t split = 0; split <= kPull.size(); ++split) {
    PullReader reader;
    CHECK(read(reader, {std::string_view(kPull).substr(0, split), std::string_view(kPull).substr(split)}) == expected);
  }
}

TEST_CASE("The percentage counts bytes over all layers, never goes back and ends at 100") {
  PullReader reader;
  const auto seen = read(reader, {kPull});
  int last = -1;
  for (const auto& [message, percent] : seen) {
    CHECK(percent >= last);
    last = percent;
  }
  CHECK(last == 100);
  CHECK(seen.front() == kSeen.front());
  CHECK(seen[1] == kSeen[1]);
  CHECK(seen.back() == kSeen.back());
  CHECK(std::ranges::count(seen, std::pair<std::string, int>("Pulling: 0 of 2 layers done", 70)) == 1);
}

TEST_CASE("An error inside the stream of a pull is kept, with the engine's own text") {
  for (const std::string line :
       {R"({"errorDetail":{"message":"manifest unknown"},"error":"x"})", R"({"error":"manifest unknown"})",
        R"({"errorDetail":{"code":404,"message":"manifest\nunknown"}})"}) {
    PullReader reader;
    read(reader, {kPull, line});
    CHECK(reader.error() == "manifest unknown");
  }
}

TEST_CASE("A pull stream that is cut, or is not JSON, is not complete") {
  PullReader cut;
  read(cut, {R"({"status":"Pulling)"});
  CHECK_FALSE(cut.complete());
  PullReader text;
  read(text, {"<html>"}, false);
  CHECK_FALSE(text.complete());
  PullReader endless;
  read(endless, {"{\"status\":\"" + std::string(2 << 20, 'x')}, false);
  CHECK_FALSE(endless.complete());
}

}  // namespace pull_progress_test

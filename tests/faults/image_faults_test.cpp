// Images and garbage collection, with an engine that sends the replies of each test.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "run_bench.hpp"
#include "services/upkeep/engine_garbage.hpp"

namespace image_faults_test {

using namespace dind;
using namespace dind::faults;
using namespace std::chrono_literals;

namespace {

RunSpec in_image(std::string image, std::optional<PullPolicy> pull = {}) {
  RunSpec spec;
  spec.program = CommandProgram{std::vector<std::string>{"true"}};
  spec.image = std::move(image);
  spec.pull = pull;
  return spec;
}

std::string image_json(const std::string& tagged) {
  return R"({"Id":"sha256:0123","RepoDigests":["r.example/x@sha256:77"],"Metadata":{"LastTagTime":")" + tagged +
         R"("},"Config":{"Labels":{"dind-executor.built":"1"}}})";
}

void has_image(RunBench& bench, const std::string& reply) {
  for (const char* path : {"/images/*/json", "/images/*/*/json"})
    bench.fake.on("GET", path, FakeReply::json(200, reply));
}

}  // namespace

TEST_CASE("The use of an image that dind-executor built is recorded, and the run succeeds even if this fails") {
  for (const int status : {201, 500}) {
    RunBench bench;
    has_image(bench, image_json("2020-01-01T00:00:00Z"));
    bench.fake.on("POST", "/images/*/*/tag", FakeReply::json(status, R"({"message":"no"})"));
    const auto result = bench.finish(bench.begin(in_image("dind-executor/x:1")));
    REQUIRE(result);
    CHECK(result->verdict == Verdict::ok);
    CHECK(bench.until([&] { return bench.fake.count("POST", "/images/*/*/tag") >= 1; }));
    bool named = false;
    for (const auto& request : bench.fake.requests())
      named = named || request.target.contains("/images/dind-executor/x:1/tag?repo=dind-executor%2Fx&tag=1");
    CHECK(named);
  }
}

TEST_CASE("I03: an image ID that the engine does not have is not pulled, and the error says why") {
  const std::string digits(64, 'a');
  for (const auto& name : {digits, "sha256:" + digits})
    for (const auto pull : {PullPolicy::missing, PullPolicy::always, PullPolicy::never}) {
      RunBench bench;
      bench.fake.on("GET", "/images/*/json", FakeReply::json(404, R"({"message":"no such image"})"));
      const auto result = bench.finish(bench.begin(in_image(name, pull)));
      REQUIRE_FALSE(result);
      CHECK(result.error().code == ErrorCode::image_unavailable);
      CHECK(result.error().message.ends_with("has no image with the ID " + name +
                                             ", and an ID can't be pulled. Name the image instead"));
      CHECK(bench.fake.count("POST", "/images/create") == 0);
    }
}

// N04: in containerd's image store, setting a tag that an image already has does not change the tag time.
TEST_CASE("If tagging does not change the tag time, a new dated name records the use and the old one is removed") {
  RunBench bench;
  auto reply = image_json("2020-01-01T00:00:00Z");
  const std::string old = "dind-executor/used:0123-20200101";
  reply.insert(1, R"("RepoTags":["dind-executor/x:1","dind-executor/used:ffff-20200101",")" + old + R"("],)");
  has_image(bench, reply);
  bench.fake.on("POST", "/images/*/*/tag", FakeReply::json(201, ""));
  bench.fake.on("DELETE", "/images/*/*", FakeReply::json(200, "[]"));
  REQUIRE(bench.finish(bench.begin(in_image("dind-executor/x:1"))));
  CHECK(bench.until([&] { return bench.fake.count("DELETE", "/images/*/*") == 1; }));
  bool noted = false, removed = false;
  for (const auto& request : bench.fake.requests()) {
    noted = noted || request.target.contains("/images/dind-executor/x:1/tag?repo=dind-executor%2Fused&tag=0123-2");
    removed = removed || (request.method == "DELETE" && request.target.ends_with("/images/" + old));
  }
  CHECK(noted);
  CHECK(removed);
}

TEST_CASE("The use of a built image is recorded even if all its steps come from the cache") {  // N04
  RunPolicy policy;
  policy.build.network = false;
  RunBench bench(policy);
  has_image(bench, image_json("2020-01-01T00:00:00Z"));
  bench.fake.on("POST", "/images/*/*/tag", FakeReply::json(201, ""));
  bench.fake.on("POST", "/build", FakeReply{.status = 200, .body = R"({"aux":{"ID":"sha256:0123"}})", .chunked = true});
  RunSpec spec;
  spec.program =
      BuildProgram{.dockerfile = "FROM a\n", .context_path = {}, .command = std::vector<std::string>{"true"}};
  const auto result = bench.finish(bench.begin(spec));
  INFO((result ? "" : result.error().message));
  REQUIRE(result);
  CHECK(bench.until([&] {
    return std::ranges::any_of(bench.fake.requests(), [](const auto& request) {
      return request.target.contains("/tag?repo=dind-executor%2Fused&tag=0123-2");
    });
  }));
}

TEST_CASE("The use of a foreign image, or of one that was tagged today, is not recorded") {
  for (const auto& [name, tagged] :
       {std::pair("their/x:1", "2020-01-01T00:00:00Z"), std::pair("dind-executor/x:1", "2999-01-01T00:00:00Z")}) {
    RunBench bench;
    has_image(bench, image_json(tagged));
    REQUIRE(bench.finish(bench.begin(in_image(name))));
    CHECK(bench.wait_all_removed());
    CHECK(bench.fake.count("POST", "/images/*/*/tag") == 0);
  }
}

TEST_CASE("The result has the digest of the requested image name") {
  RunBench bench;
  has_image(bench, image_json("2999-01-01T00:00:00Z"));
  const auto result = bench.finish(bench.begin(in_image("r.example/x:1")));
  REQUIRE(result);
  CHECK(result->image_digest == "sha256:77");
  const auto other = bench.finish(bench.begin(in_image("r.example/y:1")));
  REQUIRE(other);
  CHECK_FALSE(other->image_digest);
}

TEST_CASE("Pull policy always pulls an existing image, and pull policy never does not pull a missing one") {
  RunBench bench;
  bench.fake.on("POST", "/images/create", FakeReply::json(200, R"({"status":"done"})"));
  REQUIRE(bench.finish(bench.begin(in_image("x:1", PullPolicy::always))));
  CHECK(bench.fake.count("POST", "/images/create") == 1);
  REQUIRE(bench.finish(bench.begin(in_image("x:1"))));
  CHECK(bench.fake.count("POST", "/images/create") == 1);
  bench.fake.on("GET", "/images/*/json", FakeReply::json(404, R"({"message":"No such image: x:1"})"));
  const auto absent = bench.finish(bench.begin(in_image("x:1", PullPolicy::never)));
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == ErrorCode::image_unavailable);
  CHECK(absent.error().message.contains("\"pull\": \"missing\""));
  CHECK(bench.fake.count("POST", "/images/create") == 1);
}

TEST_CASE("Garbage collection reports an object that can't be removed, and removes the others") {
  RunBench bench;
  const std::string labels = R"("Labels":{"dind-executor.cache":"supervisor"},"CreatedAt":"2020-01-01T00:00:00Z"})";
  bench.fake.on("GET", "/info", FakeReply::json(200, R"({"SystemTime":"2026-01-01T00:00:00Z"})"));
  bench.fake.on("GET", "/images/json",
                FakeReply::json(200, R"([{"Id":"sha256:1","RepoTags":["dind-executor/x:1"],"Size":7,"SharedSize":-1,
                                         "Labels":{"dind-executor.built":"1"},"Created":5}])"));
  has_image(bench, R"({"Id":"sha256:1","Config":{}})");
  bench.fake.on("GET", "/volumes",
                FakeReply::json(200, R"({"Volumes":[{"Name":"dind-supervisor-a",)" + labels +
                                         R"(,{"Name":"dind-supervisor-b",)" + labels + "]}"));
  bench.fake.on("GET", "/networks", FakeReply::json(200, "[]"));
  bench.fake.on("GET", "/containers/json", FakeReply::json(200, "[]"));
  bench.fake.on("DELETE", "/volumes/dind-supervisor-a", FakeReply::json(409, R"({"message":"volume is in use"})"));
  bench.fake.on("DELETE", "/volumes/dind-supervisor-b", FakeReply{.status = 204});
  bench.fake.on("DELETE", "/images/*/*", FakeReply::json(200, "[]"));
  EngineGarbage garbage(bench.client, "the-test", "dind-supervisor-own", {});

  const auto dry = tests::run_task(bench.context, garbage.collect(true, in(10s)));
  REQUIRE(dry);
  CHECK(dry->items.size() == 3);
  CHECK(bench.fake.count("DELETE", "/volumes/*") == 0);

  const auto report = tests::run_task(bench.context, garbage.collect(false, in(10s)));
  REQUIRE(report);
  REQUIRE(report->items.size() == 3);
  CHECK_FALSE(report->items[0].removed);
  CHECK(report->items[0].error.contains("volume is in use"));
  CHECK(report->items[1].removed);
  CHECK(report->items[2].name == "dind-executor/x:1");
  CHECK(report->items[2].bytes == 7);
  CHECK(report->items[2].removed);
}

TEST_CASE("If garbage collection can't list the engine's images, it returns an error") {
  RunBench bench;
  bench.fake.on("GET", "/info", FakeReply::json(200, "{}"));
  bench.fake.on("GET", "/images/json", FakeReply::json(500, R"({"message":"broken"})"));
  EngineGarbage garbage(bench.client, "the-test", "dind-supervisor-own", {});
  const auto report = tests::run_task(bench.context, garbage.collect(false, in(10s)));
  REQUIRE_FALSE(report);
  CHECK(report.error().message.contains("broken"));
}

}  // namespace image_faults_test

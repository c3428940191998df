// Request bodies that are sent while they are still being written.
#include <sys/mman.h>
#include <unistd.h>

#include <thread>

#include "engine/body_file.hpp"
#include "engine_bench.hpp"

namespace upload_faults_test {

using namespace dind;
using namespace dind::engine;
using namespace dind::faults;
using namespace std::chrono_literals;
using Then = FakeReply::Then;

namespace {

struct Growing {
  std::shared_ptr<BodyFile> file = std::make_shared<BodyFile>(::memfd_create("body", MFD_CLOEXEC));
  std::string text;
  void add(const std::string& more) {
    REQUIRE(::pwrite(file->fd, more.data(), more.size(), static_cast<off_t>(text.size())) ==
            static_cast<ssize_t>(more.size()));
    text += more;
    file->grow_to(static_cast<std::int64_t>(text.size()));
  }
  void end() const { file->end(static_cast<std::int64_t>(text.size())); }
};

ImageBuild build_of(const Growing& body) {
  ImageBuild build;
  build.context = body.file;
  build.dockerfile = "Dockerfile";
  build.tag = "t";
  build.network_mode = "none";
  return build;
}

struct UploadBench : Bench {
  explicit UploadBench(FakeEngine::Transport transport = FakeEngine::Transport::unix_socket) : Bench(transport) {
    fake.on("POST", "/build", FakeReply{.body = R"({"aux":{"ID":"sha256:0123"}})", .chunked = true});
  }
  void begin(const Growing& body, Cancel cancel = {}, Deadline deadline = in(10s)) {
    asio::co_spawn(context,
                   client.build_image(
                       build_of(body), [](const BuildLine&) {}, cancel, deadline),
                   [this](const std::exception_ptr&, Result<BuildOutcome> outcome) { answer = std::move(outcome); });
  }
  template <typename Condition>
  bool until(Condition condition) {
    const Deadline deadline = in(10s);
    while (!condition() && Clock::now() < deadline) {
      context.restart();
      context.run_one_for(1ms);
    }
    return condition();
  }
  std::optional<Result<BuildOutcome>> answer;
};

}  // namespace

TEST_CASE("A request body is sent while it is being written, and the request ends when the body ends") {
  for (const auto transport : {FakeEngine::Transport::unix_socket, FakeEngine::Transport::tcp}) {
    UploadBench bench(transport);
    Growing body;
    bench.begin(body);
    for (const auto* piece : {"first ", "second ", "third"}) {
      body.add(piece);
      REQUIRE(bench.until([&] { return bench.fake.received() == body.text; }));
      CHECK_FALSE(bench.answer);
    }
    body.end();
    REQUIRE(bench.until([&] { return bench.answer.has_value(); }));
    REQUIRE(*bench.answer);
    CHECK((*bench.answer)->image_id == "sha256:0123");
    CHECK(bench.fake.requests().back().body == body.text);
  }
}

TEST_CASE("A large request body that another thread writes arrives complete") {
  UploadBench bench;
  Growing body;
  std::jthread writer([&] {
    for (int i = 0; i < 200; ++i) body.add(std::string(100'000, static_cast<char>('a' + i % 26)));
    body.end();
  });
  bench.begin(body);
  REQUIRE(bench.until([&] { return bench.answer.has_value(); }));
  writer.join();
  CHECK(*bench.answer);
  CHECK(bench.fake.requests().back().body == body.text);
}

TEST_CASE("A request body that is complete at the start is sent with its length") {
  UploadBench bench;
  Growing body;
  body.add("all of it");
  body.end();
  bench.begin(body);
  REQUIRE(bench.until([&] { return bench.answer.has_value(); }));
  CHECK(bench.fake.requests().back().headers["content-length"] == "9");
  CHECK(bench.fake.requests().back().body == "all of it");
}

TEST_CASE("A cancel, the deadline or a broken connection ends a request whose body never ends") {
  UploadBench bench;
  Growing body;
  body.add("some");
  const auto begins = [&](Deadline deadline, Cancel cancel = {}) {
    bench.begin(body, std::move(cancel), deadline);
    REQUIRE(bench.until([&] { return bench.fake.received() == "some"; }));
  };
  SECTION("A cancel ends the request") {
    Cancel cancel;
    begins(in(10s), cancel);
    cancel.cancel(CancelReason::user);
    REQUIRE(bench.until([&] { return bench.answer.has_value(); }));
    check_error(*bench.answer, ErrorCode::cancelled, "cancelled");
  }
  SECTION("The deadline ends the request") {
    begins(in(2s));
    REQUIRE(bench.until([&] { return bench.answer.has_value(); }));
    check_error(*bench.answer, ErrorCode::engine_unavailable, "no reply in time");
  }
  SECTION("A broken connection ends the request") {
    begins(in(10s));
    bench.fake.drop_connections();
    body.add("more");
    REQUIRE(bench.until([&] { return bench.answer.has_value(); }));
    CHECK_FALSE(*bench.answer);
  }
  CHECK(bench.fake.count("POST", "/build") == 0);
  body.add("to nobody");  // the writer does not need to know that the request has ended
  CHECK(bench.until([&] { return bench.fake.open_connections() == 0; }));
}

TEST_CASE("A refusal is read while the request body is still growing") {
  for (const auto transport : {FakeEngine::Transport::unix_socket, FakeEngine::Transport::tcp}) {
    UploadBench bench(transport);
    Growing body;
    body.add("some");
    bench.fake.refuse("/build", FakeReply::json(403, R"({"message":"builds are not allowed here"})"));
    const auto begun = Clock::now();
    bench.begin(body);
    REQUIRE(bench.until([&] { return bench.answer.has_value(); }));
    check_error(*bench.answer, ErrorCode::engine_error, "builds are not allowed here");
    CHECK(Clock::now() - begun < 5s);
  }
}

}  // namespace upload_faults_test

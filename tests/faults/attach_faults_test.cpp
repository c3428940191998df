// Attaching to a container's streams on an engine that fails in every known way.
#include <array>

#include "engine/hijacked_stream.hpp"
#include "engine_bench.hpp"

namespace attach_faults_test {

using namespace dind;
using namespace dind::engine;
using namespace dind::faults;
using dind::tests::run_task;
using namespace std::chrono_literals;
using Transport = FakeEngine::Transport;
using Then = FakeReply::Then;

namespace {

Task<Result<std::string>> read_all(std::unique_ptr<HijackedStream> stream) {
  std::string out;
  std::array<char, 7> buffer;  // small, so that the bytes that arrive with the head are read in parts
  while (true) {
    const auto size = co_await stream->read_some(buffer);
    if (!size) co_return std::unexpected(size.error());
    if (*size == 0) co_return out;
    out.append(buffer.data(), *size);
  }
}

}  // namespace

TEST_CASE("A failed attach returns an error that has the engine's status and message, or says that no reply came") {
  Bench bench;
  for (const bool chunked : {false, true}) {
    bench.fake.on("POST", "/containers/x/attach",
                  FakeReply{.status = 409, .body = R"({"message":"container x is paused"})", .chunked = chunked});
    const auto attached = bench.run(bench.client.attach_container("x", in(5s)));
    check_error(attached, ErrorCode::engine_error, "answered 409 to 'attach to container': container x is paused");
    CHECK(attached.error().engine_status == 409);
  }
  check_error(bench.run(bench.client.attach_container("gone", in(5s))), ErrorCode::not_found, "404");
  bench.fake.on("POST", "/containers/x/attach", FakeReply{.then = Then::close, .no_head = true});
  check_error(bench.run(bench.client.attach_container("x", in(5s))), ErrorCode::engine_unavailable, "without a reply");
  bench.fake.on("POST", "/containers/x/attach", FakeReply::silence());
  check_error(bench.run(bench.client.attach_container("x", in(300ms))), ErrorCode::engine_unavailable,
              "no reply in time");
}

TEST_CASE("An attach reply that is cut inside its head is reported as a broken connection (R03)") {
  const std::string head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
  for (const auto transport : {Transport::unix_socket, Transport::tcp})
    for (const auto then : {Then::close, Then::reset}) {
      Bench bench(transport);
      for (std::size_t at = 1; at < head.size(); ++at) {
        CAPTURE(at);
        bench.fake.on("POST", "/containers/x/attach",
                      FakeReply{.then = then, .no_head = true, .cut = head.substr(0, at)});
        const auto attached = bench.run(bench.client.attach_container("x", in(5s)));
        REQUIRE_FALSE(attached);
        CHECK(attached.error().code == ErrorCode::engine_unavailable);
        if (then == Then::close) CHECK(attached.error().message.contains("broke before the reply"));
      }
    }
}

TEST_CASE("An attach stream returns the bytes that arrive with the reply head, and then the end of the stream") {
  for (const auto transport : {Transport::unix_socket, Transport::tcp}) {
    Bench bench(transport);
    bench.fake.on("POST", "/containers/x/attach", FakeReply::attached("what came with the head", Then::close));
    auto stream = bench.run(bench.client.attach_container("x", in(5s)));
    REQUIRE(stream);
    CHECK(bench.run(read_all(std::move(*stream))) == "what came with the head");
    CHECK(bench.fake.requests().back().headers["upgrade"] == "tcp");
  }
}

TEST_CASE("Bytes written to an attach stream reach the engine, and closing the write side ends the stream") {
  Bench bench(Transport::tcp);
  bench.fake.on("POST", "/containers/x/attach", FakeReply::attached("", Then::hang));
  auto stream = bench.run(bench.client.attach_container("x", in(5s)));
  REQUIRE(stream);
  const std::string large(1 << 20, 'x');
  CHECK(bench.run((*stream)->write(large)));
  CHECK(bench.run((*stream)->close_write()));
  CHECK(bench.run(read_all(std::move(*stream))) == "");  // the fake closes after it has read the whole stream
  CHECK(bench.fake.received() == large);
}

TEST_CASE("A connection reset during an attach stream is an error and not the end of the stream") {
  Bench bench(Transport::tcp);
  bench.fake.on("POST", "/containers/x/attach", FakeReply::attached("\x01", Then::reset));
  auto stream = bench.run(bench.client.attach_container("x", in(5s)));
  if (stream) {
    const auto read = bench.run(read_all(std::move(*stream)));
    check_error(read, ErrorCode::engine_unavailable, "attach to container");
  } else {  // the reset arrived before the head
    CHECK(stream.error().code == ErrorCode::engine_unavailable);
  }
}

TEST_CASE("Closing or destroying an attach stream cancels a pending read") {
  for (const bool destroy : {false, true}) {
    Bench bench;
    bench.fake.on("POST", "/containers/x/attach", FakeReply::attached("", Then::hang));
    auto stream = bench.run(bench.client.attach_container("x", in(5s)));
    REQUIRE(stream);
    std::array<char, 8> buffer;
    std::optional<Result<std::size_t>> read;
    asio::co_spawn(bench.context, (*stream)->read_some(buffer),
                   [&](const std::exception_ptr&, Result<std::size_t> size) { read = std::move(size); });
    bench.context.restart();
    bench.context.poll();
    CHECK_FALSE(read);
    if (destroy) {
      stream->reset();
    } else {
      (*stream)->close();
    }
    bench.context.restart();
    bench.context.run_for(2s);
    REQUIRE(read);
    check_error(*read, ErrorCode::cancelled, "closed");
  }
}

}  // namespace attach_faults_test

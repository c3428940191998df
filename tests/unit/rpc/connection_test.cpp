#include "rpc/connection.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "support/run_task.hpp"

namespace connection_test {

using namespace dind;
using namespace dind::tests;
using namespace std::chrono_literals;
using rpc::Json;

namespace {

// A connection and the client's end of it.
struct Wire {
  explicit Wire(std::chrono::milliseconds frame_time) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    client = ends[1];
    const int out = dup(ends[0]);
    REQUIRE(out >= 0);
    connection = rpc::Connection::open(context.get_executor(), ends[0], out,
                                       {.request =
                                            [this](rpc::Request request, rpc::Reply reply) {
                                              heard.push_back(request.method);
                                              reply.result("yes");
                                            },
                                        .notification = [](const rpc::Notification&) {}},
                                       true, frame_time);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() { leave(); }

  void send(std::string_view bytes) const {
    REQUIRE(::write(client, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  void leave() {
    if (client >= 0) ::close(client);
    client = -1;
  }
  Result<void> serve() { return run_task(context, connection->serve()); }
  // Calls `then` after `pause`, while the connection is served.
  Result<void> serve(std::chrono::milliseconds pause, std::function<void()> then) {
    asio::co_spawn(
        context,
        [pause, then = std::move(then)]() -> Task<void> {
          co_await sleep_until(in(pause));
          then();
        },
        asio::detached);
    return serve();
  }
  // What the client can read now.
  std::string received() {
    REQUIRE(run_task(context, connection->flushed(in(10s))));
    std::string bytes(1 << 20, '\0');
    const auto count = ::recv(client, bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
  }

  asio::io_context context;
  std::shared_ptr<rpc::Connection> connection;
  std::vector<std::string> heard;
  int client = -1;
};

std::string ask(std::size_t bytes, bool id_first) {
  const std::string params = R"("params":{"x":")" + std::string(bytes, 'y') + R"("})";
  return rpc::framed(id_first ? R"({"jsonrpc":"2.0","id":7,"method":"m",)" + params + "}"
                              : R"({"jsonrpc":"2.0","method":"m",)" + params + R"(,"id":7})");
}

// Fills the budget for request bodies, as other bodies would.
struct Full {
  Full() : taken((256U << 20) - arriving_bodies().used()) { REQUIRE(arriving_bodies().take(taken)); }
  Full(const Full&) = delete;
  Full& operator=(const Full&) = delete;
  ~Full() { arriving_bodies().give(taken); }
  std::size_t taken;
};

constexpr std::size_t kLarge = 100'000;

}  // namespace

TEST_CASE("A large message that stalls ends its connection and releases its memory") {
  Wire wire(300ms);
  wire.send(ask(kLarge, true).substr(0, 90'000));
  const auto served = wire.serve();
  REQUIRE_FALSE(served);
  INFO(served.error().message);
  CHECK(served.error().message.contains(" bytes that Content-Length promised within 300 ms"));
  CHECK(arriving_bodies().used() == 0);  // although the connection still exists
  CHECK(wire.heard.empty());
}

TEST_CASE("A large message that ends early releases its memory") {
  Wire wire(60s);
  wire.send(ask(kLarge, true).substr(0, 90'000));
  wire.leave();
  CHECK_FALSE(wire.serve());
  CHECK(arriving_bodies().used() == 0);
}

TEST_CASE("A small message and the pause between two messages have no deadline") {
  Wire wire(1s);
  const std::string small = ask(10, true), large = ask(kLarge, true);
  wire.send(large + small.substr(0, 20));
  REQUIRE(wire.serve(1300ms, [&] {
    wire.send(small.substr(20));
    wire.leave();
  }));
  CHECK(wire.heard.size() == 2);
}

TEST_CASE("A large message gets an error reply if there is no memory for it") {
  const Full full;
  Wire wire(60s);
  SECTION("An id after the params is unknown, and the connection ends") {
    wire.send(ask(kLarge, false) + ask(10, true));
    const auto served = wire.serve();
    REQUIRE_FALSE(served);
    CHECK(served.error().message.contains("\"id\" is not in the first 64 KiB"));
    const auto answer = wire.received();
    CHECK(answer.contains(R"("id":null)"));
    CHECK(answer.contains("no memory for the message"));
    CHECK(wire.heard.empty());
  }
  SECTION("An id before the params is in the reply, and the connection continues") {
    wire.send(ask(kLarge, true) + ask(10, true));
    std::string answer;
    REQUIRE(wire.serve(200ms, [&] {
      std::string bytes(1 << 16, '\0');
      const auto count = ::recv(wire.client, bytes.data(), bytes.size(), MSG_DONTWAIT);
      answer = bytes.substr(0, count > 0 ? static_cast<std::size_t>(count) : 0);
      wire.leave();
    }));
    CHECK(answer.contains(R"("id":7)"));
    CHECK(answer.contains("no memory for the message"));
    CHECK(wire.heard.size() == 1);
  }
}

}  // namespace connection_test

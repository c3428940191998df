// engine::Client with an engine that fails in every known way.
#include <sys/resource.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "engine/hijacked_stream.hpp"
#include "engine_bench.hpp"

namespace engine_faults_test {

using namespace dind;
using namespace dind::engine;
using namespace dind::faults;
using dind::tests::run_task;
using namespace std::chrono_literals;
using Transport = FakeEngine::Transport;
using Then = FakeReply::Then;

namespace {

std::size_t open_files() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

}  // namespace

TEST_CASE("A missing engine is reported at once as engine_unavailable, with its address and the name of the call") {
  asio::io_context context;
  Endpoint endpoint;
  endpoint.path = "/nonexistent/docker.sock";
  endpoint.address = "unix:///nonexistent/docker.sock";
  Client client(context.get_executor(), endpoint);
  const auto begun = Clock::now();
  const auto info = run_task(context, client.info(in(30s)));
  check_error(info, ErrorCode::engine_unavailable,
              "The engine at unix:///nonexistent/docker.sock does not answer (no such socket) to 'info'.");
  check_error(run_task(context, client.attach_container("x", in(30s))), ErrorCode::engine_unavailable,
              "no such socket");
  CHECK(Clock::now() - begun < 1s);
}

TEST_CASE("A refused connection is reported as engine_unavailable, on TCP and on a unix socket") {
  for (const auto transport : {Transport::tcp, Transport::unix_socket}) {
    Bench bench(transport);
    bench.fake.stop_listening();
    check_error(bench.run(bench.client.ping(in(10s))), ErrorCode::engine_unavailable, "(connection refused) to 'ping'");
  }
}

TEST_CASE("A host name that can't be resolved is reported as engine_unavailable within 2 s") {
  asio::io_context context;
  Endpoint endpoint{.kind = Endpoint::Kind::tcp,
                    .path = "",
                    .host = "dind.invalid",
                    .port = "2375",
                    .tls = {},
                    .address = "tcp://dind.invalid:2375",
                    .origin = "DOCKER_HOST"};
  Client client(context.get_executor(), endpoint);
  const auto begun = Clock::now();
  const auto ping = run_task(context, client.ping(in(10s)));
  REQUIRE_FALSE(ping);
  CHECK(ping.error().code == ErrorCode::engine_unavailable);
  CHECK(Clock::now() - begun < 2s);
}

TEST_CASE("A call that gets no reply ends at its deadline, and its connection is closed") {
  Bench bench;
  bench.fake.on("GET", "/info", FakeReply::silence());
  const auto begun = Clock::now();
  check_error(bench.run(bench.client.info(in(300ms))), ErrorCode::engine_unavailable, "(no reply in time) to 'info'");
  CHECK(Clock::now() - begun < 2s);
  for (int i = 0; i < 100 && bench.fake.open_connections() > 1; ++i) bench.run(bench.client.ping(in(5s)));
  CHECK(bench.fake.open_connections() <= 1);
}

TEST_CASE("A call whose reply stops halfway ends at its deadline") {
  Bench bench;
  bench.fake.on("GET", "/info", FakeReply{.body = "{\"Driver\":", .then = Then::hang, .content_length = 1000});
  check_error(bench.run(bench.client.info(in(300ms))), ErrorCode::engine_unavailable, "did not end in time");
}

TEST_CASE("If the engine does not answer the first ping, the call fails at its deadline") {
  Bench bench;
  bench.fake.on("GET", "/_ping", FakeReply::silence());
  check_error(bench.run(bench.client.info(in(300ms))), ErrorCode::engine_unavailable, "to 'info'");
}

TEST_CASE("A cancel ends a call even if the engine does not answer the first ping") {
  Bench bench;
  Cancel cancel;
  bench.fake.on("GET", "/_ping", [&](const FakeRequest&) {
    asio::post(bench.context, [cancel]() mutable { cancel.cancel(CancelReason::user); });
    return FakeReply::silence();
  });
  const auto begun = Clock::now();
  check_error(bench.run(bench.client.pull_image("nope:1", "", {}, cancel, in(10s))), ErrorCode::cancelled, "(user)");
  CHECK(Clock::now() - begun < 5s);
}

TEST_CASE("An empty or invalid reply is reported as engine_error") {
  Bench bench;
  const std::pair<FakeReply, std::string> cases[] = {
      {FakeReply::json(200, "{\"Driver\":\"ov"), "not valid JSON"},
      {FakeReply::json(200, "<html>\r\nhello"), "<html> hello"},
      {FakeReply::json(200, "null"), "not valid JSON"},
      {FakeReply::json(200, ""), "empty"},
  };
  for (const auto& [reply, part] : cases) {
    bench.fake.on("GET", "/info", reply);
    check_error(bench.run(bench.client.info(in(5s))), ErrorCode::engine_error, part);
  }
}

TEST_CASE("A reply that is cut at any byte is reported as a broken connection, never as a complete reply (R03)") {
  Bench bench;
  const std::string body = R"({"Id":"sha256:x"})";
  const std::string whole =
      "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  for (std::size_t at = 1; at < whole.size(); ++at) {
    CAPTURE(at);
    bench.fake.on("GET", "/images/x/json", FakeReply{.then = Then::close, .no_head = true, .cut = whole.substr(0, at)});
    const auto image = bench.run(bench.client.inspect_image("x", in(5s)));
    REQUIRE_FALSE(image);
    CHECK(image.error().code == ErrorCode::engine_unavailable);
    CHECK(image.error().message.contains("'inspect image'"));
    if (at > std::string_view("HTTP/1.1 200 OK\r\n").size()) CHECK(image.error().message.contains("Run it again"));
  }
  for (const auto& reply : {FakeReply{.body = body, .then = Then::close, .content_length = 1000},
                            FakeReply{.body = body, .then = Then::close, .chunked = true}}) {
    bench.fake.on("GET", "/images/x/json", reply);
    check_error(bench.run(bench.client.inspect_image("x", in(5s))), ErrorCode::engine_unavailable, "broke");
  }
}

TEST_CASE("Valid JSON of the wrong shape gives default values or engine_error") {
  Bench bench;
  for (const std::string body :
       {"[]", "{}", R"({"Driver":7,"Runtimes":[1],"NCPU":"four","MemTotal":1e99,"SecurityOptions":{"a":1}})"}) {
    bench.fake.on("GET", "/info", FakeReply::json(200, body));
    CHECK(bench.run(bench.client.info(in(5s))));
    bench.fake.on("GET", "/containers/json", FakeReply::json(200, body));
    CHECK(bench.run(bench.client.list_containers({}, in(5s)))->empty());
    bench.fake.on("GET", "/volumes", FakeReply::json(200, body));
    CHECK(bench.run(bench.client.list_volumes({}, in(5s)))->empty());
    bench.fake.on("POST", "/containers/create", FakeReply::json(201, body));
    check_error(bench.run(bench.client.create_container("x", {}, in(5s))), ErrorCode::engine_error, "no container ID");
    bench.fake.on("GET", "/containers/x/json", FakeReply::json(200, body));
    check_error(bench.run(bench.client.inspect_container("x", in(5s))), ErrorCode::engine_error, "no container ID");
    bench.fake.on("POST", "/containers/x/wait", FakeReply::json(200, body));
    check_error(bench.run(bench.client.wait_container("x", "removed", in(5s))), ErrorCode::engine_error, "StatusCode");
  }
}

TEST_CASE("The error for status 500 has the engine's message, the status and the name of the call") {
  Bench bench;
  bench.fake.on("POST", "/containers/x/start",
                FakeReply::json(500, R"({"message":"OCI runtime create failed: no space left"})"));
  const auto started = bench.run(bench.client.start_container("x", in(5s)));
  check_error(started, ErrorCode::engine_error,
              "answered 500 to 'start container': OCI runtime create failed: no space left");
  CHECK(started.error().engine_status == 500);
}

TEST_CASE("A call for a missing object succeeds where its contract says so, and reports not_found otherwise") {
  Bench bench;
  CHECK(bench.run(bench.client.kill_container("x", "KILL", in(5s))));
  CHECK(bench.run(bench.client.remove_container("x", in(5s))));
  CHECK(bench.run(bench.client.remove_volume("x", in(5s))));
  CHECK(bench.run(bench.client.remove_network("x", in(5s))));
  CHECK(bench.run(bench.client.volume_exists("x", in(5s))) == false);
  const auto image = bench.run(bench.client.inspect_image("x", in(5s)));
  REQUIRE(image);
  CHECK_FALSE(image->has_value());
  check_error(bench.run(bench.client.inspect_container("x", in(5s))), ErrorCode::not_found, "404");
  bench.fake.on("POST", "/containers/x/kill", FakeReply::json(409, R"({"message":"not running"})"));
  CHECK(bench.run(bench.client.kill_container("x", "KILL", in(5s))));
  bench.fake.on("DELETE", "/containers/x",
                FakeReply::json(409, R"({"message":"removal of container x is already in progress"})"));
  CHECK(bench.run(bench.client.remove_container("x", in(5s))).error().engine_status == 409);
}

TEST_CASE("A reply that is too large is refused, with and without a Content-Length") {
  Bench bench;
  const std::string large = "{\"Driver\":\"" + std::string(17 << 20, 'x') + "\"}";
  for (const bool chunked : {false, true}) {
    bench.fake.on("GET", "/info", FakeReply{.body = large, .chunked = chunked});
    check_error(bench.run(bench.client.info(in(20s))), ErrorCode::engine_error, "larger than 16777216 bytes");
  }
  bench.fake.on("GET", "/info",
                FakeReply{.body = "{}",
                          .headers = {{"X", std::string(90 << 10, 'x')},
                                      {"Y", std::string(90 << 10, 'x')},
                                      {"Z", std::string(90 << 10, 'x')}}});
  check_error(bench.run(bench.client.info(in(20s))), ErrorCode::engine_error, "larger than");
}

TEST_CASE("A server that reports no API version, or one that is too old, is reported as engine_error") {
  Bench bench;
  bench.fake.on("GET", "/_ping", FakeReply{.body = "OK"});
  check_error(bench.run(bench.client.info(in(5s))), ErrorCode::engine_error, "its API version");
  bench.fake.on("GET", "/_ping", FakeReply{.body = "OK", .headers = {{"Api-Version", "1.30"}}});
  check_error(bench.run(bench.client.info(in(5s))), ErrorCode::engine_error, "20.10 or later");
}

TEST_CASE("An error inside a pull stream is reported as image_unavailable, with the engine's text and a remedy") {
  Bench bench;
  const std::string lines =
      R"({"status":"Pulling from library/nope","id":"1"})"
      "\r\n"
      R"({"errorDetail":{"message":"manifest for nope:1 not found: manifest unknown"},"error":"x"})"
      "\r\n";
  bench.fake.on("POST", "/images/create", FakeReply{.body = lines, .chunked = true});
  std::vector<std::string> seen;
  const auto pulled = bench.run(
      bench.client.pull_image("nope:1", "", [&](const PullProgress& p) { seen.push_back(p.message); }, {}, in(5s)));
  check_error(
      pulled, ErrorCode::image_unavailable,
      "could not pull the image nope:1: manifest for nope:1 not found: manifest unknown. Check the name and the tag.");
  CHECK(seen == std::vector<std::string>{"Pulling from library/nope"});
  CHECK(bench.fake.requests().back().target.ends_with("/images/create?fromImage=nope&tag=1"));

  bench.fake.on("POST", "/images/create", FakeReply::json(404, R"({"message":"pull access denied for nope"})"));
  check_error(bench.run(bench.client.pull_image("nope:1", "", {}, {}, in(5s))), ErrorCode::image_unavailable,
              "pull access denied for nope. Check its name");
  bench.fake.on("POST", "/images/create", FakeReply{.body = "{\"status\":\"Pul", .chunked = true});
  check_error(bench.run(bench.client.pull_image("nope:1", "", {}, {}, in(5s))), ErrorCode::engine_unavailable,
              "broke while the image was pulled");
  bench.fake.on("POST", "/images/create", FakeReply{.body = "<html>", .chunked = true});
  check_error(bench.run(bench.client.pull_image("nope:1", "", {}, {}, in(5s))), ErrorCode::engine_error, "not JSON");
}

TEST_CASE("A pull ends as soon as the known size of its layers exceeds the limit (S19)") {
  Bench bench;
  const std::string layers = R"({"status":"Downloading","id":"a","progressDetail":{"current":1,"total":600}})"
                             "\n"
                             R"({"status":"Extracting","id":"a","progressDetail":{"current":600,"total":600}})"
                             "\n"
                             R"({"status":"Already exists","id":"b"})"
                             "\n"
                             R"({"status":"Downloading","id":"c","progressDetail":{"current":1,"total":424}})"
                             "\n";
  bench.fake.on("POST", "/images/create", FakeReply{.body = layers, .chunked = true});
  CHECK(bench.run(bench.client.pull_image("big:1", "", {}, {}, in(5s), 1024)));
  bench.fake.on("POST", "/images/create", FakeReply{.body = layers, .then = Then::hang, .chunked = true});
  check_error(bench.run(bench.client.pull_image("big:1", "", {}, {}, in(5s), 1023)), ErrorCode::image_unavailable,
              "The image big:1 needs a download of more than 1023 B");
  const std::string odd = R"({"status":"Downloading","id":"a","progressDetail":{"total":9223372036854775807}})"
                          "\n"
                          R"({"status":"Downloading","id":"b","progressDetail":{"total":9223372036854775807}})"
                          "\n";
  bench.fake.on("POST", "/images/create", FakeReply{.body = odd, .then = Then::hang, .chunked = true});
  check_error(bench.run(bench.client.pull_image("big:1", "", {}, {}, in(5s), 1LL << 40)), ErrorCode::image_unavailable,
              "needs a download of more than");
}

TEST_CASE("A cancel from the progress callback ends a pull that hangs") {
  Bench bench;
  bench.fake.on("POST", "/images/create",
                FakeReply{.body = "{\"status\":\"Pulling\"}\n", .then = Then::hang, .chunked = true});
  Cancel cancel;
  const auto pulled = bench.run(bench.client.pull_image(
      "nope:1", "", [cancel](const PullProgress&) mutable { cancel.cancel(CancelReason::user); }, cancel, in(10s)));
  check_error(pulled, ErrorCode::cancelled, "(user)");
  CHECK(bench.run(bench.client.ping(in(5s))));
}

TEST_CASE("With a newer engine, the client uses the newest API version that it knows") {
  Bench bench;
  bench.fake.on("GET", "/_ping", FakeReply{.body = "OK", .headers = {{"Api-Version", "1.52"}}});
  bench.fake.on("GET", "/version",
                FakeReply::json(200, R"({"Version":"29.0.0","ApiVersion":"1.52","MinAPIVersion":"1.44"})"));
  bench.fake.on("GET", "/info", FakeReply::json(200, "{}"));
  CHECK(bench.run(bench.client.info(in(5s))));
  CHECK(bench.fake.requests().back().target == "/v1.47/info");
  CHECK(bench.run(bench.client.info(in(5s))));
  CHECK(bench.fake.count("GET", "/_ping") == 1);
}

TEST_CASE("On Podman, builds are refused and the seccomp profile is passed as a file (N02)") {
  Bench bench;
  bench.fake.on("GET", "/_ping",
                FakeReply{.body = "OK", .headers = {{"Api-Version", "1.41"}, {"Libpod-Api-Version", "5.4.2"}}});
  bench.fake.on("GET", "/info", FakeReply::json(200, "{}"));
  CHECK(bench.run(bench.client.info(in(5s))));
  CHECK(bench.client.is_podman());
  check_error(bench.run(bench.client.build_image({}, {}, {}, in(5s))), ErrorCode::engine_error, "is Podman 5.4.2");
  CHECK(bench.fake.count("POST", "/build") == 0);
  bench.client.use_profile_file("/volumes/seccomp.json");
  bench.fake.on("POST", "/containers/create", FakeReply::json(201, R"({"Id": "x"})"));
  engine::ContainerSpec spec;
  spec.security_opt = {"seccomp={}"};
  CHECK(bench.run(bench.client.create_container("x", spec, in(5s))));
  CHECK(bench.fake.requests().back().body.contains("seccomp=/volumes/seccomp.json"));
  // Another engine answers at the same address, and no call failed in between.
  bench.fake.on("GET", "/_ping", FakeReply{.body = "OK", .headers = {{"Api-Version", "1.41"}}});
  bench.fake.on("POST", "/build", FakeReply::json(200, "{}"));
  bench.run(bench.client.build_image({}, {}, {}, in(5s)));
  CHECK(bench.fake.count("POST", "/build") == 1);
  CHECK_FALSE(bench.client.is_podman());
}

TEST_CASE("After an older engine replaces the engine, one call fails and the next one uses its API version") {
  Bench bench;
  bench.fake.on("GET", "/_ping", FakeReply{.body = "OK", .headers = {{"Api-Version", "1.47"}}});
  bench.fake.on("GET", "/info", [](const FakeRequest& request) {
    return request.target.starts_with("/v1.41/")
               ? FakeReply::json(200, "{}")
               : FakeReply::json(
                     400, R"({"message":"client version 1.47 is too new. Maximum supported API version is 1.41"})");
  });
  check_error(bench.run(bench.client.info(in(5s))), ErrorCode::engine_error, "too new");
  bench.fake.on("GET", "/_ping", FakeReply{.body = "OK", .headers = {{"Api-Version", "1.41"}}});
  CHECK(bench.run(bench.client.info(in(5s))));
}

TEST_CASE("The client uses a restarted engine again, and broken idle connections cause no error") {
  Bench bench;
  bench.fake.on("GET", "/info", FakeReply::json(200, "{}"));
  CHECK(bench.run(bench.client.info(in(5s))));
  bench.fake.drop_connections();
  CHECK(bench.run(bench.client.info(in(5s))));
  bench.fake.stop_listening();
  check_error(bench.run(bench.client.info(in(5s))), ErrorCode::engine_unavailable, "connection refused");
  bench.fake.listen_again();
  CHECK(bench.run(bench.client.info(in(5s))));
  CHECK(bench.fake.count("GET", "/_ping") == 2);
}

TEST_CASE("Consecutive calls use the same connection") {
  Bench bench;
  bench.fake.on("GET", "/info", FakeReply::json(200, "{}"));
  for (int i = 0; i < 20; ++i) CHECK(bench.run(bench.client.info(in(5s))));
  CHECK(bench.fake.connections() == 1);
}

TEST_CASE("Events are reported one by one until the stream ends, breaks or is cancelled") {
  Bench bench;
  const std::string lines = R"({"Type":"container","Action":"die","Actor":{"ID":"c1","Attributes":{"exitCode":"0"}}})"
                            "\n";
  std::vector<std::string> seen;
  const auto note = [&](const Event& event) {
    seen.push_back(event.type + " " + event.action + " " + event.actor_id + " " + event.attributes.at("exitCode"));
  };
  bench.fake.on("GET", "/events", FakeReply{.body = lines + lines, .chunked = true});
  CHECK(bench.run(bench.client.events({{"label", {"a=b"}}}, note, {})));
  CHECK(seen == std::vector<std::string>{"container die c1 0", "container die c1 0"});
  CHECK(bench.fake.requests().back().target == "/v1.41/events?filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D");

  bench.fake.on("GET", "/events", FakeReply{.body = lines, .then = Then::hang, .chunked = true});
  Cancel cancel;
  CHECK(bench.run(bench.client.events({}, [&](const Event&) { cancel.cancel(CancelReason::shutdown); }, cancel)));
  bench.fake.on("GET", "/events", FakeReply{.body = lines, .then = Then::close, .chunked = true});
  check_error(bench.run(bench.client.events({}, note, {})), ErrorCode::engine_unavailable, "broke");
  bench.fake.on("GET", "/events", FakeReply{.body = "boo", .chunked = true});
  check_error(bench.run(bench.client.events({}, note, {})), ErrorCode::engine_error, "not JSON");
}

TEST_CASE("Open calls are destroyed safely when the event loop ends") {
  FakeEngine fake;
  fake.on("GET", "/info", FakeReply::silence());
  fake.on("POST", "/containers/x/attach", FakeReply::silence());
  for (int i = 0; i < 5; ++i) {
    asio::io_context context;
    auto client = std::make_shared<Client>(context.get_executor(), fake.endpoint());
    const auto ignore = [](const std::exception_ptr&, auto&&) {};
    asio::co_spawn(context, client->info(in(60s)), ignore);
    asio::co_spawn(context, client->attach_container("x", in(60s)), ignore);
    context.run_for(std::chrono::milliseconds(i * 10));
    client.reset();  // the calls keep what they need
  }
}

TEST_CASE("A thousand successful and failed calls leave no descriptor open") {
  Bench bench;
  bench.fake.on("GET", "/info", FakeReply::json(200, "{}"));
  bench.fake.on("GET", "/volumes", FakeReply{.then = Then::close, .no_head = true});
  bench.fake.on("POST", "/containers/x/attach", FakeReply::attached("bytes", Then::close));
  CHECK(bench.run(bench.client.info(in(5s))));
  std::size_t before = 0;
  for (int i = 0; i < 250; ++i) {
    CHECK(bench.run(bench.client.info(in(5s))));
    CHECK_FALSE(bench.run(bench.client.list_volumes({}, in(5s))));
    CHECK(bench.run(bench.client.inspect_image("x", in(5s))));
    CHECK(bench.run(bench.client.attach_container("x", in(5s))));
    if (i == 20) before = open_files();
  }
  CHECK(open_files() <= before + 4);
}

}  // namespace engine_faults_test

// The run service on a fake engine, which by default creates every sandbox as requested, and the frames that a
// supervisor in it sends.
#pragma once

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "engine/client.hpp"
#include "fake_engine.hpp"
#include "sandbox/run/sandboxes.hpp"
#include "sandbox/supervision/frames.hpp"
#include "sandbox/supervisor_image.hpp"
#include "services/runs/observed_runs.hpp"
#include "services/runs/runs.hpp"
#include "support/inspect_reply.hpp"
#include "support/run_task.hpp"

namespace dind::faults {

// A frame of the supervisor, in a chunk of the engine's stream for stdout.
inline std::string engine_chunk(unsigned char stream, const std::string& bytes) {
  std::string chunk{static_cast<char>(stream), 0, 0, 0};
  for (const int shift : {24, 16, 8, 0}) chunk += static_cast<char>(bytes.size() >> shift & 0xff);
  return chunk + bytes;
}
inline std::string encode_frame(unsigned char type, const std::string& payload,
                                unsigned char channel = supervision::kControl) {
  std::string bytes(supervision::kHeaderSize, '\0');
  supervision::put_header(reinterpret_cast<unsigned char*>(bytes.data()),
                          {.type = type, .channel = channel, .length = static_cast<std::uint32_t>(payload.size())});
  return bytes + payload;
}
inline std::string supervisor_frame(unsigned char type, const std::string& payload = "") {
  return engine_chunk(1, encode_frame(type, payload));
}
inline std::string output(const std::string& bytes, unsigned char channel = supervision::kStdout) {
  return engine_chunk(1, encode_frame(supervision::kData, bytes, channel));
}
inline std::string ready() {
  return supervisor_frame(supervision::kReady, std::string("\0\0\0", 3) + static_cast<char>(supervision::kVersion));
}
inline std::string began() { return supervisor_frame(supervision::kStarted); }
inline std::string exited(std::uint32_t code) {
  std::string payload(supervision::kExitReportSize, '\0');
  supervision::put_report(reinterpret_cast<unsigned char*>(payload.data()),
                          {.how = supervision::How::exited, .code = code});
  return supervisor_frame(supervision::kExit, payload);
}
inline std::string whole_run() { return ready() + began() + output("hello\n") + exited(0); }

// What an attached supervisor sends after its container starts. What follows `ready` is sent after it has its job.
inline FakeReply supervised(std::string bytes, FakeReply::Then then) {
  std::string first;
  if (bytes.size() > ready().size() && bytes.starts_with(ready())) {
    first = ready();
    bytes.erase(0, first.size());
  }
  FakeReply reply = FakeReply::attached(std::move(bytes), then);
  reply.first = std::move(first);
  reply.held_until = "/containers/*/start";
  return reply;
}

class RecordingSink final : public EventSink {
 public:
  void on_state(const StateChange& change) override {
    if (const auto* preparing = std::get_if<Preparing>(&change))
      stages += std::string(to_string(preparing->stage)) + ":" + preparing->message + ";";
    started = started || std::holds_alternative<Started>(change);
  }
  void on_output(Channel, std::string_view bytes, OutputCredit) override { output += bytes; }
  std::string stages, output;
  bool started = false;
};

struct RunBench {
  // A run that was started and may have ended.
  struct ActiveRun {
    RecordingSink sink;
    Cancel cancel;
    std::shared_ptr<StdinPipe> input;
    std::optional<Result<RunResult>> answer;
    Clock::time_point answered;
  };

  explicit RunBench(RunPolicy policy = {}, sandbox::Workspace workspace = {})
      : client(context.get_executor(), fake.endpoint()),
        sandboxes(context.get_executor(), client, "the-test", std::move(workspace)),
        runs(context.get_executor(), client, sandboxes,
             RegistryCredentials(context.get_executor(), [](const std::string&) { return std::nullopt; }),
             std::move(policy)) {
    fake.on("GET", "/volumes/*", FakeReply::json(200, R"({"Name":"dind-supervisor"})"));
    fake.on("POST", "/volumes/create", FakeReply::json(201, R"({"Name":"dind-supervisor"})"));
    fake.on("PUT", "/containers/*/archive", FakeReply{.status = 200});
    fake.on("GET", "/images/*/json", FakeReply::json(200, R"({"Id":"sha256:0123","Config":{}})"));
    fake.on("GET", "/images/dind-executor/*/json",
            FakeReply::json(200, R"({"Id":"sha256:5e1f","Config":{},"RootFS":{"Layers":[")" +
                                     sandbox::supervisor_image()->layer + R"("]}})"));
    fake.on("POST", "/containers/create", [this](const FakeRequest& request) { return create(request); });
    fake.on("GET", "/containers/*/json", [this](const FakeRequest& request) { return inspect(request); });
    fake.on("POST", "/containers/*/attach", supervised(whole_run(), FakeReply::Then::hang));
    fake.on("POST", "/containers/*/start", FakeReply{.status = 204});
    fake.on("POST", "/containers/*/rename", FakeReply{.status = 204});
    fake.on("DELETE", "/containers/*", [this](const FakeRequest& request) { return remove(request); });
  }

  // The fake engine's containers by name. The handlers run on its thread.
  static std::string name_in(const FakeRequest& request) {
    if (const auto at = request.target.find("?name="); at != std::string::npos) return request.target.substr(at + 6);
    const auto begin = std::string_view("/containers/").size();
    return request.path.substr(begin, request.path.find('/', begin) - begin);
  }
  FakeReply create(const FakeRequest& request) {
    const std::lock_guard lock(mutex);
    containers[name_in(request)] = nlohmann::json::parse(request.body);
    return FakeReply::json(201, R"({"Id":")" + name_in(request) + R"(","Warnings":[]})");
  }
  FakeReply inspect(const FakeRequest& request) {
    const std::lock_guard lock(mutex);
    const auto at = containers.find(name_in(request));
    if (at == containers.end()) return FakeReply::json(404, R"({"message":"No such container"})");
    auto reply = tests::inspect_reply(at->second, at->first, at->first);
    if (weaken) weaken(reply);
    return FakeReply::json(200, reply.dump());
  }
  FakeReply remove(const FakeRequest& request) {
    const std::lock_guard lock(mutex);
    const bool there = containers.erase(name_in(request)) != 0;
    return FakeReply{.status = there ? 204 : 404};
  }
  // Ends a call that got no reply. It fails, also if it is sent again on another connection. Inspect calls work again.
  void release_silent_call(const std::string& method, const std::string& path) {
    fake.on(method, path, FakeReply::json(500, R"({"message":"interrupted"})"));
    fake.on("GET", "/containers/*/json", [this](const FakeRequest& request) { return inspect(request); });
    fake.drop_connections();
  }
  std::size_t container_count() const {
    const std::lock_guard lock(mutex);
    return containers.size();
  }

  std::shared_ptr<ActiveRun> begin(RunSpec spec) {
    auto active = std::make_shared<ActiveRun>();
    asio::co_spawn(context, observed.run(std::move(spec), active->sink, active->input, active->cancel),
                   [active](const std::exception_ptr&, Result<RunResult> answer) {
                     active->answer.emplace(std::move(answer));
                     active->answered = Clock::now();
                   });
    return active;
  }
  // Runs the event loop until `condition` is true. False: it was not true in time.
  template <typename Condition>
  bool until(Condition condition, Clock::duration at_most = std::chrono::seconds(10)) {
    const Deadline deadline = in(at_most);
    while (!condition()) {
      if (Clock::now() >= deadline) return false;
      context.restart();
      context.run_one_for(std::chrono::milliseconds(1));
    }
    return true;
  }
  Result<RunResult> finish(const std::shared_ptr<ActiveRun>& active) {
    if (!until([&] { return active->answer.has_value(); }))
      return fail(ErrorCode::internal, "the run did not end in time");
    return *active->answer;
  }
  // Cancels the run with the reason `user`, and checks that the result comes within 300 ms.
  void stop_and_check(const std::shared_ptr<ActiveRun>& active) {
    const auto told = Clock::now();
    active->cancel.cancel(CancelReason::user);
    const auto result = finish(active);
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::cancelled);
    CHECK(active->answered - told < std::chrono::milliseconds(300));
  }
  Result<RunResult> run(RunSpec spec) { return finish(begin(std::move(spec))); }
  bool wait_all_removed(Clock::duration at_most = std::chrono::seconds(10)) {
    return tests::run_task(context, runs.wait_all_removed(in(at_most)));
  }

  mutable std::mutex mutex;  // guards `containers`, which both threads use
  std::map<std::string, nlohmann::json> containers;
  std::function<void(nlohmann::json&)> weaken;  // changes the inspect reply; set it before the first run
  FakeEngine fake;
  asio::io_context context;
  engine::Client client;
  sandbox::Sandboxes sandboxes;
  Runs runs;
  LiveRuns live{context.get_executor()};
  ObservedRuns observed{runs, live};
};

inline RunSpec python() {
  return {.program = SourceProgram{.file_name = "a.py", .text = "print('hello')", .language = {}},
          .image = "python:3.12-slim"};
}

}  // namespace dind::faults

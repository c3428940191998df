#include "sandbox/supervision/frame_codec.hpp"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace frame_codec_test {

using namespace dind;
using namespace dind::sandbox;
using namespace std::string_literals;

namespace {

using supervision::kStderr;
using supervision::kStdin;
using supervision::kStdout;

std::string raw_frame(const supervision::Header& header, const std::string& payload) {
  std::string bytes(supervision::kHeaderSize, '\0');
  supervision::put_header(reinterpret_cast<unsigned char*>(bytes.data()), header);
  return bytes + payload;
}
std::string frame(unsigned char type, const std::string& payload, unsigned char channel = 0) {
  return raw_frame({.type = type, .channel = channel, .length = static_cast<std::uint32_t>(payload.size())}, payload);
}
std::string u32(std::uint32_t value) {
  std::string bytes(4, '\0');
  supervision::put_u32(reinterpret_cast<unsigned char*>(bytes.data()), value);
  return bytes;
}
std::string u64(std::uint64_t value) {
  return u32(static_cast<std::uint32_t>(value >> 32)) + u32(static_cast<std::uint32_t>(value));
}
std::string report_payload(const supervision::ExitReport& report) {
  std::string payload(supervision::kExitReportSize, '\0');
  supervision::put_report(reinterpret_cast<unsigned char*>(payload.data()), report);
  return payload;
}

// What the decoder reports for `bytes` in two parts: events as text, output joined, "error" after an invalid frame.
struct Heard {
  std::string events, out, err;
  std::optional<supervision::ExitReport> report;
  bool operator==(const Heard& other) const { return events == other.events && out == other.out && err == other.err; }
};
Heard hear(std::string_view bytes, std::size_t cut, std::uint32_t token = 0) {
  SupervisorDecoder decoder(token);
  Heard heard;
  for (std::string_view part : {bytes.substr(0, cut), bytes.substr(cut)}) {
    FromSupervisor event;
    while (true) {
      const auto more = decoder.next(part, event);
      if (!more) {
        heard.events += "error";
        return heard;
      }
      if (!*more) {
        REQUIRE(part.empty());
        break;
      }
      if (const auto* ready = std::get_if<SupervisorReady>(&event))
        heard.events += "ready " + std::to_string(ready->version) + ";";
      if (std::holds_alternative<ProgramStarted>(event)) heard.events += "began;";
      if (const auto* taken = std::get_if<StdinTaken>(&event))
        heard.events += "taken " + std::to_string(taken->bytes) + ";";
      if (std::holds_alternative<MemoryLow>(event)) heard.events += "short;";
      if (const auto* broken = std::get_if<SupervisorBroken>(&event)) heard.events += "broken " + broken->why + ";";
      if (const auto* output = std::get_if<ProgramOutput>(&event))
        (output->channel == Channel::out ? heard.out : heard.err) += output->bytes;
      if (const auto* report = std::get_if<supervision::ExitReport>(&event)) {
        heard.events += "exit;";
        heard.report = *report;
      }
    }
  }
  return heard;
}

// The type and payload of each frame that the server sends.
std::vector<std::pair<unsigned char, std::string>> sent(std::string_view bytes) {
  std::vector<std::pair<unsigned char, std::string>> frames;
  while (!bytes.empty()) {
    REQUIRE(bytes.size() >= supervision::kHeaderSize);
    const auto* head = reinterpret_cast<const unsigned char*>(bytes.data());
    const auto length = supervision::get_header(head).length;
    REQUIRE(length <= supervision::kMaxPayload);
    REQUIRE(bytes.size() >= supervision::kHeaderSize + length);
    frames.emplace_back(head[0], bytes.substr(supervision::kHeaderSize, length));
    bytes.remove_prefix(supervision::kHeaderSize + length);
  }
  return frames;
}

std::string without_hello(const std::string& job) { return job.substr(hello_frames().size()); }

}  // namespace

TEST_CASE("The decoder reads the same events and output wherever the supervisor's stream is cut") {
  supervision::ExitReport report{
      .how = supervision::How::signalled, .code = 9, .cause = supervision::Cause::asked, .duration_us = 1, .cpu_us = 2};
  report.peak_memory_bytes = 1ULL << 40;
  report.oom_kills = 4;
  report.pids_limit_hits = 5;
  report.disk_full = 1;
  report.stdout_bytes = ~0ULL;
  report.stderr_bytes = 8;
  report.dropped_bytes = 9;
  const std::string stream = frame('R', u32(1)) + frame('B', "") + frame('c', "out\0\xff"s, kStdout) +
                             frame('c', "err", kStderr) + frame('c', "", kStdout) + frame('t', u64(77), kStdin) +
                             frame('c', "more", kStdout) + frame('m', "") + frame('X', report_payload(report));
  const Heard whole = hear(stream, stream.size());
  CHECK(whole.events == "ready 1;began;taken 77;short;exit;");
  CHECK(whole.out == "out\0\xffmore"s);
  CHECK(whole.err == "err");
  REQUIRE(whole.report);
  CHECK(whole.report->how == supervision::How::signalled);
  CHECK(whole.report->cause == supervision::Cause::asked);
  CHECK(whole.report->peak_memory_bytes == 1ULL << 40);
  CHECK(whole.report->oom_kills == 4);
  CHECK(whole.report->pids_limit_hits == 5);
  CHECK(whole.report->disk_full == 1);
  CHECK(whole.report->stdout_bytes == ~0ULL);
  CHECK(whole.report->dropped_bytes == 9);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    INFO("cut at " << cut);
    CHECK(hear(stream, cut) == whole);
  }
}

TEST_CASE("The decoder passes on output as it arrives, before its frame is complete") {
  SupervisorDecoder decoder;
  const std::string begin = raw_frame({.type = 'c', .channel = kStdout, .length = supervision::kMaxPayload}, "first");
  std::string_view input = begin;
  FromSupervisor event;
  const auto more = decoder.next(input, event);
  REQUIRE((more && *more));
  REQUIRE(std::holds_alternative<ProgramOutput>(event));
  CHECK(std::get<ProgramOutput>(event).bytes == "first");
  CHECK_FALSE(*decoder.next(input, event));
}

TEST_CASE("The decoder refuses bytes that are not a valid frame of the protocol") {
  const auto wrong_report = [](std::size_t at, char value) {
    std::string payload = report_payload({});
    payload[at] = value;
    return frame('X', payload);
  };
  const std::pair<const char*, std::string> cases[] = {
      {"text", "hello, I am no supervisor"},
      {"an unknown type", frame('Z', "")},
      {"a frame type that only the server sends", frame('J', "")},
      {"a token in the first frame", "R\1\0\0\0\0\0\4\0\0\0\1"s},
      {"ready, too short", frame('R', "\0\0\1"s)},
      {"ready, too long", frame('R', u32(1) + "x")},
      {"taken, too short", frame('t', u32(1), kStdin)},
      {"taken, without a channel", frame('t', u64(1))},
      {"taken, for an output channel", frame('t', u64(1), kStdout)},
      {"output without a channel", frame('c', "x")},
      {"output in the channel of stdin", frame('c', "x", kStdin)},
      {"output in a channel that was not declared", frame('c', "x", 4)},
      {"output in the last channel", frame('c', "x", 255)},
      {"a control frame with a channel", frame('R', u32(1), kStdout)},
      {"a report that is one byte too short", frame('X', report_payload({}).substr(1))},
      {"a report that is one byte too long", frame('X', report_payload({}) + "x")},
      {"a report with an unknown kind of end", wrong_report(0, 3)},
      {"a report with an unknown cause", wrong_report(5, 6)},
      {"an output frame of 64 KiB and a byte",
       raw_frame({.type = 'c', .channel = kStdout, .length = supervision::kMaxPayload + 1}, "x")},
      {"an output frame of 16 MiB", raw_frame({.type = 'c', .channel = kStderr, .length = 0xffffff}, "x")},
      {"a control frame of more than 4 KiB", raw_frame({.type = '!', .length = 4097}, "x")},
      {"a report that claims 16 MiB", raw_frame({.type = 'X', .length = 0xffffff}, "x")},
  };
  for (const auto& [what, bytes] : cases) {
    INFO(what);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) CHECK(hear(bytes, cut).events == "error");
  }
  CHECK(hear(frame('!', std::string(4096, 'x')), 100).events == "broken " + std::string(4096, 'x') + ";");
  CHECK(hear(frame('c', std::string(supervision::kMaxPayload, 'x'), kStdout), 9).out.size() ==
        supervision::kMaxPayload);
}

TEST_CASE("The decoder refuses frames without the job's token, except the supervisor's first frame") {
  constexpr std::uint32_t kToken = 0xc0ffee;
  const auto with = [](std::uint32_t token, unsigned char type, const std::string& payload) {
    return raw_frame({.type = type,
                      .channel = type == 'c' ? kStdout : supervision::kControl,
                      .length = static_cast<std::uint32_t>(payload.size()),
                      .token = token},
                     payload);
  };
  const std::string report = report_payload({});
  const std::string first = with(0, 'R', u32(2));
  const std::string begun = first + with(kToken, 'B', "");
  const std::pair<std::string, std::string> cases[] = {
      {begun + with(kToken, 'X', report), "ready 2;began;exit;"},
      {with(0, '!', "no room"), "broken no room;"},
      {first + with(0, 'B', ""), "ready 2;error"},
      {first + with(0, 'X', report), "ready 2;error"},
      {begun + with(0, 'X', report), "ready 2;began;error"},
      {begun + with(0, 'R', u32(2)), "ready 2;began;error"},
      {begun + with(0, '!', "gone"), "ready 2;began;error"},
      {begun + with(kToken ^ 1, 'X', report), "ready 2;began;error"},
      {begun + with(kToken ^ 0x800000, 'c', "forged"), "ready 2;began;error"},
  };
  for (const auto& [stream, events] : cases) {
    INFO(events);
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      const Heard heard = hear(stream, cut, kToken);
      CHECK(heard.events == events);
      CHECK(heard.out.empty());
    }
  }
}

TEST_CASE("Random frames do not crash the decoder, and give the same result if they are cut") {
  // A fixed xorshift generator gives the same frames in every test run.
  std::uint32_t state = 2463534242;
  const auto next = [&state] { return state ^= state << 13, state ^= state >> 17, state ^= state << 5; };
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    for (std::uint32_t i = next() % 64; i > 0; --i)
      bytes += static_cast<char>(next() % 4 == 0 ? "RBcEtX!\2"[next() % 8] : next() % 3 == 0 ? next() : 0);
    const Heard whole = hear(bytes, bytes.size());
    CHECK(hear(bytes, bytes.size() / 2) == whole);
  }
}

TEST_CASE("The server first sends the protocol version and the names of its channels") {
  const auto frames = sent(hello_frames());
  REQUIRE(frames.size() == 4);
  CHECK(frames[0] == std::pair<unsigned char, std::string>('V', u32(supervision::kVersion)));
  CHECK(hello_frames() == frame('V', u32(supervision::kVersion)) + frame('C', "stdin", kStdin) +
                              frame('C', "stdout", kStdout) + frame('C', "stderr", kStderr));
  CHECK(job_frames({.argv = {"x"}}, {}).starts_with(hello_frames()));
}

TEST_CASE("A job is sent as its files, then limits, argv and environment, then the start frame") {
  RunPlan plan;
  plan.working_dir = "/sandbox";
  plan.argv = {"python3", "", "-x"};
  plan.env = {{"A", "1"}, {"B", "x=y\n"}};
  plan.files = {{"/sandbox/large", std::string(supervision::kMaxPayload + 5, 'f'), 0755}, {"/sandbox/empty", "", 0600}};
  const auto frames = sent(without_hello(job_frames(
      plan,
      {.deadline_ms = 61'000, .output_cap = 1ULL << 32, .output_window = 1 << 20, .token = 0xabcdef, .max_tasks = 7})));
  REQUIRE(frames.size() == 6);
  CHECK(frames[0] == std::pair<unsigned char, std::string>('F', u32(0755) + "/sandbox/large"));
  CHECK((frames[1].second == std::string(supervision::kMaxPayload, 'f')));
  CHECK(frames[2] == std::pair<unsigned char, std::string>('D', "fffff"));
  CHECK(frames[3] == std::pair<unsigned char, std::string>('F', u32(0600) + "/sandbox/empty"));
  const auto text = [](const std::string& t) { return u32(static_cast<std::uint32_t>(t.size())) + t; };
  CHECK(frames[4] ==
        std::pair<unsigned char, std::string>('A', u64(61'000) + u64(1ULL << 32) + u64(1 << 20) + u32(0xabcdef) +
                                                       u32(7) + text("/sandbox") + u32(3) + text("python3") + text("") +
                                                       text("-x") + u32(2) + text("A=1") + text("B=x=y\n")));
  CHECK(frames[5] == std::pair<unsigned char, std::string>('J', ""));
}

TEST_CASE("A job that is larger than one frame is sent in several frames") {
  RunPlan plan;
  plan.argv = {"x", std::string(3 * supervision::kMaxPayload, 'a')};
  const auto frames = sent(without_hello(job_frames(plan, {})));
  REQUIRE(frames.size() == 5);
  std::string job;
  for (const auto& [type, payload] : frames) job += type == 'A' ? payload : "";
  CHECK(job.size() == 32 + 4 + 4 + (4 + 1) + (4 + 3 * supervision::kMaxPayload) + 4);
}

TEST_CASE("Frames for stdin, window, signal and report receipt have the bytes of the protocol") {
  CHECK(stdin_frame("ab\0"s) == frame('c', "ab\0"s, kStdin));
  CHECK(stdin_end_frame() == frame('E', "", kStdin));
  CHECK(window_frame(1ULL << 33) == frame('W', u64(1ULL << 33)));
  CHECK(signal_frame(9) == frame('S', u32(9)));
  CHECK(report_received_frame() == frame('H', ""));
}

TEST_CASE("Before the start frame, a job lists the workspace mounts to check, except under gVisor") {
  RunPlan plan;
  plan.argv = {"x"};
  plan.workspace_mounts = {{.path = "p", .read_only = false}, {.path = "p/.git"}};
  const auto frames = job_frames(plan, {});
  const auto first = frames.find(frame('M', "/workspaces/p"));
  const auto second = frames.find(frame('M', "/workspaces/p/.git"));
  REQUIRE((first != std::string::npos && second != std::string::npos));
  CHECK((first < second && second < frames.find(frame('J', ""))));
  plan.isolation = Isolation::gvisor;
  CHECK(job_frames(plan, {}).find("/workspaces") == std::string::npos);
}

}  // namespace frame_codec_test

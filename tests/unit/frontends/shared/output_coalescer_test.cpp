#include "frontends/shared/output_coalescer.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

namespace output_coalescer_test {

using namespace dind;
using namespace dind::frontends;
using namespace std::chrono_literals;

namespace {

struct Bench {
  struct Sent {
    Channel channel;
    std::string text;
    Deadline at;
  };
  asio::io_context io;
  std::vector<Sent> sent;
  std::vector<std::shared_ptr<void>> holds;
  bool keep = false;
  std::size_t credits = 0;
  std::shared_ptr<OutputCoalescer> output =
      OutputCoalescer::make(io.get_executor(), [this](Channel channel, std::string text, std::shared_ptr<void> hold) {
        sent.push_back({channel, std::move(text), Clock::now()});
        if (keep) holds.push_back(std::move(hold));
      });

  void add(Channel channel, std::string_view bytes) {
    output->add(channel, bytes, OutputCredit(bytes.size(), [this](std::size_t n) { credits += n; }));
  }
  // Adds a byte every millisecond for `length`, alternating between the channels.
  void feed(std::chrono::milliseconds length, int channels) {
    const auto end = in(length);
    int n = 0;
    while (Clock::now() < end) {
      add(n++ % channels == 0 ? Channel::out : Channel::err, "x");
      io.run_for(1ms);
      io.restart();
    }
    output->finish();
    given = static_cast<std::size_t>(n);
  }
  std::size_t most_in_a_second() const {
    std::size_t most = 0;
    for (const auto& a : sent)
      most = std::max(most, static_cast<std::size_t>(std::ranges::count_if(
                                sent, [&](const Sent& b) { return b.at >= a.at && b.at < a.at + 1s; })));
    return most;
  }
  std::size_t given = 0;
};

}  // namespace

TEST_CASE("The first chunk is sent at once, and the following chunks are combined") {
  Bench bench;
  bench.add(Channel::out, "first");
  REQUIRE(bench.sent.size() == 1);
  bench.add(Channel::out, "a");
  bench.add(Channel::out, "b");
  bench.add(Channel::err, "c");
  bench.add(Channel::out, "d");
  CHECK(bench.sent.size() == 1);
  bench.io.run();
  REQUIRE(bench.sent.size() == 4);
  CHECK(bench.sent[1].text == "ab");
  CHECK(bench.sent[2].text == "c");
  CHECK(bench.sent[3].text == "d");
  CHECK(bench.sent[1].at - bench.sent[0].at >= 30ms);
}

TEST_CASE("At most 30 messages are sent in any second, and no byte is lost") {
  for (const int channels : {1, 2}) {
    Bench bench;
    bench.feed(1500ms, channels);
    std::size_t bytes = 0;
    for (const auto& each : bench.sent) bytes += each.text.size();
    CHECK(bytes == bench.given);
    CHECK(bench.most_in_a_second() <= OutputCoalescer::kMaxPerSecond);
    CHECK(bench.sent.size() > 20);
    CHECK(bench.credits == bench.given);
  }
}

TEST_CASE("Credit returns only after its message is sent") {
  Bench bench;
  bench.keep = true;
  bench.add(Channel::out, "abc");
  bench.add(Channel::err, "de");
  bench.io.run();
  CHECK(bench.sent.size() == 2);
  CHECK(bench.credits == 0);
  bench.holds.clear();
  CHECK(bench.credits == 5);
}

TEST_CASE("The end sends the remaining output, and replaces a truncated UTF-8 sequence") {
  Bench bench;
  bench.add(Channel::out, "a");
  bench.add(Channel::out, "b\xe2\x82");
  bench.output->finish();
  REQUIRE(bench.sent.size() == 2);
  CHECK(bench.sent[1].text == "b\uFFFD");
  bench.add(Channel::out, "late");
  bench.io.run();
  CHECK(bench.sent.size() == 2);
  CHECK(bench.credits == 8);
}

}  // namespace output_coalescer_test

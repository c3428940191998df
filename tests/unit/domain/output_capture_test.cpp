#include "domain/output_capture.hpp"

#include <catch2/catch_test_macros.hpp>

namespace output_capture_test {

using namespace dind;

TEST_CASE("The first bytes of each channel are kept up to the limit, and the other bytes are counted") {
  OutputCapture capture(5);
  capture.on_output(Channel::out, "abc", {});
  capture.on_output(Channel::err, "12", {});
  capture.on_output(Channel::out, "defg", {});
  capture.on_output(Channel::out, "h", {});
  CHECK(capture.out.bytes == "abcde");
  CHECK(capture.out.left_out == 3);
  CHECK(capture.err.bytes == "12");
  CHECK(capture.err.left_out == 0);
}

TEST_CASE("Output that the budget refuses is left out, and so is all later output") {
  std::size_t budget = 4;
  OutputCapture capture(100, nullptr, [&](std::size_t bytes) {
    if (bytes > budget) return false;
    budget -= bytes;
    return true;
  });
  capture.on_output(Channel::out, "abc", {});
  capture.on_output(Channel::out, "de", {});
  capture.on_output(Channel::out, "f", {});
  CHECK(capture.out.bytes == "abc");
  CHECK(capture.out.left_out == 3);
  CHECK(capture.refused);
}

TEST_CASE("All events are passed to the next sink with their credit") {
  struct Next final : EventSink {
    std::string output;
    OutputCredit credit;
    bool started = false;
    void on_state(const StateChange& change) override { started = std::holds_alternative<Started>(change); }
    void on_output(Channel, std::string_view bytes, OutputCredit given) override {
      output += bytes;
      credit = std::move(given);
    }
  } next;
  std::size_t returned = 0;
  OutputCapture capture(1, &next);
  Started started;
  started.limits.pids = 7;
  CHECK_FALSE(capture.limits);
  capture.on_state(started);
  capture.on_output(Channel::out, "abc", OutputCredit(3, [&](std::size_t bytes) { returned += bytes; }));
  CHECK(next.started);
  CHECK(next.output == "abc");
  CHECK(returned == 0);
  next.credit.release();
  CHECK(returned == 3);
  CHECK(capture.limits->pids == 7);
}

}  // namespace output_capture_test

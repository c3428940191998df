#include "services/runs/output_tail.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

namespace output_tail_test {

using namespace dind;

TEST_CASE("The last 8192 bytes of a program's output are kept, whatever the chunk size is") {
  struct Nothing : EventSink {
    void on_state(const StateChange&) override {}
    void on_output(Channel, std::string_view, OutputCredit) override {}
  } nothing;
  for (const std::size_t chunk : {1UL, 100UL, 5'000UL, 100'000UL}) {
    OutputTail tail(nothing);
    std::string all;
    for (int i = 0; all.size() < 200'000; ++i) all += std::to_string(i) + "\n";
    for (std::size_t at = 0; at < all.size(); at += chunk)
      tail.on_output(Channel::err, std::string_view(all).substr(at, chunk), {});
    CHECK(tail.err() == std::string_view(all).substr(all.size() - 8192));
    CHECK(tail.out().empty());
  }
}

}  // namespace output_tail_test

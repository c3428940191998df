#include "frontends/shared/memory_budget.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "frontends/shared/execution.hpp"
#include "support/run_task.hpp"
#include "wire/json_text.hpp"

namespace memory_budget_test {

using namespace dind;
using namespace dind::frontends;
using namespace std::chrono_literals;

TEST_CASE("A large reply waits until other replies are read, and a small reply does not") {  // S11
  asio::io_context context;
  const auto room = [&](std::size_t bytes, Cancel gone = {}) {
    return tests::run_task(context, room_for_reply(context.get_executor(), bytes, std::move(gone)));
  };
  auto all = room(SIZE_MAX);  // exceeds the budget, so it takes all of it
  REQUIRE(all);
  CHECK(room(1000));
  Cancel gone;
  gone.cancel(CancelReason::client_gone);
  CHECK_FALSE(room(1 << 20, gone));
  asio::steady_timer timer(context, 100ms);
  timer.async_wait([&](const boost::system::error_code&) { all.reset(); });
  const auto large = room(200U << 20);
  CHECK(large);
  CHECK_FALSE(all);
  CHECK(unread_replies().used() == 200U << 20);
}

TEST_CASE("The size of a reply is estimated before it is written") {  // S11
  for (const std::string& text : {std::string("plain text\n"), std::string(1000, '\0'), std::string("\"\\\n\t\x1b"),
                                  std::string("\u00e9\u65e5")}) {
    KeptRun run;
    run.out.bytes = text;
    const auto size = one_line(kept_run_json(run)).size();
    INFO(text.size());
    CHECK(json_bytes(run) >= size - std::min<std::size_t>(size, 600));
    CHECK(json_bytes(run) < size + 1100);
  }
}

}  // namespace memory_budget_test

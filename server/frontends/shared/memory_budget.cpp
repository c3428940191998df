#include "frontends/shared/memory_budget.hpp"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "support/scope_exit.hpp"

namespace dind::frontends {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMaxKept = 256U << 20;
constexpr std::size_t kMaxUnread = 256U << 20;
constexpr std::size_t kSmall = 64U << 10;
constexpr std::size_t kLarge = 1U << 20;
constexpr auto kPatience = 60s;
constexpr auto kRetryInterval = 20ms;
constexpr auto kTrimInterval = 1s;

// Returns the memory of large replies to the system soon after, but not after each reply:
// malloc_trim takes milliseconds.
void trim_soon(const asio::any_io_executor& executor) {
  static bool coming = false;
  if (std::exchange(coming, true)) return;
  constexpr auto kTrim = []() -> Task<void> {
    const ScopeExit gone([] { coming = false; });  // also if the event loop ends before
    co_await sleep_until(in(kTrimInterval));
    ::malloc_trim(0);
  };
  spawn(executor, "giving memory back", kTrim());
}

}  // namespace

MemoryBudget& kept_output() {
  static MemoryBudget budget(kMaxKept);
  return budget;
}
MemoryBudget& unread_replies() {
  static MemoryBudget budget(kMaxUnread);
  return budget;
}

Task<std::shared_ptr<void>> room_for_reply(asio::any_io_executor executor, std::size_t bytes, Cancel gone) {
  if (bytes <= kSmall) co_return std::make_shared<char>();
  const auto share = std::make_shared<BudgetShare>(unread_replies());
  // A reply that is larger than the whole budget waits until no other reply holds memory.
  const auto deadline = in(kPatience);
  const auto wanted = std::min(bytes, kMaxUnread);
  while (!share->grow(wanted)) {
    if (gone.cancelled() || Clock::now() >= deadline) co_return nullptr;
    co_await sleep_until(in(kRetryInterval));
  }
  if (bytes < kLarge) co_return share;
  co_return std::shared_ptr<void>(share.get(), [held = std::shared_ptr<BudgetShare>(share), executor](void*) mutable {
    held.reset();
    trim_soon(executor);
  });
}

Error no_room_for_body() {
  return {ErrorCode::busy,
          "The server did not read the request: bodies of other requests use all 256 MiB of the memory for them. Send "
          "it again later",
          0};
}

}  // namespace dind::frontends

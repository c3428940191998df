// The memory budgets that all clients of this process share: output that runs keep, replies that nobody has read
// yet, and the bodies of requests that arrive.
#pragma once

#include <cstddef>
#include <memory>

#include "dind/error.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"
#include "support/memory_budget.hpp"

namespace dind::frontends {

// Use both on the core's thread only. Each has 256 MiB.
MemoryBudget& kept_output();
MemoryBudget& unread_replies();

// Reserves memory for a reply of about `bytes`. The caller holds it until the client has read the reply.
// Small replies (up to 64 KiB) never wait. A larger one waits up to 60 s while others fill the budget. Null:
// there was no memory, or `gone` was cancelled.
Task<std::shared_ptr<void>> room_for_reply(asio::any_io_executor executor, std::size_t bytes, Cancel gone);

// Why a body was not received completely (`ArrivingBody`), and its HTTP status. The client is not the cause.
Error no_room_for_body();
inline constexpr int kNoRoomForBodyStatus = 503;

}  // namespace dind::frontends

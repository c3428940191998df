// The budgets that all clients of this process share: what runs keep of their output, replies that nobody has read yet,
// and the bodies of requests that are being received.
#pragma once

#include <cstddef>
#include <memory>

#include "dind/error.hpp"
#include "support/cancel.hpp"
#include "support/memory_budget.hpp"
#include "support/task.hpp"

namespace dind::frontends {

// Both on the core's thread. 256 MiB each.
MemoryBudget& kept_output();
MemoryBudget& unread_replies();

// The room for a reply of about `bytes`, to be held until the client has read it. Small ones never wait; a large one
// waits while others fill the budget, a minute at most. Null: there was no room, or `gone` came first.
Task<std::shared_ptr<void>> room_for_reply(asio::any_io_executor executor, std::size_t bytes, Cancel gone);

// Why a body was not received to its end (`ArrivingBody`), and the HTTP status of that: the client is not the cause.
Error no_room_for_body();
inline constexpr int kNoRoomForBodyStatus = 503;

}  // namespace dind::frontends

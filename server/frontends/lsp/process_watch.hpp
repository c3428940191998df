// Watches for the end of another process.
#pragma once

#include <cstdint>
#include <functional>

#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::frontends::lsp {

// Calls `gone` when process `pid` ends, or at once if it does not exist. Returns at `cancel`.
Task<void> watch_process(asio::any_io_executor executor, std::int64_t pid, std::function<void()> gone, Cancel cancel);

}  // namespace dind::frontends::lsp

#include "support/io/stdin_pipe.hpp"

#include <utility>

namespace dind {

void StdinPipe::push(std::string bytes) {
  if (bytes.empty() || closed_) return;  // an empty chunk would mean the end
  pending_ += bytes.size();
  chunks_.push_back(std::move(bytes));
  changed_.notify();
}

void StdinPipe::close() {
  closed_ = true;
  changed_.notify();
}

Task<bool> StdinPipe::wanted(Deadline deadline) {
  while (pending_ >= kWindow) {
    if (!co_await changed_.wait(deadline)) co_return pending_ < kWindow;
  }
  co_return true;
}

Task<std::optional<std::string>> StdinPipe::next(Deadline deadline) {
  while (chunks_.empty()) {
    if (closed_) co_return std::string();
    if (!co_await changed_.wait(deadline) && chunks_.empty() && !closed_) co_return std::nullopt;
  }
  std::string chunk = std::move(chunks_.front());
  chunks_.pop_front();
  pending_ -= chunk.size();
  changed_.notify();
  co_return chunk;
}

}  // namespace dind

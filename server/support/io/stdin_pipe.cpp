#include "support/io/stdin_pipe.hpp"

#include <utility>

#include "support/async/until.hpp"

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
  co_return co_await until(changed_, [this] { return pending_ < kWindow; }, deadline);
}

Task<std::optional<std::string>> StdinPipe::next(Deadline deadline) {
  if (!co_await until(changed_, [this] { return !chunks_.empty() || closed_; }, deadline)) co_return std::nullopt;
  if (chunks_.empty()) co_return std::string();
  std::string chunk = std::move(chunks_.front());
  chunks_.pop_front();
  pending_ -= chunk.size();
  changed_.notify();
  co_return chunk;
}

}  // namespace dind

// Runs a function at the end of a scope, on every path. In a coroutine also if its frame is destroyed while it waits.
#pragma once

#include <optional>
#include <utility>

namespace dind {

// The function must not throw.
template <typename Function>
class [[nodiscard]] ScopeExit {
 public:
  explicit ScopeExit(Function function) : function_(std::move(function)) {}
  ScopeExit(const ScopeExit&) = delete;
  ScopeExit& operator=(const ScopeExit&) = delete;
  ~ScopeExit() {
    if (function_) (*function_)();
  }
  void release() { function_.reset(); }  // the function will not run

 private:
  std::optional<Function> function_;
};

}  // namespace dind

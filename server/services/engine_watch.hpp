// Whether the engine answers, and who wants to know. Watches the event stream; while the engine is away it asks every
// second.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

struct EngineStatus {
  bool reachable = false;
  std::string address;
  std::string version;  // where reachable
  std::string message;  // the one line for a person, where not
  bool operator==(const EngineStatus&) const = default;
};

class EngineWatch {
 public:
  virtual ~EngineWatch() = default;
  // Asks now; an engine that has not answered by the deadline is not reachable.
  virtual Task<EngineStatus> look(Deadline deadline) = 0;
  // Watches until `cancel`; calls `on_change` with the first status and with each that differs from the one before.
  virtual Task<void> watch(std::function<void(const EngineStatus&)> on_change, Cancel cancel) = 0;
};

}  // namespace dind

// Tells whether the engine answers, and reports changes. It watches the engine's event stream. While the engine does
// not answer, it asks every second.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind {

struct EngineStatus {
  bool reachable = false;
  std::string address;
  std::string version;  // if reachable
  std::string message;  // one line for a person, if not reachable
  bool operator==(const EngineStatus&) const = default;
};

class EngineWatch {
 public:
  virtual ~EngineWatch() = default;
  // Asks the engine now. An engine that has not answered by the deadline counts as not reachable.
  virtual Task<EngineStatus> look(Deadline deadline) = 0;
  // Watches until `cancel`; calls `on_change` with the first status and with each that differs from the one before.
  virtual Task<void> watch(std::function<void(const EngineStatus&)> on_change, Cancel cancel) = 0;
};

}  // namespace dind

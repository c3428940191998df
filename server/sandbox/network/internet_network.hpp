// Finds or creates the network of the runs that have internet access.
//
// An engine lets two networks have one name if both are created at the same moment, and then it refuses that name as
// ambiguous. So each process creates a network with a name of its own, and all processes choose the same one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

// The name of the network that runs use, of those that have our label: the oldest one whose name no other one has.
// Empty: there is none.
std::string choose_internet_network(const std::vector<engine::NetworkSummary>& networks);

// Whether the engine does not find the network: someone has removed it.
bool internet_network_is_missing(const Error& error);

class InternetNetwork {
 public:
  explicit InternetNetwork(engine::Client& client) : client_(client) {}
  // Returns the name of the network, which exists, or did when it was last looked for.
  // More errors: engine_unavailable (another call still looks at the deadline).
  Task<Result<std::string>> ensure(Deadline deadline);
  // The next `ensure` looks again.
  void forget() { state_->name.clear(); }

 private:
  Task<Result<std::string>> find(Deadline deadline);
  Task<Result<std::string>> create(Deadline deadline);

  engine::Client& client_;
  // A call may still be suspended when this object is destroyed.
  struct State {
    std::string name;  // empty: not known
    bool looking = false;
    std::optional<Signal> looked;  // notified when `looking` becomes false
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace dind::sandbox

// Who asks for a run. Values only.
#pragma once

#include <optional>
#include <string>

namespace dind {

struct Caller {
  std::string frontend = {};  // through which the run is requested, as the history names it; empty: the process's own
  // The connection or the token; never the token itself. The queue is fair among clients: all runs with an empty name
  // count as one client.
  std::string client = {};
  bool is_operator = false;  // sees and stops the runs of all clients
  // Another process took the request and waits for the result: a stop of this process does not end the run.
  bool handed_over = false;

  // The client whose runs the caller sees. nullopt: all runs.
  std::optional<std::string> visible_client() const { return is_operator ? std::nullopt : std::optional(client); }
};

}  // namespace dind

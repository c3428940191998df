// Removes what is left behind: of dead instances of ours, what carries our label and whose owner is gone or whose
// deadline has passed; of this one, what its own removals gave up.
#pragma once

#include <cstdint>
#include <string>

#include "engine/client.hpp"
#include "sandbox/removals.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind {

// Whether something with these labels may go. Pure. `now`: Unix seconds by the engine's clock. Never what has no owner
// label of ours, never our own (it is paid by its run), never another live instance's before its deadline.
bool is_orphan(const engine::Labels& labels, const std::string& self, std::int64_t now);

// Whether a container has our label from its image alone, so that whoever made it, we did not (S14). Where the image is
// gone, its name tells.
Task<bool> has_labels_of_its_image(engine::Client& client, engine::ContainerSummary container, Deadline deadline);

class Reaper {
 public:
  Reaper(asio::any_io_executor executor, engine::Client& client, std::string owner, sandbox::Removals& removals);
  // One pass over containers, volumes and networks in every state. How many were removed.
  Task<Result<std::size_t>> sweep(Deadline deadline);
  // A pass now, one after 2 s, and every 30 s until `cancel`. An engine that is away is no failure: the next pass
  // follows.
  Task<void> keep_sweeping(Cancel cancel);

 private:
  asio::any_io_executor executor_;
  engine::Client& client_;
  std::string owner_;
  sandbox::Removals& removals_;
};

}  // namespace dind

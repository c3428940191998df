// Removes the containers, volumes and networks that were left behind. Of other instances: objects with the label of
// dind-executor whose owner no longer exists, or whose deadline has passed. Of this instance: objects whose removal
// failed, and objects that it created but does not know.
#pragma once

#include <cstdint>
#include <string>

#include "engine/client.hpp"
#include "sandbox/removals.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind {

// Whether an object with these labels may be removed. Pure. `now`: Unix seconds on the engine's clock.
// False for an object
// - without an owner label of dind-executor,
// - of this instance (`self`), because its run removes it,
// - of a process that lives on this machine,
// - of a process that can't be checked (another machine or boot), before its deadline.
bool is_orphan(const engine::Labels& labels, const std::string& self, std::int64_t now);

// Whether a container has the owner label only from its image, so that dind-executor did not create it (S14). If the
// image no longer exists, the container's name decides.
Task<bool> has_labels_of_its_image(engine::Client& client, engine::ContainerSummary container, Deadline deadline);

class Reaper {
 public:
  Reaper(engine::Client& client, std::string owner, sandbox::Removals& removals);
  // Makes one pass over containers, volumes and networks in every state. Returns how many it removed.
  Task<Result<std::size_t>> sweep(Deadline deadline);
  // Makes a pass now, one after 2 s, and one every 30 s until `cancel`. If the engine does not answer, the next pass
  // follows as usual.
  Task<void> keep_sweeping(Cancel cancel);

 private:
  Task<void> sweep_now();

  engine::Client& client_;
  std::string owner_;
  sandbox::Removals& removals_;
};

}  // namespace dind

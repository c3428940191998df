// Creates containers of the image that holds only the supervisor.
#pragma once

#include <optional>
#include <string>

#include "dind/error.hpp"
#include "engine/client.hpp"
#include "sandbox/removals.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

class SupervisorContainers {
 public:
  explicit SupervisorContainers(engine::Client& client) : client_(client) {}

  // Loads the image (supervisor_image) if the engine does not have it. The image is recognized by its content, never by
  // its name.
  Task<Result<engine::Image>> ensure_image(Deadline deadline);
  // Creates a container of that image. If someone has removed the image meanwhile, it is loaded again.
  Task<Result<engine::CreatedContainer>> create(Removals::PendingRemoval& removal, std::string name,
                                                engine::ContainerSpec spec, Deadline deadline);

 private:
  engine::Client& client_;
  std::optional<engine::Image> image_;
};

}  // namespace dind::sandbox

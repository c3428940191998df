// Bounds the processes and the disk space of a build's steps, if the builder itself does not. For the classic builder,
// which reports the IDs of its containers and images.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/client.hpp"
#include "support/async/task.hpp"

namespace dind {

struct StepBounds {
  std::int64_t processes = 0;   // of each step
  std::int64_t disk_bytes = 0;  // of all steps together
};

class StepWatch {
 public:
  // `network_mode`: of the build; it identifies the containers of its steps. `bases`: the IDs and sizes (bytes) of the
  // images that it builds on. `on_over`: called once, when the build exceeds its bound on disk space.
  StepWatch(const asio::any_io_executor& executor, engine::Client& client, StepBounds bounds, std::string network_mode,
            std::map<std::string, std::int64_t> bases, std::function<void()> on_over);
  StepWatch(const StepWatch&) = delete;
  StepWatch& operator=(const StepWatch&) = delete;
  ~StepWatch();

  // Sets the network mode if it was not known at first. Call it before the first step.
  void set_network(std::string network_mode);
  // What the builder says: IDs, or the first digits of them. A step may print lines that look the same, so nothing
  // counts that the engine does not confirm.
  void on_step_container(std::string container);
  void on_step_image(std::string image);
  // Call it when the build is done: it counts what is not counted yet. The task does not need this object.
  Task<Result<void>> finish(std::string image);
  bool exceeded() const;  // whether the bound on disk space is exceeded

 private:
  struct State;
  static Task<void> watch(std::shared_ptr<State> state);
  static Task<Result<void>> finish(std::shared_ptr<State> state, std::string image);
  std::shared_ptr<State> state_;  // the coroutine `watch` outlives this object for a moment
};

}  // namespace dind

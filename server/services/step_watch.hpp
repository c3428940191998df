// What the steps of a build take, where the builder itself bounds nothing: their processes, and the disk. For the
// classic builder, which says what it does by containers and images.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/client.hpp"
#include "support/task.hpp"

namespace dind {

struct StepBounds {
  std::int64_t processes = 0;   // of each step
  std::int64_t disk_bytes = 0;  // of all steps together
};

class StepWatch {
 public:
  // `network_mode`: the build's, by which a container is known for one of its. `bases`: the IDs and sizes of what it
  // builds on. `on_over`: called once, when the build has taken more disk than it may.
  StepWatch(const asio::any_io_executor& executor, engine::Client& client, StepBounds bounds, std::string network_mode,
            std::map<std::string, std::int64_t> bases, std::function<void()> on_over);
  StepWatch(const StepWatch&) = delete;
  StepWatch& operator=(const StepWatch&) = delete;
  ~StepWatch();

  // Another network than was known at first; before the first step.
  void set_network(std::string network_mode);
  // What the builder says: IDs, or the first digits of them. What a step prints may look like it, so nothing is
  // believed that the engine doesn't confirm.
  void on_step_container(std::string container);
  void on_step_image(std::string image);
  // Once the build is done: counts what is not counted yet. It needs this no longer than for the call.
  Task<Result<void>> finish(std::string image);
  bool over() const;  // its bound on disk

 private:
  struct State;
  static Task<void> watch(std::shared_ptr<State> state);
  static Task<Result<void>> finish(std::shared_ptr<State> state, std::string image);
  std::shared_ptr<State> state_;  // the watching coroutine outlives this for a moment
};

}  // namespace dind

#include "sandbox/creation.hpp"

#include <algorithm>

namespace dind::sandbox {

using namespace std::chrono_literals;

Task<Result<engine::CreatedContainer>> create_expected(engine::Client& client, Removals::PendingRemoval& removal,
                                                       std::string name, engine::ContainerSpec spec,
                                                       Deadline deadline) {
  removal.begin_create();
  auto created = co_await client.create_container(name, std::move(spec), deadline);
  const bool taken = !created && created.error().engine_status == 409;
  if (!taken) {
    if (created || created.error().engine_status != 0) removal.end_create();
    co_return created;
  }
  // The engine reserves the name when a create begins, and knows the container only when the create ends.
  const Deadline give_up = std::min(deadline, in(kLateCreate));
  for (Clock::duration pause = 10ms;; pause = std::min<Clock::duration>(2 * pause, 200ms)) {
    const auto there = co_await client.inspect_container(name, deadline);
    if (there && !there->id.empty()) {
      removal.end_create();
      co_return engine::CreatedContainer{.id = there->id, .warnings = {}};
    }
    const bool may_come = there || there.error().engine_status == 404;
    if (!may_come || Clock::now() >= give_up) co_return created;
    co_await sleep_until(in(pause));
  }
}

}  // namespace dind::sandbox

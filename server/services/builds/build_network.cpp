#include "services/builds/build_network.hpp"

#include <utility>

#include "sandbox/run/silent_end.hpp"

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kHolderTime = 60s;

}  // namespace

Task<Result<sandbox::NetworkHolder>> build_network(engine::Client& client, sandbox::Sandboxes& sandboxes,
                                                   std::string run_id, std::string name,
                                                   std::chrono::milliseconds build_time, Cancel cancel) {
  const Deadline deadline = in(kHolderTime);
  const auto cancelled = [] { return fail(ErrorCode::cancelled, "The run was cancelled"); };
  auto& fixtures = sandboxes.fixtures();
  // The holder runs in dind-executor's own image. In an image that the Dockerfile names, the supervisor could be
  // another program.
  const auto image = co_await fixtures.supervisor_containers().ensure_image(deadline);
  if (!image) co_return std::unexpected(image.error());
  if (cancel.cancelled()) co_return cancelled();
  if (const auto ready = co_await fixtures.ensure_supervisor(deadline); !ready)
    co_return std::unexpected(ready.error());
  if (cancel.cancelled()) co_return cancelled();
  if (const auto ready = co_await fixtures.ensure_internet(deadline); !ready) co_return std::unexpected(ready.error());
  if (cancel.cancelled()) co_return cancelled();
  sandbox::RunPlan plan;
  plan.run_id = run_id;
  plan.limits.pids = 64;
  const auto life = std::chrono::duration_cast<std::chrono::seconds>(build_time + 5min);
  co_return co_await sandbox::create_network_holder(client, sandboxes.removals(), fixtures.supervisor_containers(),
                                                    std::move(plan),
                                                    {.image = *image,
                                                     .supervisor_volume = fixtures.supervisor_volume(),
                                                     .supervisor_image = image->id,
                                                     .owner = sandboxes.owner(),
                                                     .remove_after = client.unix_now() + life.count()},
                                                    std::move(name), cancel, deadline);
}

Task<Error> build_network_lost(engine::Client& client, std::string id) {
  const auto end = co_await client.container_end(std::move(id), in(2s));
  const auto& engine = client.endpoint().address;
  if (!end && end.error().code == ErrorCode::engine_unavailable) co_return end.error();
  if (end && sandbox::lease_is_over(*end))
    co_return Error{ErrorCode::engine_unavailable,
                    "The connection to the engine at " + engine + " broke during the build. Try again"};
  co_return Error{ErrorCode::engine_error,
                  "The container that held the build's network was removed from the engine at " + engine +
                      ", by another program or for lack of memory. Try again"};
}

}  // namespace dind

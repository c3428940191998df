#include "services/build_network.hpp"

#include <utility>

namespace dind {

using namespace std::chrono_literals;

namespace {

constexpr auto kHolderTime = 60s;

}  // namespace

Task<Result<sandbox::NetworkHolder>> build_network(engine::Client& client, sandbox::Sandboxes& sandboxes,
                                                   std::string image_id, std::string run_id, std::string name,
                                                   std::chrono::milliseconds build_time, Cancel cancel) {
  const Deadline deadline = in(kHolderTime);
  const auto cancelled = [] { return fail(ErrorCode::cancelled, "The run was cancelled"); };
  if (image_id.empty()) {  // nothing but `scratch`: any image will do
    const auto any = co_await client.list_images({}, deadline);
    if (!any) co_return std::unexpected(any.error());
    if (any->empty())
      co_return fail(ErrorCode::image_unavailable,
                     "The engine at " + client.endpoint().address +
                         " has no image yet, and one is needed for a build's network: pull one first");
    image_id = any->front().id;
  }
  auto& fixtures = sandboxes.fixtures();
  if (const auto ready = co_await fixtures.ensure_supervisor(image_id, deadline); !ready)
    co_return std::unexpected(ready.error());
  if (cancel.cancelled()) co_return cancelled();
  if (const auto ready = co_await fixtures.ensure_internet(deadline); !ready) co_return std::unexpected(ready.error());
  if (cancel.cancelled()) co_return cancelled();
  const auto image = co_await client.inspect_image(image_id, deadline);
  if (!image) co_return std::unexpected(image.error());
  if (!*image) co_return fail(ErrorCode::image_unavailable, "The base image went away meanwhile. Try again");
  if (cancel.cancelled()) co_return cancelled();
  sandbox::RunPlan plan;
  plan.run_id = run_id;
  plan.limits.pids = 64;
  const auto expires = std::chrono::system_clock::now() + build_time + 5min;
  co_return co_await sandbox::hold_network(
      client, sandboxes.removals(), std::move(plan),
      {.image = **image,
       .supervisor_volume = fixtures.supervisor_volume(),
       .owner = sandboxes.owner(),
       .remove_after = std::chrono::system_clock::to_time_t(
           std::chrono::time_point_cast<std::chrono::system_clock::duration>(expires))},
      std::move(name), cancel, deadline);
}

}  // namespace dind

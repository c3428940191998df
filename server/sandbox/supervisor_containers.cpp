#include "sandbox/supervisor_containers.hpp"

#include <vector>

#include "engine/reasons.hpp"
#include "sandbox/creation.hpp"
#include "sandbox/supervisor_image.hpp"

namespace dind::sandbox {

Task<Result<engine::Image>> SupervisorContainers::ensure_image(Deadline deadline) {
  if (image_) co_return *image_;
  const auto& ours = supervisor_image();
  if (!ours) co_return std::unexpected(ours.error());
  for (bool loaded = false;; loaded = true) {
    const auto there = co_await client_.inspect_image(ours->name, deadline);
    if (!there) co_return std::unexpected(there.error());
    if (*there && (*there)->layers == std::vector{ours->layer} && (*there)->volumes.empty()) {
      image_ = **there;
      co_return *image_;
    }
    if (loaded)
      co_return fail(ErrorCode::engine_error, "The engine at " + client_.endpoint().address + " got the image " +
                                                  ours->name + " and has another one now. Is its disk full? Try again");
    const auto done = co_await client_.load_image(ours->archive, deadline);
    // With containerd's image store, this happens to one of two processes that load the image at the same time.
    if (!done && !engine::is_there_already(done.error().message)) co_return std::unexpected(done.error());
  }
}

Task<Result<engine::CreatedContainer>> SupervisorContainers::create(Removals::PendingRemoval& removal, std::string name,
                                                                    engine::ContainerSpec spec, Deadline deadline) {
  auto created = co_await create_expected(client_, removal, name, spec, deadline);
  if (created || created.error().engine_status != 404) co_return std::move(created);
  image_.reset();
  const auto image = co_await ensure_image(deadline);
  if (!image) co_return std::unexpected(image.error());
  if (image->id != spec.image) co_return std::unexpected(created.error());  // the same bytes have the same ID
  co_return co_await create_expected(client_, removal, std::move(name), std::move(spec), deadline);
}

}  // namespace dind::sandbox

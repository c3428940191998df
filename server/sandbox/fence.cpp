#include "sandbox/fence.hpp"

#include "sandbox/advice.hpp"
#include "sandbox/hardening.hpp"

namespace dind::sandbox {

Task<Result<void>> install_egress_filter(engine::Client& client, Removals& removals, SharedResources& fixtures,
                                         engine::ContainerSpec spec, std::string name, Deadline deadline) {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::engine_error,
                "The sandbox's network could not be fenced in, so the program was not started (" + why +
                    "). Run it without a network" + std::string(kAskDoctor));
  };
  auto removal = removals.expect_container(name);
  const auto created = co_await fixtures.create_from_supervisor_image(removal, name, spec, deadline);
  if (!created) co_return std::unexpected(created.error());
  const auto reported = co_await client.inspect_container_spec(created->id, deadline);
  if (!reported) co_return std::unexpected(reported.error());
  if (const auto wrong = differences(client.as_reported(spec), *reported); !wrong.empty())
    co_return refuse(wrong.front());
  const auto started = co_await client.start_container(created->id, deadline);
  if (!started) co_return std::unexpected(started.error());
  const auto ended = co_await client.wait_container(created->id, "not-running", deadline);
  if (!ended) co_return std::unexpected(ended.error());
  if (ended->status_code != 0) co_return refuse("the fence ended with " + std::to_string(ended->status_code));
  co_return Result<void>{};
}

}  // namespace dind::sandbox
